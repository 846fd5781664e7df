// How the companion is: running, paused or troubled, on which device, how quick; and the pause.

import { attempt, call } from "./api.js";
import { by, definitions, make } from "./show.js";
import { deviceName, number, t } from "./words.js";

export async function showState() {
  const stats = await call("GET", "/v1/stats");
  const paused = stats.paused_s !== null;
  by("quick").hidden = by("resume").hidden = !paused;
  const model = stats.model ? `${stats.model.name} ${stats.model.version}` : "";
  const { p50, p95 } = stats.latency_ms;
  by("status").dataset.state = stats.problem ? "problem" : paused ? "paused" : "running";
  by("status").textContent =
    stats.problem ??
    (paused ? pause(stats.paused_s) : model ? t("running_on", { model, device: device(stats) }) : t("loading"));
  definitions(by("figures"), [
    [t("figure_detector"), model || "…"],
    [t("figure_device"), device(stats)],
    [t("figure_judged"), number(stats.checks.judged)],
    p50 === null
      ? [t("figure_time"), t("figure_none")]
      : [
          t("figure_time"),
          t("figure_time_value", { p50: number(Math.round(p50)) }),
          t("figure_time_note", { p95: number(Math.round(p95)) }),
        ],
    [t("figure_waiting"), number(stats.queue.waiting)],
    [t("figure_refused"), number(Object.values(stats.refused).reduce((a, b) => a + b, 0))],
  ]);
  by("notices").hidden = !stats.notices.length;
  by("notices").replaceChildren(...stats.notices.map((/** @type {string} */ text) => make("li", {}, text)));
}

/** @param {any} stats */
function device(stats) {
  if (!stats.device) return "…";
  // In 32 bits is how it always was; only the other way is worth a word.
  return stats.precision === "int8" ? `${deviceName(stats.device)} · ${t("runs_int8")}` : deviceName(stats.device);
}

/** @param {number} seconds -1 until resumed */
function pause(seconds) {
  return seconds === -1 ? t("paused") : t("paused_for", { minutes: Math.ceil(seconds / 60) });
}

export function listenForState() {
  for (const button of document.querySelectorAll("[data-pause]")) {
    button.addEventListener("click", () =>
      attempt(async () => {
        const seconds = Number(/** @type {HTMLElement} */ (button).dataset.pause) || null;
        await call("PUT", "/v1/control/pause", { seconds });
        await showState();
      }),
    );
  }
  by("resume").addEventListener("click", () =>
    attempt(async () => {
      await call("DELETE", "/v1/control/pause");
      await showState();
      by("content").focus();
    }),
  );
}
