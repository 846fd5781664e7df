// The trust list: which one counts, another from a file, back to the bundled one.

import { attempt, call } from "./api.js";
import { by, definitions } from "./show.js";
import { number, t } from "./words.js";

/** @param {any} list */
function show(list) {
  definitions(by("trust-list"), [
    [t("trust_name"), list.name],
    [t("trust_source"), list.source],
    [t("trust_date"), list.date],
    [t("trust_count"), list.count ? number(list.count) : t("trust_none")],
  ]);
  by("trust-back").hidden = !list.own;
}

export async function showTrust() {
  show(await call("GET", "/v1/control/trust"));
}

export function listenForTrust() {
  by("trust-file").addEventListener("change", (/** @type {any} */ event) =>
    attempt(async () => {
      const file = event.target.files[0];
      by("trust-said").textContent = "";
      if (!file) return;
      try {
        show(await call("PUT", `/v1/control/trust?name=${encodeURIComponent(file.name)}`, file));
        by("trust-said").textContent = t("trust_replaced");
      } finally {
        event.target.value = ""; // so that the same file can be chosen again; not before it has been read
      }
    }),
  );
  by("trust-back").addEventListener("click", () =>
    attempt(async () => {
      show(await call("DELETE", "/v1/control/trust"));
      by("trust-said").textContent = t("trust_is_back");
      by("trust-file").focus();
    }),
  );
}
