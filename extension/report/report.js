// The full report on one image: everything that is known, to read, to print or to keep.

import { ask, text } from "../shared/browser.js";
import { el, localise, moment, must } from "../shared/dom.js";
import { heatMap } from "../shared/heat-map.js";
import * as parts from "../shared/verdict-parts.js";

/** @typedef {import("../background/pictures.js").Pictures} Pictures */
/** @typedef {{outcome: CheckOutcome, url: string, at: number, picture?: Pictures}} Found */

const report = must("#report", HTMLElement);

/** What is told of an open panel, or of a past verdict in the companion's history. */
const key = location.hash.slice(1);
const past = Number(new URLSearchParams(location.search).get("past"));

/** @param {[label: string, value: string][]} pairs */
function pairList(pairs) {
  const isHash = (/** @type {string} */ value) => /^[\da-f]{64}$/.test(value);
  const shown = (/** @type {string} */ value) => el("dd", { class: isHash(value) ? "hash" : "" }, value);
  return el("dl", {}, ...pairs.flatMap(([label, value]) => [el("dt", {}, label), shown(value)]));
}

/** What programs read in each piece of evidence. @param {Verdict} verdict */
function fields({ evidence, report }) {
  const known = evidence.filter((each) => Object.keys(each.fields ?? {}).length);
  const beside = Object.keys(report ?? {}).length ? [{ kind: "report", fields: report }] : [];
  if (!known.length && !beside.length) return null;
  /** @param {unknown} value */
  const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const lists = [...known, ...beside].flatMap(({ kind, fields: found }) => [
    el("h3", {}, kind),
    pairList(Object.entries(found ?? {}).map(([name, value]) => [name, shown(value)])),
  ]);
  return el("details", { class: "fields" }, el("summary", { class: "small" }, text("report_fields")), ...lists);
}

/**
 * @param {Found} found
 * @param {Pictures | null} pictures null while they are fetched
 */
function show({ outcome, url, at }, pictures) {
  const verdict = /** @type {Verdict} */ (outcome.verdict);
  const label = parts.labelOf(verdict);
  parts.colour(report, verdict.level);
  document.title = `${label} – ${text("report_title")}`;
  /** @type {[string, string][]} */
  const where = /^https?:/.test(url) ? [[text("fact_address"), url]] : [];
  const print = el("button", { type: "button", class: "primary", onclick: () => window.print() }, text("report_print"));
  const content = [
    el("header", {}, parts.icon(verdict.level), el("h1", {}, label), el("p", { class: "small" }, checkedAt(at))),
    el("section", {}, el("p", {}, verdict.summary)),
    parts.screenshotNote(outcome),
    ...parts.reasons(verdict),
    el("section", {}, el("h2", {}, text("map_title")), pictures ? heatMap(verdict, pictures) : waiting()),
    ...parts.evidenceLists(verdict),
    parts.generator(verdict),
    parts.sentences(text("changes_title"), verdict.changes),
    el(
      "section",
      {},
      el("h2", {}, text("report_facts")),
      pairList([...where, ...parts.facts(verdict)]),
      fields(verdict),
    ),
    el(
      "footer",
      {},
      parts.caution(verdict, outcome.where),
      el("p", { class: "small quiet" }, text("levels_note")),
      el("div", { class: "actions" }, print, ...parts.copies(verdict, url, at)),
      !outcome.where && parts.feedback(verdict),
    ),
  ];
  report.replaceChildren(...content.filter((part) => part instanceof Node));
}

const waiting = () => el("p", { class: "small quiet", role: "status" }, text("map_waiting"));

/** @param {number} at */
const checkedAt = (at) => `${text("report_title")} · ${moment(at)}`;

/** @param {ProblemCode} code */
function showProblem(code) {
  parts.colour(report, "problem");
  report.replaceChildren(
    el("header", {}, parts.icon("problem"), el("h1", {}, text(`problem_${code}`))),
    el("section", {}, el("p", {}, text(`advice_${code}`))),
  );
}

localise();
document.title = text("report_title");
/** @type {(Found & {problem?: Problem}) | null} */
const found = past ? await ask({ type: "past-report", id: past }) : await ask({ type: "panel-get", key });
if (found?.outcome?.verdict) {
  show(found, past ? (found.picture ?? {}) : null);
  if (!past) show(found, (await ask({ type: "panel-pictures", key })) ?? {});
} else showProblem(found?.problem?.code ?? "not_kept");
