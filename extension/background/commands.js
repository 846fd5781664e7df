// Keyboard shortcuts. People see and change them in the browser's own settings.

import { api } from "../shared/browser.js";
import { settings, turnSite } from "../shared/settings.js";
import { siteOf } from "../shared/sites.js";
import { askFrame } from "./menu.js";

/** @type {Record<string, string>} what a frame is told */
const TO_FRAME = { "check-image": "check-pointed", "next-badge": "next-badge", "open-details": "open-details" };

/**
 * @param {string} command
 * @param {chrome.tabs.Tab} [given] the tab in front; older browsers don't say
 */
export async function onCommand(command, given) {
  const tab = given ?? (await api.tabs.query({ active: true, lastFocusedWindow: true }))[0];
  if (!tab) return;
  if (command === "toggle-site") await toggleSite(tab);
  // A page of the browser's own, or of a store, lets nobody in.
  else if (TO_FRAME[command]) await askFrame(tab, 0, { type: TO_FRAME[command] }).catch(() => {});
}

/** @param {chrome.tabs.Tab} tab */
async function toggleSite(tab) {
  const site = siteOf(tab.url ?? "");
  if (!site) return;
  const { sites, sitesOnly, givenSites } = await settings();
  if (sitesOnly || givenSites.includes(site.id)) return;
  const permitted = await api.permissions.contains({ origins: site.pages });
  if (sites.includes(site.id) && permitted) return turnSite(site.id, false);
  if (permitted) return turnSite(site.id, true);
  // Only a click can answer the browser's question: the popup has the switch.
  await api.action.openPopup?.().catch(() => api.runtime.openOptionsPage());
}
