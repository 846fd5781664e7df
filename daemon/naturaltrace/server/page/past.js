// The history: past verdicts with their small pictures, searched as one types, opened one by one.

import { attempt, bytes, call } from "./api.js";
import { by, make } from "./show.js";
import { pill, verdictCard } from "./verdict.js";
import { moment, t } from "./words.js";

let last = /** @type {number | null} */ (null);
let asked = 0;

/** @param {boolean} [more] whether to add the next page instead of beginning anew */
export async function showPast(more = false) {
  const mine = ++asked;
  const query = new URLSearchParams({ limit: "24" });
  const search = new FormData(by("search"));
  for (const name of ["text", "level"]) if (search.get(name)) query.set(name, String(search.get(name)));
  const narrowed = query.size > 1;
  if (more && last !== null) query.set("before", String(last));
  const page = await call("GET", `/v1/history?${query}`);
  if (mine !== asked) return; // someone has typed on meanwhile
  last = page.next;
  by("more").hidden = last === null;
  const rows = page.items.map(row);
  if (more) by("past").append(...rows);
  else by("past").replaceChildren(...rows);
  if (!by("past").children.length)
    by("past").append(make("li", { class: "empty" }, t(narrowed ? "nothing_found" : "nothing_yet")));
}

/** @param {any} entry */
function row(entry) {
  const when = moment(entry.at);
  const picture = /** @type {HTMLImageElement} */ (make("img", { alt: "", width: "72", height: "72" }));
  const notes = [when, entry.page && host(entry.page), entry.feedback && t(`said_${entry.feedback}`)];
  const inside = make("div", {});
  const opened = /** @type {HTMLDetailsElement} */ (
    make(
      "details",
      {},
      make(
        "summary",
        {},
        entry.thumbnail ? picture : make("span", { class: "no-picture" }),
        make("span", {}, pill(entry.verdict), make("span", { class: "small" }, notes.filter(Boolean).join(" · "))),
      ),
      inside,
    )
  );
  opened.addEventListener("toggle", () => {
    if (opened.open && !inside.childElementCount) inside.append(verdictCard(entry.verdict));
  });
  const forget = make(
    "button",
    { type: "button", class: "quiet", "aria-label": t("forget_entry", { when }) },
    t("forget"),
  );
  const item = make("li", {}, opened, forget);
  forget.addEventListener("click", () =>
    attempt(async () => {
      await call("DELETE", `/v1/history/${entry.id}`);
      const next = /** @type {HTMLElement | null} */ (
        (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("summary")
      );
      item.remove();
      (next ?? by("search").elements.text).focus();
    }),
  );
  if (entry.thumbnail) void attempt(() => load(picture, entry.thumbnail));
  return item;
}

/** @param {HTMLImageElement} picture @param {string} path */
async function load(picture, path) {
  picture.src = URL.createObjectURL(await bytes(path));
  picture.onload = () => URL.revokeObjectURL(picture.src);
}

/** @param {string} page */
function host(page) {
  return URL.canParse(page) ? new URL(page).host : page;
}

export function listenForPast() {
  by("search").addEventListener("input", () => attempt(() => showPast()));
  by("search").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  by("more").addEventListener("click", () => attempt(() => showPast(true)));
}
