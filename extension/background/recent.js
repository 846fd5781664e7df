// Verdicts of the last minutes, so that a picture that stands on a page five times, or under two addresses, is asked for
// once. Kept in session storage, which lives in memory: the worker may be gone and back between two pictures of a feed.
// Each verdict is stamped with the model that gave it; another model's verdicts count for nothing. Private windows
// neither write nor read here.

import { api } from "../shared/browser.js";

const MOST = 400;
const MINUTES = 10;
const ADDRESS = "recent-address:";
const CONTENT = "recent-content:";
const TRIM_EVERY = 64;

/**
 * @typedef {{sha256: string, source: ByteSource, at: number}} SeenAddress
 * @typedef {{verdict: Verdict, stamp: string, at: number}} KnownContent
 * @typedef {{outcome: Promise<CheckOutcome>, stop: AbortController, askers: number}} Shared
 */

/** Checks under way, by address. @type {Map<string, Shared>} */
const underWay = new Map();

/** Counts up when everything is forgotten: what was asked for before then must not come back. */
let era = 0;

/** @param {ArrayBuffer} bytes @returns {Promise<string>} lower-case hex */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text */
const hashOf = (text) => sha256(/** @type {ArrayBuffer} */ (new TextEncoder().encode(text).buffer));

/** @param {Pick<Verdict, "model">} verdict */
export const stampOf = ({ model }) => `${model.name} ${model.version}`;

/**
 * @template T
 * @param {string} key
 * @returns {Promise<T | null>} null where nothing is kept, or too long
 */
async function kept(key) {
  const entry = /** @type {any} */ ((await api.storage.session.get(key))[key]);
  return entry && Date.now() - entry.at < MINUTES * 60_000 ? entry : null;
}

/**
 * The verdict on these bytes, if this model gave one lately.
 * @param {string} hash of the bytes
 * @param {() => Promise<string>} stamp of the model that would judge them now
 * @returns {Promise<Verdict | null>}
 */
export async function knownContent(hash, stamp) {
  const known = await /** @type {Promise<KnownContent | null>} */ (kept(CONTENT + hash));
  return known && known.stamp === (await stamp()) ? { ...known.verdict, cached: true } : null;
}

let written = 0;

/** @param {Record<string, {at: number}>} entries */
async function keep(entries) {
  try {
    await api.storage.session.set(entries);
  } catch {
    await forgetRecent(); // Full.
  }
  if (written++ % TRIM_EVERY) return;
  const all = Object.entries(await api.storage.session.get(null)).filter(([key]) => key.startsWith("recent-"));
  const old = all.sort(([, a], [, b]) => /** @type {any} */ (b).at - /** @type {any} */ (a).at).slice(2 * MOST);
  if (old.length) await api.storage.session.remove(old.map(([key]) => key));
}

/**
 * @param {string} hash of the bytes
 * @param {Verdict} verdict
 */
export async function keepContent(hash, verdict) {
  await keep({ [CONTENT + hash]: /** @type {KnownContent} */ ({ verdict, stamp: stampOf(verdict), at: Date.now() }) });
}

/**
 * @param {string} address and whatever else makes the answer another one
 * @param {() => Promise<string>} stamp of the model that would judge now
 * @param {(signal: AbortSignal) => Promise<CheckOutcome>} check aborted when nobody waits for it any more
 * @param {AbortSignal} [signal] this asker's
 * @returns {Promise<CheckOutcome>}
 */
export function remembered(address, stamp, check, signal) {
  let shared = underWay.get(address);
  if (!shared) {
    const stop = new AbortController();
    const outcome = recall(address, stamp, () => check(stop.signal));
    shared = { outcome, stop, askers: 0 };
    underWay.set(address, shared);
    const done = () => underWay.get(address)?.stop === stop && underWay.delete(address);
    outcome.then(done, done);
  }
  const { outcome, stop } = shared;
  shared.askers += 1;
  signal?.addEventListener("abort", () => {
    const now = underWay.get(address);
    if (now?.stop !== stop || --now.askers > 0) return;
    underWay.delete(address);
    stop.abort();
  });
  return outcome;
}

/**
 * @param {string} address
 * @param {() => Promise<string>} stamp
 * @param {() => Promise<CheckOutcome>} check
 * @returns {Promise<CheckOutcome>}
 */
async function recall(address, stamp, check) {
  const begun = era;
  const key = ADDRESS + (await hashOf(address));
  const seen = await /** @type {Promise<SeenAddress | null>} */ (kept(key));
  const verdict = seen && (await knownContent(seen.sha256, stamp).catch(() => null));
  if (seen && verdict) return { verdict, source: seen.source };
  const outcome = await check();
  if (outcome.verdict && begun === era) {
    const entry = { sha256: outcome.verdict.image.sha256, source: outcome.source ?? "network", at: Date.now() };
    await keep({ [key]: /** @type {SeenAddress} */ (entry) });
  }
  return outcome;
}

/** Forgets everything: the pairing or the companion's settings changed. */
export async function forgetRecent() {
  era += 1;
  underWay.clear();
  const keys = Object.keys(await api.storage.session.get(null)).filter((key) => key.startsWith("recent-"));
  if (keys.length) await api.storage.session.remove(keys);
}
