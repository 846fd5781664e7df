// The model's card: what it learned from, what it promises, how good it was on images that it never saw.

import { call } from "./api.js";
import { by, definitions, make } from "./show.js";
import { number, percent, size, t } from "./words.js";

const COLUMNS = /** @type {const} */ ([
  ["col_auc", "auc"],
  ["col_real", "real_flagged"],
  ["col_generated", "generated_flagged"],
  ["col_answered", "answered"],
  ["col_error", "error_among_answered"],
]);

/** @returns {Promise<any>} the card */
export async function showModel() {
  const model = await call("GET", "/v1/control/model");
  const counts = (/** @type {any} */ part) => ({
    real: number(part.real_images ?? 0),
    generated: number(part.generated_images ?? 0),
    sources: number(part.sources ?? 0),
  });
  by("model-intro").textContent = t("model_intro", {
    ...counts(model.learned_from),
    name: model.name,
    version: model.version,
    date: model.released,
  });
  by("model-scroll").hidden = !model.conditions.length;
  by("model-table").textContent = t("model_table", counts(model.measured_on));
  const heads = ["condition", ...COLUMNS.map(([word]) => word)];
  by("model-head").replaceChildren(make("tr", {}, ...heads.map((word) => make("th", { scope: "col" }, t(word)))));
  by("model-rows").replaceChildren(
    ...model.conditions.map((/** @type {any} */ row) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, t(`condition_${row.name}`)),
        ...COLUMNS.map(([, name]) => make("td", {}, typeof row[name] === "number" ? percent(row[name], 1) : "–")),
      ),
    ),
  );
  const promises = Object.entries(model.promises).map(([level, share]) => {
    const n = t("in_1000", { n: number(Math.round(Number(share) * 1000)) });
    return make("li", {}, t(`promise_${level}`, { n }));
  });
  by("promises").replaceChildren(...promises);
  for (const note of document.querySelectorAll("[data-t=promises_note]"))
    note.textContent = t("promises_note", counts(model.calibrated_on));
  definitions(by("model-facts"), [
    [t("model_licence"), model.licence ?? "–"],
    [t("model_size"), size(model.bytes ?? 0)],
    [t("model_hash"), model.sha256],
  ]);
  return model;
}
