// The parts in which a verdict is told, by the panel and by the full report.

import { ask, language, text } from "./browser.js";
import { el, modest, percent } from "./dom.js";
import { leaning, sortEvidence } from "./evidence.js";
import { reportJson, reportText } from "./report-text.js";

/** Problems that the welcome page leads out of. @type {readonly string[]} */
export const SETUP_HELPS = Object.freeze([
  "companion_missing",
  "companion_blocked",
  "not_paired",
  "shared_unreachable",
  "shared_no_permission",
]);

/** @param {keyof typeof naturalTrace.icons.shapes} name */
export const icon = (name) => naturalTrace.icons.draw(name);

/** @param {Verdict} verdict */
export const labelOf = (verdict) => verdict.label || text(`badge_${verdict.level}`);

/**
 * @param {HTMLElement} page takes the level's colours
 * @param {Level | "problem"} level
 */
export function colour(page, level) {
  page.style.setProperty("--level", `var(--nt-${level})`);
  page.style.setProperty("--level-tint", `var(--nt-${level}-tint)`);
}

/**
 * Why, and the number. Where something else than the pixels decided, theirs comes after what did, and says whose it is:
 * beside “AI-generated” a small number would otherwise contradict.
 * @param {Verdict} verdict
 */
export function reasons(verdict) {
  const why = sentences(text("why_title"), verdict.explanation);
  const number = chance(verdict);
  return verdict.basis === "pixels" ? [number, why] : [why, number];
}

/** @param {Verdict} verdict */
function chance(verdict) {
  if (verdict.probability === null || verdict.level === "unclear") return null;
  const bar = el("i");
  bar.style.inlineSize = `${modest(verdict.probability) * 100}%`;
  const decides = verdict.basis === "pixels";
  return el(
    "section",
    { class: decides ? "chance" : "chance beside" },
    el("h2", {}, text(decides ? "chance_title" : "chance_title_pixels")),
    el("output", {}, percent(verdict.probability)),
    el("span", { class: "scale", "aria-hidden": "true" }, bar),
    el("p", { class: "small quiet" }, text(decides ? "chance_meaning" : "chance_beside")),
  );
}

/**
 * Sentences under a heading, such as why, or what would change the verdict.
 * @param {string} title
 * @param {string[] | undefined} sentences
 */
export function sentences(title, sentences) {
  if (!sentences?.length) return null;
  const items = sentences.map((sentence) => el("li", {}, sentence));
  return el("section", {}, el("h2", {}, title), el("ul", { class: "sentences" }, ...items));
}

/** @param {Evidence} evidence */
function evidenceItem(evidence) {
  const lean = leaning(evidence.direction);
  const mark = icon(lean === "for" ? "lean_for" : lean === "against" ? "lean_against" : "lean_neutral");
  const spoken = el("span", { class: "visually-hidden" }, `${text(`lean_${lean}`)}: `);
  return el("li", { class: lean }, mark, el("span", {}, spoken, evidence.text));
}

/** @param {Verdict} verdict */
export function evidenceLists(verdict) {
  const { credentials, file, pixels } = sortEvidence(verdict.evidence);
  return [
    evidenceList(text("evidence_credentials"), credentials),
    evidenceList(text("evidence_file"), file),
    evidenceList(text("evidence_pixels"), pixels),
  ];
}

/**
 * @param {string} title
 * @param {Evidence[]} evidence
 */
function evidenceList(title, evidence) {
  if (!evidence.length) return null;
  return el("section", {}, el("h2", {}, title), el("ul", { class: "evidence" }, ...evidence.map(evidenceItem)));
}

