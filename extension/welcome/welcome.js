// The first minute: is the companion there, type its code, done. Each state says what to do next.

import { ask, text } from "../shared/browser.js";
import { cleanCode, fits } from "../shared/code.js";
import { el, listed, localise, must } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { showSites } from "../shared/site-list.js";
import { companionTitle } from "../shared/state-words.js";
import { say } from "./say.js";
import { showShared, startShared } from "./shared.js";
import { showStart } from "./start.js";

/** Ports on which a program answers as the companion, as long as this browser is not paired. @type {number[]} */
let answering = [];

/** How often to look for the companion while this page is in view. */
const LOOK_EVERY_MS = 2000;

const companionStatus = must("#companion-status", HTMLElement);
const pairStatus = must("#pair-status", HTMLElement);
const codeInput = must("#code", HTMLInputElement);
const pairForm = must("#pair-form", HTMLFormElement);
const unpair = must("#unpair", HTMLButtonElement);

/**
 * @param {string} step
 * @param {"now" | "done" | "later"} state
 */
function mark(step, state) {
  const item = must(`#step-${step}`, HTMLElement);
  if (item.dataset.state === state) return;
  item.dataset.state = state;
  const number = must(".number", HTMLElement, item);
  number.dataset.number ??= number.textContent ?? "";
  number.replaceChildren(state === "done" ? naturalTrace.icons.draw("done") : number.dataset.number);
}

/** @param {CompanionState} companion */
function show(companion) {
  const { state, address } = companion;
  const running = state === "ready" || state === "not_paired";
  const paired = state === "ready";
  must("#companion-help", HTMLElement).hidden = state !== "missing" || Boolean(address);
  must("#blocked-help", HTMLElement).hidden = state !== "blocked";
  const rivals = companion.rivals ?? [];
  must("#port-details", HTMLElement).hidden = Boolean(address) || (running && rivals.length === 0);
  showPort(paired ? null : companion.port, rivals);
  showShared(companion);
  if (address) say(companionStatus, running ? "good" : "bad", sharedWords(companion));
  else if (running) say(companionStatus, "good", text("companion_running", companion.port ?? ""));
  else if (state === "blocked") say(companionStatus, "bad", text("problem_companion_blocked"));
  else say(companionStatus, "wait", text("companion_looking"));

  mark("companion", running ? "done" : "now");
  mark("pair", paired ? "done" : running ? "now" : "later");
  mark("sites", paired ? "now" : "later");
  mark("use", paired ? "now" : "later");
  // With a shared companion a browser is paired where its address stands.
  pairForm.hidden = paired || Boolean(address);
  unpair.hidden = !paired || Boolean(address);
  codeInput.disabled = !running;
  must("#pair-form button", HTMLButtonElement).disabled = !running;
  if (paired) say(pairStatus, "good", text("paired"));
  else if (pairStatus.dataset.tone === "good") pairStatus.replaceChildren();
  must("#lead", HTMLElement).textContent = address ? text("shared_welcome_lead", address) : text("welcome_lead");
  must("#privacy-line", HTMLElement).textContent = address
    ? text("shared_privacy_line", address)
    : text("privacy_line");
}

/** @param {CompanionState} companion one that is shared */
function sharedWords(companion) {
  const address = companion.address ?? "";
  if (companion.state === "ready") return text("shared_running", address);
  return `${companionTitle(companion)}. ${text(`shared_${companion.state}_more`, address)}`;
}

/**
 * Any program may sit on a port and pass what it hears on. Only the companion itself knows its port, so a person compares.
 * @param {number | null} port where a companion answers that has yet to be paired
 * @param {number[]} rivals
 */
function showPort(port, rivals) {
  answering = port === null ? [] : [port, ...rivals].sort((a, b) => a - b);
  const note = must("#port-note", HTMLElement);
  note.hidden = answering.length === 0;
  const words = portWords(cleanCode(codeInput.value));
  if (note.textContent !== words) note.textContent = words;
}

/** @param {string | null} code as far as it is typed */
function portWords(code) {
  const [only, another] = answering;
  if (only === undefined) return "";
  const port = code ? answering.find((each) => fits(code, each)) : another === undefined ? only : undefined;
  if (port !== undefined) return text("port_same", port);
  if (code) return `${text("problem_code_of_other_port")}. ${text("advice_code_of_other_port")}`;
  return text("port_several", listed(answering.map(String)));
}

codeInput.addEventListener("input", () => showPort(answering[0] ?? null, answering.slice(1)));

const look = async () => show(await ask({ type: "companion-state" }));
startShared(look);

pairForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = cleanCode(codeInput.value);
  if (!code) {
    say(pairStatus, "bad", text("code_incomplete"));
    codeInput.focus();
    return;
  }
  say(pairStatus, "wait", text("pairing"));
  const { problem } = await ask({ type: "companion-pair", code });
  if (problem) {
    say(pairStatus, "bad", `${text(`problem_${problem.code}`)}. ${text(`advice_${problem.code}`)}`);
    codeInput.select();
  } else {
    codeInput.value = "";
    await look();
  }
});

unpair.addEventListener("click", async () => {
  await ask({ type: "companion-forget" });
  await look();
  codeInput.focus();
});

must("#port-form", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault();
  const port = must("#port", HTMLInputElement).valueAsNumber;
  await ask({ type: "companion-port", port: Number.isInteger(port) ? port : null });
  await look();
});

for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    const command = must(button.getAttribute("data-copy") ?? "", HTMLElement);
    await navigator.clipboard.writeText(command.textContent ?? "");
    button.textContent = text("copied");
  });

localise();
document.title = text("welcome_title");
must("#levels", HTMLElement).append(
  ...LEVELS.map((level) => {
    const icon = naturalTrace.icons.draw(level);
    icon.style.color = `var(--nt-${level})`;
    return el("li", {}, icon, el("strong", {}, text(`badge_${level}`)), el("span", {}, text(`level_short_${level}`)));
  }),
);
await Promise.all([showStart(), look(), showSites(must("#sites", HTMLElement))]);
if (!codeInput.disabled) codeInput.focus();
// Not a timer that runs for ever: it asks only while the page is looked at.
setInterval(() => document.visibilityState === "visible" && void look(), LOOK_EVERY_MS);
