// What an open details panel shows. A panel is a frame of the extension's own origin inside the page; it is handed its
// verdict from here, by a key that only the content script and the frame know, so a page can neither read nor forge it.

import { api } from "../shared/browser.js";

/**
 * @typedef {{outcome: CheckOutcome, url: string, tabId: number, frameId: number}} Panel
 */

/** Kept in session storage: the worker may be gone and back between opening a panel and its first question. */
const KEY = "panels";
const MOST = 20;

/** @returns {Promise<Record<string, Panel>>} */
async function panels() {
  const stored = await api.storage.session.get(KEY);
  return /** @type {Record<string, Panel>} */ (stored[KEY] ?? {});
}

/**
 * @param {CheckOutcome} outcome
 * @param {string} url the image's address, "" if it has none
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<string>} the key
 */
export async function openPanel(outcome, url, sender) {
  const key = crypto.randomUUID();
  const entries = Object.entries(await panels()).slice(-(MOST - 1));
  const panel = { outcome, url, tabId: sender.tab?.id ?? -1, frameId: sender.frameId ?? 0 };
  await api.storage.session.set({ [KEY]: Object.fromEntries([...entries, [key, panel]]) });
  return key;
}

/**
 * @param {string} key
 * @param {chrome.runtime.MessageSender} sender
 */
export async function panelFor(key, sender) {
  const panel = (await panels())[key];
  return panel && panel.tabId === sender.tab?.id ? panel : null;
}

/**
 * Passes a panel's wish (size, close) on to the content script that opened it.
 * @param {string} key
 * @param {Record<string, unknown>} message
 * @param {chrome.runtime.MessageSender} sender
 */
export async function tellOwner(key, message, sender) {
  const panel = await panelFor(key, sender);
  if (panel) await api.tabs.sendMessage(panel.tabId, { ...message, key }, { frameId: panel.frameId });
}

/**
 * Forgets what a tab's panels showed.
 * @param {number} tabId
 */
export async function dropPanels(tabId) {
  const known = Object.entries(await panels());
  const kept = known.filter(([, panel]) => panel.tabId !== tabId);
  if (kept.length < known.length) await api.storage.session.set({ [KEY]: Object.fromEntries(kept) });
}
