// What an administrator has set, through the browser's managed storage. `managed-schema.json` says what can be;
// docs/admin.md how. Read with suspicion: Firefox does not check values against the schema.

import { cleanAddress } from "./address.js";
import { api } from "./browser.js";
import { LEVELS } from "./levels.js";
import { isSiteId } from "./sites.js";

/**
 * @typedef {{sitesOnly: boolean, port: number | null, companion: string | null,
 *   settings: Partial<import("./settings.js").Settings>}} Policy
 *   `settings`: the settings that the policy decides, which people can't change. `sitesOnly`: no others than its sites.
 *   `companion`: the address of the shared companion that is used instead of the one on this computer.
 */

export const CORNERS = Object.freeze(["top-left", "top-right", "bottom-left", "bottom-right"]);
export const SIZES = Object.freeze(["normal", "large"]);
export const ACTIONS = Object.freeze(["badge", "dim", "blur", "cover", "hide"]);
export const ACT_ON = Object.freeze(["ai", "likely_ai"]);

/** @param {unknown} value */
const whole = (value) => (typeof value === "number" && Number.isInteger(value) ? value : Number.NaN);
/** @param {unknown} value @param {readonly string[]} allowed */
const listOf = (value, allowed) => Array.isArray(value) && value.every((each) => allowed.includes(each));

/** What each setting may be; anything else counts as not set. @type {Record<string, (value: any) => boolean>} */
const GOOD = {
  sites: (value) => Array.isArray(value),
  action: (value) => ACTIONS.includes(value),
  actOn: (value) => ACT_ON.includes(value),
  actFrom: (value) => whole(value) >= 0 && whole(value) <= 99,
  hidden: (value) => listOf(value, LEVELS),
  quiet: (value) => listOf(value, LEVELS),
  corner: (value) => CORNERS.includes(value),
  size: (value) => SIZES.includes(value),
};

/** @param {Record<string, unknown>} raw what managed storage holds */
export function readPolicy(raw) {
  /** @type {Policy} */
  const policy = { sitesOnly: raw.sitesOnly === true, port: null, companion: null, settings: {} };
  const companion = typeof raw.companion === "string" ? cleanAddress(raw.companion) : null;
  if (companion && companion !== "plain") policy.companion = companion.address;
  const port = whole(raw.port);
  if (port >= 1024 && port <= 65535) policy.port = port;
  for (const [name, good] of Object.entries(GOOD)) {
    if (raw[name] !== undefined && good(raw[name])) Object.assign(policy.settings, { [name]: raw[name] });
  }
  // One mistyped site must not cost the others.
  const { sites } = policy.settings;
  if (sites) policy.settings.sites = sites.filter((each) => typeof each === "string" && isSiteId(each));
  return policy;
}

/** @returns {Promise<Policy>} */
export async function policy() {
  // Firefox rejects where no administrator has set anything.
  const raw = await api.storage.managed?.get(null).catch(() => ({}));
  return readPolicy(/** @type {Record<string, unknown>} */ (raw ?? {}));
}
