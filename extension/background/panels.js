// What an open details panel, or a full report, shows. A panel is a frame of the extension's own origin inside the page; it
// is handed its verdict from here, by a key that only the content script and the frame know, so a page can neither read nor
// forge it.

import { api } from "../shared/browser.js";

/**
 * @typedef {{outcome: CheckOutcome, url: string, tabId: number, frameId: number, page: string, isPrivate: boolean,
 *   at: number, picture?: import("./pictures.js").Pictures}} Panel
 *   `tabId`: where it is shown. `page`: the origin that showed the image; it is told to nobody.
 * @typedef {{tab?: chrome.tabs.Tab | undefined, frameId?: number | undefined, origin?: string | undefined}} Opener
 */

/** Kept in session storage, which is memory: the worker may be gone and back before a panel's first question. */
const KEY = "panels";
const MOST = 20;

/** One change at a time: each reads all panels and writes them back. @type {Promise<unknown>} */
let last = Promise.resolve();

/** @returns {Promise<Record<string, Panel>>} */
async function panels() {
  const stored = await api.storage.session.get(KEY);
  return /** @type {Record<string, Panel>} */ (stored[KEY] ?? {});
}

/**
 * @param {(all: Record<string, Panel>) => Record<string, Panel>} change
 * @returns {Promise<void>}
 */
function alter(change) {
  const done = last.then(async () => api.storage.session.set({ [KEY]: change(await panels()) }));
  last = done.catch(() => {});
  return done;
}

/**
 * @param {CheckOutcome} outcome
 * @param {string} url the image's address, "" if it has none
 * @param {Opener} opener
 * @returns {Promise<string>} the key
 */
export async function openPanel(outcome, url, opener) {
  const { preview, ...rest } = outcome;
  /** @type {Panel} */
  const panel = {
    outcome: rest,
    url,
    tabId: opener.tab?.id ?? -1,
    frameId: opener.frameId ?? 0,
    page: opener.origin ?? "",
    isPrivate: opener.tab?.incognito ?? false,
    at: Date.now(),
    ...(preview ? { picture: { preview } } : {}),
  };
  return put(panel);
}

/** @param {Panel} panel @returns {Promise<string>} its key */
async function put(panel) {
  const key = crypto.randomUUID();
  await alter((all) => Object.fromEntries([...Object.entries(all).slice(-(MOST - 1)), [key, panel]]));
  return key;
}

/**
 * @param {string} key
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<Panel | null>} null for a key that is not this tab's
 */
export async function panelFor(key, sender) {
  const panel = (await panels())[key];
  return panel && panel.tabId === sender.tab?.id ? panel : null;
}

/**
 * @param {string} key
 * @param {import("./pictures.js").Pictures} picture what was found for it
 */
export async function keepPicture(key, picture) {
  await alter((all) => {
    const panel = all[key];
    return panel ? { ...all, [key]: { ...panel, picture } } : all;
  });
}

/**
 * The same in a tab of its own, where there is room for everything and which can be printed.
 * @param {string} key
 * @param {chrome.runtime.MessageSender} sender
 */
export async function openReport(key, sender) {
  const panel = await panelFor(key, sender);
  // A report of a private window would outlive it in a window that is not.
  if (!panel?.outcome.verdict || panel.isPrivate) return;
  const tab = await api.tabs.create({ url: "about:blank" });
  const own = await put({ ...panel, tabId: tab.id ?? -1 });
  await api.tabs.update(/** @type {number} */ (tab.id), { url: api.runtime.getURL(`report/report.html#${own}`) });
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
  await alter((all) => Object.fromEntries(Object.entries(all).filter(([, panel]) => panel.tabId !== tabId)));
}
