// The paired browsers, and a code for another one.

import { attempt, call } from "./api.js";
import { by, make } from "./show.js";
import { t } from "./words.js";

let before = "";

export async function showBrowsers() {
  const { browsers } = await call("GET", "/v1/control/browsers");
  const now = JSON.stringify([browsers, t("revoke")]);
  if (now === before) return; // drawing anew would take the keyboard's place away
  before = now;
  const rows = browsers.map((/** @type {any} */ browser) => {
    const revoke = make(
      "button",
      { type: "button", class: "quiet", "aria-label": t("revoke_named", { name: browser.name }) },
      t("revoke"),
    );
    revoke.addEventListener("click", () =>
      attempt(async () => {
        await call("DELETE", `/v1/control/browsers/${browser.id}`);
        await showBrowsers();
        by("pair").focus();
      }),
    );
    const since = new Date(browser.paired_at).toLocaleDateString(document.documentElement.lang, {
      dateStyle: "medium",
    });
    return make(
      "li",
      {},
      make("div", {}, make("b", {}, browser.name), make("span", { class: "small" }, t("since", { date: since }))),
      revoke,
    );
  });
  by("paired").replaceChildren(...(rows.length ? rows : [make("li", { class: "empty" }, t("none_paired"))]));
}

/** The open code, for as long as it is open. */
export async function showCode() {
  const { code, port } = await call("GET", "/v1/control/state");
  const text = code ? `${code.slice(0, 3)} ${code.slice(3)}` : "";
  if (by("code").dataset.code === text) return;
  by("code").dataset.code = text;
  by("code").replaceChildren(
    ...(code ? [make("b", {}, text), make("p", { class: "small" }, t("code_note", { port }))] : []),
  );
}

export function listenForBrowsers() {
  by("pair").addEventListener("click", () =>
    attempt(async () => {
      await call("POST", "/v1/control/code");
      await showCode();
    }),
  );
}
