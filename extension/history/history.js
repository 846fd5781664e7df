// Past verdicts, from the companion's own history. Nothing of private windows is ever in it.

import { ask, plural, text } from "../shared/browser.js";
import { el, localise, moment, must } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { SETUP_HELPS } from "../shared/verdict-parts.js";

/** @typedef {import("../background/past.js").Past} Past */

const PAGE = 30;

const list = must("#list", HTMLElement);
const said = must("#said", HTMLElement);
const more = must("#more", HTMLButtonElement);
const forgetAll = must("#forget-all", HTMLButtonElement);
const sure = must("#sure", HTMLDialogElement);
const words = must("#text", HTMLInputElement);
const level = must("#level", HTMLSelectElement);

/** Where the next page begins. @type {number | null} */
let next = null;
/** Counts searches: an answer to an earlier one comes too late. */
let search = 0;

/** @param {Problem} problem */
function showProblem({ code }) {
  said.replaceChildren(`${text(`problem_${code}`)}. ${text(`advice_${code}`)} `);
  if (!SETUP_HELPS.includes(code)) return;
  const open = el("button", { type: "button", class: "link" }, text("open_setup"));
  open.addEventListener("click", () => void ask({ type: "open-welcome" }));
  said.append(open);
}

/** @param {Past} past */
function item(past) {
  const { verdict, at, picture, page } = past;
  const icon = naturalTrace.icons.draw(verdict.level);
  icon.style.color = `var(--nt-${verdict.level})`;
  const label = verdict.label || text(`badge_${verdict.level}`);
  const when = moment(at * 1000);
  const { width, height, format } = verdict.image;
  const details = el("a", { class: "button", href: `../report/report.html?past=${past.id}` }, text("history_details"));
  details.setAttribute("aria-label", `${text("history_details")}: ${label}, ${when}`);
  const forget = el("button", { type: "button" }, text("history_forget"));
  forget.setAttribute("aria-label", `${text("history_forget")}: ${label}, ${when}`);
  const entry = el(
    "li",
    {},
    el("span", { class: "thumb" }, picture ? el("img", { src: picture, alt: "" }) : "—"),
    el(
      "div",
      { class: "about" },
      el("h2", {}, icon, label),
      el("p", { class: "small quiet" }, `${when} · ${width} × ${height} ${format}`),
      page && el("p", { class: "small quiet" }, page),
      past.feedback && text(`history_said_${past.feedback}`),
    ),
    el("div", { class: "actions" }, details, forget),
  );
  forget.addEventListener("click", () => void forgetOne(past.id, entry));
  return entry;
}

/**
 * @param {number} id
 * @param {HTMLElement} entry
 */
async function forgetOne(id, entry) {
  const { problem } = await ask({ type: "past-forget", id });
  if (problem && problem.code !== "not_kept") return showProblem(problem);
  // The focus goes on to a neighbour, not to the top of the page.
  const neighbour = entry.nextElementSibling ?? entry.previousElementSibling;
  entry.remove();
  neighbour?.querySelector("button")?.focus();
  said.textContent = text("history_forgotten");
  showEnds();
}

function showEnds() {
  more.hidden = next === null;
  forgetAll.hidden = list.childElementCount === 0;
}

/** @param {number | null} before null: from the newest on */
async function load(before) {
  const mine = ++search;
  const query = { limit: PAGE, before, level: level.value, text: words.value.trim() };
  /** @type {{items: Past[], next: number | null, problem?: Problem}} */
  const answer = await ask({ type: "past-page", query });
  if (mine !== search) return;
  if (before === null) list.replaceChildren();
  if (answer.problem) showProblem(answer.problem);
  else {
    list.append(...answer.items.map(item));
    ({ next } = answer);
    const searched = query.level || query.text;
    const none = text(searched ? "history_none_found" : "history_none");
    said.textContent = list.childElementCount ? plural("history_shown", list.childElementCount) : none;
  }
  showEnds();
}

localise();
document.title = text("history_title");
level.append(
  el("option", { value: "" }, text("history_level_any")),
  ...LEVELS.map((each) => el("option", { value: each }, text(`badge_${each}`))),
);
must("#search", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void load(null);
});
level.addEventListener("change", () => void load(null));
more.addEventListener("click", () => void load(next));
forgetAll.addEventListener("click", () => sure.showModal());
sure.addEventListener("close", async () => {
  if (sure.returnValue !== "yes") return;
  const answer = await ask({ type: "past-forget-all" });
  if (answer.problem) return showProblem(answer.problem);
  await load(null);
  said.textContent = plural("history_cleared", answer.forgotten);
});
await load(null);
