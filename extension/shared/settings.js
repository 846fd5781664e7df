// The user's settings, with their defaults and what an administrator has decided. Kept on this device.

import { api } from "./browser.js";
import { policy } from "./policy.js";

/**
 * @typedef {{
 *   sites: string[],
 *   paused: boolean,
 *   corner: "top-left" | "top-right" | "bottom-left" | "bottom-right",
 *   size: "normal" | "large",
 *   quiet: Level[],
 *   hidden: Level[],
 *   action: "badge" | "dim" | "blur" | "cover" | "hide",
 *   actOn: "ai" | "likely_ai",
 *   actFrom: number,
 * }} Settings
 *   `sites`: ids of sites with automatic badges. `quiet`: levels whose automatic badge is only an icon. `hidden`: levels
 *   without an automatic badge. `action`: what happens to flagged images; `actOn`: from which level on; `actFrom`: and
 *   from which chance on, in percent, where only the pixels speak.
 * @typedef {Settings & {locked: string[], givenSites: string[], sitesOnly: boolean}} SettingsNow
 *   `locked`: what an administrator has decided. `givenSites`: their sites. `sitesOnly`: there are no others.
 */

/** @type {Settings} */
export const DEFAULTS = {
  sites: [],
  paused: false,
  corner: "top-left",
  size: "normal",
  quiet: ["unclear", "no_sign"],
  hidden: [],
  action: "badge",
  actOn: "ai",
  actFrom: 0,
};

/** @returns {Promise<Partial<Settings>>} what the user has changed */
async function own() {
  const { settings: stored } = await api.storage.local.get("settings");
  return /** @type {Partial<Settings>} */ (stored ?? {});
}

/**
 * What holds: the defaults, changed by the user, changed by the administrator.
 * @param {Partial<Settings>} chosen
 * @param {import("./policy.js").Policy} given
 * @returns {SettingsNow}
 */
export function combine(chosen, given) {
  const { sites: givenSites = [], ...fixed } = given.settings;
  const { sites: ownSites = [], ...others } = chosen;
  const sites = given.sitesOnly ? givenSites : [...new Set([...givenSites, ...ownSites])];
  const locked = Object.keys(fixed);
  return { ...DEFAULTS, ...others, ...fixed, sites, locked, givenSites, sitesOnly: given.sitesOnly };
}

/** @returns {Promise<SettingsNow>} */
export async function settings() {
  const [chosen, given] = await Promise.all([own(), policy()]);
  return combine(chosen, given);
}

/** @param {Partial<Settings>} change */
export async function changeSettings(change) {
  await api.storage.local.set({ settings: { ...(await own()), ...change } });
}

/**
 * @param {string} id
 * @param {boolean} on
 */
export async function turnSite(id, on) {
  const { sites = [] } = await own();
  const others = sites.filter((each) => each !== id);
  await changeSettings({ sites: on ? [...others, id] : others });
}
