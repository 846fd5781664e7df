// The welcome page's lines of state: an icon and words, said only when they change.

import { el } from "../shared/dom.js";

/**
 * @param {HTMLElement} place
 * @param {"wait" | "good" | "bad"} tone
 * @param {string} words
 */
export function say(place, tone, words) {
  if (place.dataset.tone === tone && place.textContent === words) return;
  place.dataset.tone = tone;
  const icon = tone === "wait" ? "checking" : tone === "good" ? "done" : "problem";
  place.replaceChildren(naturalTrace.icons.draw(icon), el("span", {}, words));
}
