// The user's settings, with their defaults. Kept on this device.

import { api } from "./browser.js";

/**
 * @typedef {{
 *   sites: string[],
 *   paused: boolean,
 *   corner: "top-left" | "top-right" | "bottom-left" | "bottom-right",
 *   quiet: Level[],
 *   hidden: Level[],
 *   action: "badge" | "dim" | "blur" | "cover",
 *   actOn: "ai" | "likely_ai",
 * }} Settings
 *   `sites`: ids of sites with automatic badges. `quiet`: levels whose automatic badge is only an icon. `hidden`: levels
 *   without an automatic badge. `action`: what happens to flagged images; `actOn`: from which level on.
 */

/** @type {Settings} */
export const DEFAULTS = {
  sites: [],
  paused: false,
  corner: "top-left",
  quiet: ["unclear", "no_sign"],
  hidden: [],
  action: "badge",
  actOn: "ai",
};

/** @returns {Promise<Settings>} */
export async function settings() {
  const { settings: stored } = await api.storage.local.get("settings");
  return { ...DEFAULTS, .../** @type {Partial<Settings>} */ (stored ?? {}) };
}

/** @param {Partial<Settings>} change */
export async function changeSettings(change) {
  await api.storage.local.set({ settings: { ...(await settings()), ...change } });
}

/**
 * @param {string} id
 * @param {boolean} on
 */
export async function turnSite(id, on) {
  const others = (await settings()).sites.filter((each) => each !== id);
  await changeSettings({ sites: on ? [...others, id] : others });
}
