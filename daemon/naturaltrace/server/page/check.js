// One image, dropped, pasted or chosen, checked with all its evidence.

import { attempt, call, Refused } from "./api.js";
import { showPast } from "./past.js";
import { by, make } from "./show.js";
import { showStorage } from "./storage.js";
import { verdictCard } from "./verdict.js";
import { language, t } from "./words.js";

let shown = "";

/** @param {Blob | null | undefined} image */
async function check(image) {
  if (!image) return;
  by("verdict").replaceChildren(make("p", { class: "busy" }, t("checking")));
  try {
    const hints = { "NaturalTrace-Priority": "asked", "Accept-Language": language() };
    const verdict = await call("POST", "/v1/check", image, hints);
    URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(image);
    by("verdict").replaceChildren(verdictCard(verdict, { picture: shown }));
    await Promise.all([showPast(), showStorage()]);
  } catch (error) {
    by("verdict").replaceChildren();
    if (!(error instanceof Refused) || error.status === 401) throw error;
    by("verdict").replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

/** @param {DataTransfer | null | undefined} data */
function given(data) {
  if (!data) return null;
  const file = data.files[0];
  if (!file && data.types.includes("text/plain"))
    by("verdict").replaceChildren(make("p", { class: "problem" }, t("not_image")));
  return file;
}

export function listenForChecks() {
  const drop = by("drop");
  by("file").addEventListener("change", (/** @type {any} */ event) =>
    attempt(async () => {
      await check(event.target.files[0]);
      event.target.value = ""; // so that the same file can be chosen again
    }),
  );
  document.addEventListener("paste", (event) => {
    if (!(event.target instanceof HTMLInputElement)) void attempt(() => check(given(event.clipboardData)));
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
    });
  }
  document.addEventListener("drop", (event) => attempt(() => check(given(event.dataTransfer))));
}
