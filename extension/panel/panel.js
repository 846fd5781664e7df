// The details of one image's verdict.

import { api, ask, text } from "../shared/browser.js";
import { el, localise, modest, must, percent } from "../shared/dom.js";
import { reportText } from "./report.js";
import { leaning, sortEvidence } from "./words.js";

const key = location.hash.slice(1);
const panel = must("#panel", HTMLElement);

/** @param {Record<string, unknown>} message */
const tell = (message) => ask({ type: "panel-tell", key, message });
const close = () => tell({ type: "panel-close" });

/** @param {keyof typeof naturalTrace.icons.shapes} name */
const icon = (name) => naturalTrace.icons.draw(name);

/**
 * @param {Level | "problem"} level
 * @param {string} title
 */
function header(level, title) {
  panel.style.setProperty("--level", `var(--nt-${level})`);
  panel.style.setProperty("--level-tint", `var(--nt-${level}-tint)`);
  const button = el("button", { type: "button", "aria-label": text("close"), onclick: close }, "✕");
  return el("header", {}, icon(level), el("h1", {}, title), button);
}

/** @param {Verdict} verdict */
function chance(verdict) {
  if (verdict.probability === null || verdict.level === "unclear") return null;
  const bar = el("i");
  bar.style.inlineSize = `${modest(verdict.probability) * 100}%`;
  return el(
    "section",
    { class: "chance" },
    el("h2", {}, text("chance_title")),
    el("output", {}, percent(verdict.probability)),
    el("span", { class: "scale", "aria-hidden": "true" }, bar),
    el("p", { class: "small quiet" }, text("chance_meaning")),
  );
}

/** @param {Evidence} evidence */
function evidenceItem(evidence) {
  const lean = leaning(evidence.direction);
  const mark = icon(lean === "for" ? "lean_for" : lean === "against" ? "lean_against" : "lean_neutral");
  const spoken = el("span", { class: "visually-hidden" }, `${text(`lean_${lean}`)}: `);
  return el("li", { class: lean }, mark, el("span", {}, spoken, evidence.text));
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
function generator(verdict) {
  if (verdict.generator === "unknown" || !verdict.generator.length) return null;
  const names = verdict.generator.map(({ name, probability }) =>
    probability === null ? name : text("generator_guess", name, percent(probability)),
  );
  return el("section", {}, el("h2", {}, text("generator_title")), el("p", {}, names.join(" · ")));
}

/**
 * “This is wrong”: what the user knows better, kept by the companion.
 * @param {Verdict} verdict
 */
function feedback(verdict) {
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
  return el("details", {}, el("summary", { class: "small" }, text("feedback_title")), choices, thanks);
}

/**
 * @param {Verdict} verdict
 * @param {string} meaning
 * @param {string} url
 */
function footer(verdict, meaning, url) {
  const label = verdict.label || text(`badge_${verdict.level}`);
  const copied = el("span", { role: "status", class: "small quiet" });
  const copy = el("button", {
    type: "button",
    onclick: async () => {
      await navigator.clipboard.writeText(reportText(verdict, label, meaning, url));
      copied.textContent = text("copied");
    },
  });
  copy.append(text("copy_report"));
  const model = text("judged_by", verdict.model.name, verdict.model.version);
  return el(
    "footer",
    {},
    el("p", { class: "small quiet" }, `${text("can_be_wrong")} ${model}`),
    el("div", { class: "actions" }, copy, copied),
    feedback(verdict),
  );
}

/**
 * @param {CheckOutcome} outcome
 * @param {string} url
 */
function show({ verdict, problem, source }, url) {
  const shot =
    source === "screenshot" &&
    el("section", { class: "note small" }, icon("screenshot"), el("p", {}, text("from_screenshot")));
  if (verdict) {
    const meaning = verdict.summary;
    const { pixels, file } = sortEvidence(verdict.evidence);
    const parts = [
      header(verdict.level, verdict.label || text(`badge_${verdict.level}`)),
      el("section", {}, el("p", {}, meaning)),
      shot,
      chance(verdict),
      evidenceList(text("evidence_file"), file),
      evidenceList(text("evidence_pixels"), pixels),
      generator(verdict),
      footer(verdict, meaning, url),
    ];
    panel.replaceChildren(...parts.filter((part) => part instanceof Node));
    return;
  }
  const code = problem?.code ?? "companion_error";
  const welcome = ["companion_missing", "companion_blocked", "not_paired"].includes(code);
  const open = el("button", { type: "button", class: "primary", onclick: () => ask({ type: "open-welcome" }) });
  open.append(text("open_setup"));
  panel.replaceChildren(
    header("problem", text(`problem_${code}`)),
    el("section", {}, el("p", {}, text(`advice_${code}`))),
    ...(problem?.detail ? [el("section", {}, el("p", { class: "small quiet" }, problem.detail))] : []),
    ...(welcome ? [el("footer", {}, open)] : []),
  );
}

localise();
const found = await ask({ type: "panel-get", key });
if (found) show(found.outcome, found.url);
else show({ problem: { code: "image_gone" } }, "");

const fit = () => tell({ type: "panel-resize", height: Math.ceil(panel.getBoundingClientRect().height) });
new ResizeObserver(fit).observe(panel);
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
document.title = api.i18n.getMessage("panel_title");
