// The details of one image's verdict.

import { ask, text } from "../shared/browser.js";
import { el, localise, must } from "../shared/dom.js";
import { hasMap, heatMap } from "../shared/heat-map.js";
import * as parts from "../shared/verdict-parts.js";

const key = location.hash.slice(1);
const panel = must("#panel", HTMLElement);

/** @param {Record<string, unknown>} message */
const tell = (message) => ask({ type: "panel-tell", key, message });
const close = () => tell({ type: "panel-close" });

/**
 * @param {Level | "problem"} level
 * @param {string} title
 */
function header(level, title) {
  parts.colour(panel, level);
  const button = el("button", { type: "button", "aria-label": text("close"), onclick: close }, "✕");
  return el("header", {}, parts.icon(level), el("h1", {}, title), button);
}

/**
 * @param {Verdict} verdict
 * @param {{url: string, at: number, isPrivate: boolean, where: string | undefined}} about
 */
function footer(verdict, { url, at, isPrivate, where }) {
  const report = el("button", { type: "button", id: "open-report", class: "primary" }, text("open_report"));
  report.addEventListener("click", () => void ask({ type: "report-open", key }));
  return el(
    "footer",
    {},
    parts.caution(verdict, where),
    el("div", { class: "actions" }, !isPrivate && report, ...parts.copies(verdict, url, at)),
    isPrivate && el("p", { class: "small quiet" }, text("report_private")),
    // A shared companion takes none.
    !where && parts.feedback(verdict),
  );
}

/** The map comes after the words: its pictures have to be fetched. @param {Verdict} verdict */
function mapSection(verdict) {
  if (!hasMap(verdict)) return null;
  const waiting = el("p", { class: "small quiet", role: "status" }, text("map_waiting"));
  const section = el("section", {}, el("h2", {}, text("map_title")), waiting);
  void ask({ type: "panel-pictures", key }).then((pictures) => waiting.replaceWith(heatMap(verdict, pictures ?? {})));
  return section;
}

/** @param {import("../background/panels.js").Panel} found */
function showVerdict({ outcome, url, at, isPrivate }) {
  const verdict = /** @type {Verdict} */ (outcome.verdict);
  const content = [
    header(verdict.level, parts.labelOf(verdict)),
    el("section", {}, el("p", {}, verdict.summary)),
    parts.screenshotNote(outcome),
    ...parts.reasons(verdict),
    mapSection(verdict),
    ...parts.evidenceLists(verdict),
    parts.generator(verdict),
    parts.sentences(text("changes_title"), verdict.changes),
    footer(verdict, { url, at, isPrivate, where: outcome.where }),
  ];
  panel.replaceChildren(...content.filter((part) => part instanceof Node));
}

/** @param {Problem} problem */
function showProblem({ code, detail }) {
  const welcome = parts.SETUP_HELPS.includes(code);
  const open = el("button", { type: "button", class: "primary", onclick: () => ask({ type: "open-welcome" }) });
  open.append(text("open_setup"));
  panel.replaceChildren(
    header("problem", text(`problem_${code}`)),
    el("section", {}, el("p", {}, text(`advice_${code}`))),
    ...(detail ? [el("section", {}, el("p", { class: "small quiet" }, detail))] : []),
    ...(welcome ? [el("footer", {}, open)] : []),
  );
}

localise();
document.title = text("panel_title");
// Before anything is waited for: who has just opened it may want it closed at once.
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
/** @type {import("../background/panels.js").Panel | null} */
const found = await ask({ type: "panel-get", key });
if (found?.outcome.verdict) showVerdict(found);
else showProblem(found?.outcome.problem ?? { code: "image_gone" });

const fit = () => tell({ type: "panel-resize", height: Math.ceil(panel.getBoundingClientRect().height) });
new ResizeObserver(fit).observe(panel);
