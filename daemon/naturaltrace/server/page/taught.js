// What this machine was taught: generators, and the reader's own cameras. Images go to the daemon one by one; none is kept.

import { attempt, call, Refused } from "./api.js";
import { by, make } from "./show.js";
import { number, t } from "./words.js";

const NEWEST_FIRST = (/** @type {any} */ a, /** @type {any} */ b) => b.added - a.added;

/** @param {{name: string, kind: string}} taught */
const address = ({ name, kind }) => `/v1/evidence?${new URLSearchParams({ name, kind })}`;

export async function showTaught() {
  const { taught, fewest } = await call("GET", "/v1/evidence");
  by("taught-how").textContent = t("taught_how", { n: number(fewest) });
  const rows = taught.sort(NEWEST_FIRST).map(row);
  by("taught-list").replaceChildren(...(rows.length ? rows : [make("li", { class: "empty" }, t("taught_none"))]));
}

/** @param {any} taught */
function row(taught) {
  const { name, kind, samples, added, stale } = taught;
  const remove = make(
    "button",
    { type: "button", class: "quiet", "aria-label": t("taught_remove_named", { name }) },
    t("taught_remove"),
  );
  remove.addEventListener("click", () =>
    attempt(async () => {
      await call("DELETE", address(taught));
      await showTaught();
      by("taught-said").textContent = t("taught_removed", { name });
      by("taught-name").focus();
    }),
  );
  const date = new Date(added * 1000).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium" });
  const about = t("taught_about", { kind: t(`taught_kind_${kind}`), n: number(samples), date });
  return make(
    "li",
    {},
    make(
      "div",
      {},
      make("b", {}, name),
      make("span", { class: "small" }, about),
      stale ? make("span", { class: "small stale" }, t("taught_stale")) : "",
    ),
    remove,
  );
}

/**
 * Teaches a name its images, and says how far it is. What can't be used is counted, and the last reason given.
 * @param {{name: string, kind: string}} what
 * @param {File[]} files
 */
async function teach(what, files) {
  let used = 0;
  let why = "";
  let last = { samples: 0, kept: false };
  for (const [at, file] of files.entries()) {
    by("taught-said").textContent = t("taught_reading", { n: number(at + 1), of: number(files.length) });
    try {
      last = await call("POST", address(what), file);
      used += 1;
    } catch (error) {
      // An image that can't be used costs itself; everything else ends the lesson.
      if (!(error instanceof Refused) || ![413, 415, 422].includes(error.status)) throw error;
      why = error.message;
    }
  }
  const outcome = last.kept
    ? t("taught_done", { name: what.name, n: number(last.samples) })
    : t("taught_more", { name: what.name, n: number(last.samples) });
  const left = files.length - used;
  by("taught-said").textContent = left ? `${outcome} ${t("taught_left", { n: number(left), why })}` : outcome;
  // The next one has another name; one that waits for more images keeps its own.
  const name = by("taught-name");
  if (last.kept && name.value.trim() === what.name) name.value = "";
}

export function listenForTaught() {
  const form = by("teach");
  form.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const chosen = new FormData(form);
    const what = { name: String(chosen.get("name")).trim(), kind: String(chosen.get("kind")) };
    const files = /** @type {File[]} */ (chosen.getAll("images")).filter((file) => file.size > 0);
    const lacking = what.name ? (files.length ? "" : t("taught_no_images")) : t("taught_no_name");
    if (lacking) {
      by("taught-said").textContent = lacking;
      by(what.name ? "taught-images" : "taught-name").focus();
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    void attempt(async () => {
      try {
        await teach(what, files);
        by("taught-images").value = "";
      } catch (error) {
        by("taught-said").textContent = error instanceof Refused ? error.message : "";
        throw error;
      } finally {
        button.disabled = false;
        await showTaught();
      }
    });
  });
}
