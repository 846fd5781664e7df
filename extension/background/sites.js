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

/** One at a time: two registrations at once would each find the other's half-done work. */
let last = Promise.resolve();

/** Brings the browser's registration in line with the settings. */
export function registerSites() {
  last = last.then(register, register);
  return last;
}

async function register() {
  const matches = await automaticPages();
  await api.scripting.unregisterContentScripts({ ids: [ID] }).catch(() => {});
  if (!matches.length) return;
  await api.scripting.registerContentScripts([
    { id: ID, matches, js: AUTO_SCRIPTS, allFrames: true, runAt: "document_idle", persistAcrossSessions: true },
  ]);
}

/**
 * Starts automatic badges in a tab that is already open.
 * @param {number} tabId
 */
export async function startInTab(tabId) {
  await api.scripting.executeScript({ target: { tabId, allFrames: true }, files: AUTO_SCRIPTS });
}
