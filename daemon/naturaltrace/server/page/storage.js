// What is kept and where, and how to forget it.

import { attempt, call } from "./api.js";
import { by, definitions } from "./show.js";
import { number, size, t } from "./words.js";

export async function showStorage() {
  const about = await call("GET", "/v1/control/about");
  definitions(by("kept"), [
    [
      t("kept_verdicts"),
      t("kept_verdicts_value", { count: number(about.history.verdicts), size: size(about.history.bytes) }),
    ],
    [t("kept_folder"), t("kept_folder_value", { folder: about.folder, size: size(about.folder_bytes) })],
    [t("kept_log"), about.log],
    ...(about.set_aside.length
      ? [/** @type {[string, string]} */ ([t("kept_aside"), about.set_aside.join(", ")])]
      : []),
  ]);
}

/** @param {() => Promise<void>} onForgotten */
export function listenForStorage(onForgotten) {
  const dialog = /** @type {HTMLDialogElement} */ (by("forget-dialog"));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  by("forget").addEventListener("click", () => {
    form.reset();
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "forget") return;
    const chosen = new FormData(form);
    void attempt(async () => {
      await call("POST", "/v1/control/forget", { browsers: chosen.has("browsers"), settings: chosen.has("settings") });
      by("verdict").replaceChildren();
      await onForgotten();
      by("forgotten").textContent = t("forgotten");
    });
  });
}
