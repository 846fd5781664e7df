// A verdict with all its evidence, as the check and the history show it.

import { bytes } from "./api.js";
import { icon } from "./icons.js";
import { definitions, make } from "./show.js";
import { number, percent, size, t } from "./words.js";

/** The level in the badge's own words and colours. @param {any} verdict */
export function pill(verdict) {
  return make("span", { class: "pill", "data-level": verdict.level }, icon(verdict.level), verdict.label);
}

/**
 * @param {any} verdict
 * @param {{ picture?: string }} [shown] an address for `<img>`
 */
export function verdictCard(verdict, { picture } = {}) {
  const words = make(
    "div",
    { class: "words" },
    make("p", {}, pill(verdict)),
    make("p", { class: "summary" }, verdict.summary),
  );
  // A number beside "can't tell" would be read as a verdict after all.
  if (verdict.probability !== null && verdict.level !== "unclear") words.append(chance(verdict.probability));
  if (verdict.evidence.length)
    words.append(make("h3", {}, t("evidence")), make("ul", { class: "evidence" }, ...verdict.evidence.map(reason)));
  words.append(experts(verdict));
  const card = make("div", { class: "verdict" }, words);
  if (picture) card.prepend(withMap(verdict, picture));
  return card;
}

/** @param {number} probability 0..1; never shown as certain */
function chance(probability) {
  const share = Math.min(0.99, Math.max(0.01, probability));
  const meter = make("div", { class: "meter" }, make("span", {}));
  /** @type {HTMLElement} */ (meter.firstChild).style.inlineSize = `${share * 100}%`;
  return make(
    "div",
    { class: "chance" },
    make("span", { class: "small" }, t("chance")),
    meter,
    make("b", {}, t("chance_value", { share: percent(share) })),
  );
}

/** @param {any} evidence */
function reason(evidence) {
  const lean = evidence.direction > 0.05 ? "for" : evidence.direction < -0.05 ? "against" : "neutral";
  const bar = make(
    "span",
    { class: "bar", role: "img", "aria-label": t("strength", { share: percent(evidence.strength) }) },
    make("span", {}),
  );
  /** @type {HTMLElement} */ (bar.firstChild).style.inlineSize = `${evidence.strength * 100}%`;
  return make("li", { "data-lean": lean }, icon(`lean_${lean}`, t(lean)), make("span", {}, evidence.text), bar);
}

/** @param {any} verdict */
function experts(verdict) {
  const { image, model } = verdict;
  const names = verdict.generator === "unknown" ? [] : verdict.generator.map((/** @type {any} */ guess) => guess.name);
  const time = Object.entries(verdict.timing_ms).map(
    ([stage, ms]) => `${stage} ${number(Math.round(Number(ms) * 10) / 10)} ms`,
  );
  const list = make("dl", { class: "facts" });
  definitions(list, [
    [t("detail_basis"), t(`basis_${verdict.basis}`)],
    ...(names.length ? [/** @type {[string, string]} */ ([t("detail_generator"), names.join(", ")])] : []),
    [t("detail_image"), `${number(image.width)} × ${number(image.height)}, ${image.format}, ${size(image.bytes)}`],
    [t("detail_model"), `${model.name} ${model.version}`],
    [t("detail_time"), verdict.cached ? t("from_memory") : time.join(", ")],
    [t("detail_hash"), image.sha256],
    ...verdict.evidence.map((/** @type {any} */ each) => [each.kind, fields(each)]),
  ]);
  return make("details", {}, make("summary", {}, t("details")), list);
}

/** @param {any} evidence the machine's fields, as they are */
function fields(evidence) {
  const all = { direction: evidence.direction, strength: evidence.strength, ...evidence.fields };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");
}

/** The picture, and over it the heat map where there is one. @param {any} verdict @param {string} picture */
function withMap(verdict, picture) {
  const frame = make("div", { class: "frame" }, make("img", { src: picture, alt: t("checked_image") }));
  const figure = make("figure", {}, frame);
  if (!verdict.heatmap) return figure;
  const tick = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox" }));
  const map = /** @type {HTMLImageElement} */ (make("img", { alt: "", class: "map", hidden: "" }));
  tick.addEventListener("change", async () => {
    if (!map.src) map.src = URL.createObjectURL(await bytes(verdict.heatmap));
    map.hidden = !tick.checked;
  });
  frame.append(map);
  figure.append(
    make("label", { class: "tick" }, tick, make("span", {}, t("heatmap"))),
    make("figcaption", { class: "small" }, t("heatmap_note")),
  );
  return figure;
}
