// Right-click → "Check this image". The item stands on whatever is clicked: a canvas, a background or an image under a
// see-through link is not an image to the browser's menu. One item only, for two would make a submenu.

import { api, text } from "../shared/browser.js";
import { tellFrame } from "./inject.js";
import { openPanel } from "./panels.js";

const CHECK_ITEM = "check-image";
const CONTEXTS = /** @type {any} */ (["image", "video", "link", "page", "frame"]);

export function createMenu() {
  api.contextMenus.removeAll(() => {
    api.contextMenus.create({
      id: CHECK_ITEM,
      title: text("menu_check"),
      contexts: CONTEXTS,
      documentUrlPatterns: ["http://*/*", "https://*/*", "file:///*"],
    });
  });
}

/**
 * @param {chrome.contextMenus.OnClickData & {targetElementId?: number}} info
 * @param {chrome.tabs.Tab} [tab]
 */
export async function onMenuClicked(info, tab) {
  if (info.menuItemId !== CHECK_ITEM || tab?.id === undefined) return;
  // A video's address is that of the film, not of the poster.
  const url = info.mediaType === "image" || !info.mediaType ? (info.srcUrl ?? "") : "";
  const question = { type: "check-element", url, elementId: info.targetElementId };
  await askFrame(tab, info.frameId ?? 0, question);
}

/**
 * Tells a frame what the user wants, and tells the user where there was nothing to be done.
 * @param {chrome.tabs.Tab} tab
 * @param {number} frameId
 * @param {{type: string} & Record<string, unknown>} question
 */
export async function askFrame(tab, frameId, question) {
  if (tab.id === undefined) return;
  const answer = await tellFrame(tab.id, frameId, question);
  if (!answer?.problem) return;
  const key = await openPanel({ problem: answer.problem }, "", { tab, frameId });
  await api.tabs.sendMessage(tab.id, { type: "say-problem", key }, { frameId });
}
