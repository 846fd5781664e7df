// Putting the content scripts into a page that the user has pointed at.

import { api } from "../shared/browser.js";

/** In the order in which they build on each other. */
export const CONTENT_SCRIPTS = [
  "shared/level-icons.js",
  "content/link.js",
  "content/slices.js",
  "content/nearness.js",
  "content/images.js",
  "content/twins.js",
  "content/bytes.js",
  "content/changes.js",
  "content/covered.js",
  "content/placement.js",
  "content/badge-style.js",
  "content/badge.js",
  "content/panel.js",
  "content/sight.js",
  "content/actions.js",
  "content/succession.js",
  "content/checks.js",
  "content/queue.js",
  "content/scan.js",
  "content/finder.js",
  "content/main.js",
];

/** The same, and the search for images begins by itself. */
export const AUTO_SCRIPTS = [...CONTENT_SCRIPTS, "content/auto.js"];

/**
 * Makes sure that a frame listens, then tells it something.
 * @param {number} tabId
 * @param {number} frameId
 * @param {{type: string} & Record<string, unknown>} message
 */
export async function tellFrame(tabId, frameId, message) {
  try {
    return await api.tabs.sendMessage(tabId, message, { frameId });
  } catch {
    // Nobody there yet.
  }
  await api.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, files: CONTENT_SCRIPTS });
  return api.tabs.sendMessage(tabId, message, { frameId });
}