/** @param {Verdict} verdict */
export function generator(verdict) {
  const title = el("h2", {}, text("generator_title"));
  if (verdict.generator === "unknown" || !verdict.generator.length) {
    const flagged = verdict.level === "ai" || verdict.level === "likely_ai";
    return flagged && el("section", {}, title, el("p", { class: "small quiet" }, text("generator_unknown")));
  }
  const guesses = verdict.generator.map(({ name, probability }) =>
    el("li", {}, el("span", {}, name), el("span", { class: "quiet" }, howSure(probability))),
  );
  const estimated = verdict.generator.some(({ probability }) => probability !== null);
  return el(
    "section",
    {},
    title,
    el("ul", { class: "generators" }, ...guesses),
    estimated && el("p", { class: "small quiet" }, text("generator_note")),
  );
}

/** @param {number | null} probability */
const howSure = (probability) => (probability === null ? text("generator_named") : percent(probability));

/** @param {CheckOutcome} outcome */
export function screenshotNote({ source }) {
  if (source !== "screenshot") return null;
  return el("section", { class: "note small" }, icon("screenshot"), el("p", {}, text("from_screenshot")));
}

/**
 * @param {Verdict} verdict
 * @param {string} [where] the address of the shared companion that judged it
 */
export function caution({ model }, where) {
  const { name, version } = model;
  const judged = where ? text("judged_by_shared", name, version, where) : text("judged_by", name, version);
  return el("p", { class: "small quiet" }, `${text("can_be_wrong")} ${judged}`);
}

/**
 * “This is wrong”: what the user knows better, kept by the companion.
 * @param {Verdict} verdict
 */
export function feedback(verdict) {
  const thanks = el("p", { role: "status", class: "small quiet" });
  /** @param {"generated" | "not_generated"} says */
  const say = async (says) => {
    const { problem } = await ask({ type: "feedback", verdict, says });
    choices.hidden = !problem;
    thanks.textContent = problem ? text(`problem_${problem.code}`) : text("feedback_thanks");
  };
  const choices = el(
    "div",
    { class: "actions" },
    el("button", { type: "button", onclick: () => void say("generated") }, text("feedback_generated")),
    el("button", { type: "button", onclick: () => void say("not_generated") }, text("feedback_not_generated")),
  );
  return el(
    "details",
    { class: "feedback" },
    el("summary", { class: "small" }, text("feedback_title")),
    choices,
    thanks,
  );
}

/**
 * Buttons that copy the report, and the line that says that they did.
 * @param {Verdict} verdict
 * @param {string} url
 * @param {number} at
 */
export function copies(verdict, url, at) {
  const copied = el("span", { role: "status", class: "small quiet" });
  /** @param {() => string} words */
  const copy = (words) => async () => {
    await navigator.clipboard.writeText(words());
    copied.textContent = text("copied");
  };
  const asText = () => reportText(verdict, labelOf(verdict), verdict.summary, url);
  const asJson = () => reportJson(verdict, url, at);
  return [
    el("button", { type: "button", id: "copy-text", onclick: copy(asText) }, text("copy_report")),
    el("button", { type: "button", id: "copy-json", onclick: copy(asJson) }, text("copy_json")),
    copied,
  ];
}

/** @param {Verdict} verdict @returns {[label: string, value: string][]} */
export function facts({ image, model, timing_ms: timing, cached }) {
  const number = new Intl.NumberFormat(language());
  const size = new Intl.NumberFormat(language(), { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 });
  const total = Object.values(timing ?? {}).reduce((sum, each) => sum + each, 0);
  const took = new Intl.NumberFormat(language(), { style: "unit", unit: "millisecond", maximumFractionDigits: 0 });
  return [
    [text("fact_size"), `${number.format(image.width)} × ${number.format(image.height)}`],
    [text("fact_file"), `${image.format}, ${size.format(image.bytes / 1000)}`],
    ["SHA-256", image.sha256],
    [text("fact_model"), `${model.name} ${model.version}`],
    // A verdict that was known already took no time worth telling.
    ...(total > 0 && !cached ? [/** @type {[string, string]} */ ([text("fact_took"), took.format(total)])] : []),
  ];
}
