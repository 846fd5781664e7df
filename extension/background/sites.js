// Automatic badges on the sites that the user turned on. What is registered is computed from the settings and from what
// the browser has permitted, and replaced whole, so that it can never drift from either.

import { api } from "../shared/browser.js";
import { settings } from "../shared/settings.js";
import { siteById } from "../shared/sites.js";
import { AUTO_SCRIPTS } from "./inject.js";

const ID = "automatic";

/** @returns {Promise<string[]>} match patterns of pages that are turned on and permitted */
export async function automaticPages() {
  const { sites } = await settings();
  const pages = sites.flatMap((id) => siteById(id).pages);
  const permitted = await Promise.all(pages.map((page) => api.permissions.contains({ origins: [page] })));
  return [...new Set(pages.filter((_, i) => permitted[i]))];
}

/** @param {string[]} a @param {string[]} b neither of them with a member twice */
const sameMembers = (a, b) => a.length === b.length && a.every((each) => b.includes(each));

/** One at a time: two registrations at once would each find the other's half-done work. */
let last = Promise.resolve();

/**
 * Brings the browser's registration in line with the settings.
 * @param {boolean} [anew] the extension was updated: in pages that are open, its scripts are cut off
 */
export function registerSites(anew = false) {
  const next = () => register(anew);
  last = last.then(next, next);
  return last;
}

/** @param {boolean} anew */
async function register(anew) {
  const { paused } = await settings();
  const matches = paused ? [] : await automaticPages();
  const [known] = await api.scripting.getRegisteredContentScripts({ ids: [ID] });
  const before = known?.matches ?? [];
  // Never taken away to be put back: a page that loads in between would stay without badges.
  if (!matches.length) {
    if (known) await api.scripting.unregisterContentScripts({ ids: [ID] });
  } else if (!known) {
    await api.scripting.registerContentScripts([
      { id: ID, matches, js: AUTO_SCRIPTS, allFrames: true, runAt: "document_idle", persistAcrossSessions: true },
    ]);
  } else if (!sameMembers(before, matches) || !AUTO_SCRIPTS.every((path, i) => known.js?.[i]?.endsWith(path))) {
    await api.scripting.updateContentScripts([{ id: ID, matches, js: AUTO_SCRIPTS }]);
  }
  await inOpenTabs(
    matches.filter((page) => anew || !before.includes(page)),
    (tabId) => startInTab(tabId),
  );
  await inOpenTabs(
    before.filter((page) => !matches.includes(page)),
    (tabId) => api.tabs.sendMessage(tabId, { type: "stop-finding" }),
  );
}

/**
 * Registrations are for pages to come; the ones that are open follow here, not from the popup, which may be gone by now.
 * @param {string[]} pages
 * @param {(tabId: number) => Promise<unknown>} act
 */
async function inOpenTabs(pages, act) {
  if (!pages.length) return;
  const tabs = await api.tabs.query({ url: pages });
  // A tab that shows an error page, or that has just been closed, refuses.
  await Promise.all(tabs.map((tab) => tab.id !== undefined && act(tab.id).catch(() => {})));
}

/** Images whose hosts were not permitted may be fetched now. Tabs without a script of ours do not answer. */
export async function findAgain() {
  const tabs = await api.tabs.query({});
  const message = { type: "find-again" };
  await Promise.all(tabs.map(({ id }) => id !== undefined && api.tabs.sendMessage(id, message).catch(() => {})));
}

/**
 * Starts automatic badges in a tab that is already open.
 * @param {number} tabId
 */
export async function startInTab(tabId) {
  await api.scripting.executeScript({ target: { tabId, allFrames: true }, files: AUTO_SCRIPTS });
}
