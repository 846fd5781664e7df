// The settings page's section on the trust list: which one counts, another from a file, back to the bundled one.

import { call } from "./api.js";
import { definitions } from "./show.js";

/** @param {string} id @returns {any} */
const by = (id) => document.getElementById(id);

/** @param {any} list */
function show(list) {
  definitions(by("trust"), [
    ["List", list.name],
    ["From", list.source],
    ["Of", list.date],
    ["Certificates", list.count ? String(list.count) : "none: every signer counts as unknown"],
  ]);
  by("trust-back").hidden = !list.own;
}

export async function showTrust() {
  show(await call("GET", "/v1/control/trust"));
}

/**
 * @param {(work: () => Promise<void>) => Promise<void>} attempt says what goes wrong
 */
export function listenForTrust(attempt) {
  by("trust-file").addEventListener("change", (/** @type {any} */ event) =>
    attempt(async () => {
      const file = event.target.files[0];
      event.target.value = ""; // so that the same file can be chosen again
      if (!file) return;
      by("trust-said").textContent = "";
      show(await call("PUT", `/v1/control/trust?name=${encodeURIComponent(file.name)}`, file));
      by("trust-said").textContent = "Replaced.";
    }),
  );
  by("trust-back").addEventListener("click", () =>
    attempt(async () => {
      show(await call("DELETE", "/v1/control/trust"));
      by("trust-said").textContent = "The bundled list counts again.";
    }),
  );
}
