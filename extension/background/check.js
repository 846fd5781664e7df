// From "this image" to a verdict: bytes by the best way there is, then the companion.

import { check } from "./client.js";
import { fetchImage, MAX_BYTES } from "./image-bytes.js";
import { modelStamp, noteModel } from "./model-stamp.js";
import { previewOf } from "./picture.js";
import { ProblemError, problemOf } from "./problem.js";
import { keepContent, knownContent, remembered, sha256 } from "./recent.js";
import { captureImage } from "./screenshot.js";
import { team } from "./team.js";

/**
 * @typedef {import("./image-bytes.js").Asker} Asker
 * @typedef {import("./screenshot.js").Place} Place
 */

/**
 * @param {string} base64
 * @returns {Blob}
 */
export function blobFromBase64(base64) {
  const binary = atob(base64);
  if (binary.length > MAX_BYTES) throw new ProblemError("too_large");
  return new Blob([Uint8Array.from(binary, (c) => c.charCodeAt(0))]);
}

/**
 * The image's own bytes: what the page has read, or fetched anew.
 * @param {Pick<ImageRequest, "bytes" | "url" | "fresh">} image
 * @param {Asker} asker
 * @param {AbortSignal} [signal]
 * @returns {Promise<{bytes: Blob, source: ByteSource}>} rejects with a ProblemError
 */
export async function bytesOf(image, asker, signal) {
  if (image.bytes) return { bytes: blobFromBase64(image.bytes), source: "page" };
  if (!/^(https?|data):/.test(image.url)) throw new ProblemError("no_access");
  return { bytes: await fetchImage(image.url, { ...asker, fresh: image.fresh ?? false }, signal), source: "network" };
}

/** Requests under way, by tab, frame and number. @type {Map<string, AbortController>} */
const underWay = new Map();

/**
 * @param {{id: number, image: ImageRequest}} message
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<CheckOutcome>}
 */
export async function checkFor({ id, image }, sender) {
  const key = `${sender.tab?.id}/${sender.frameId}/${id}`;
  const stop = new AbortController();
  underWay.set(key, stop);
  const page = sender.origin ?? sender.url ?? "";
  const asker = { page, isPrivate: sender.tab?.incognito ?? false };
  try {
    // Only what was asked for: the tab's picture is not taken behind anyone's back.
    const byUser = image.priority === "user";
    const place = byUser && sender.tab ? { tab: sender.tab, frameId: sender.frameId ?? 0, id } : undefined;
    // What a user asks for is asked for anew; a feed's pictures are remembered for a while, but not from private windows.
    const known = !byUser && /^https?:/.test(image.url) && !image.bytes && !image.fresh && !asker.isPrivate;
    if (!known) return await checkImage(image, asker, stop.signal, place).then(where);
    // By page as well: what one page may have fetched, with a log-in or from a local address, another may not.
    const address = `${page} ${image.url}`;
    return await remembered(address, modelStamp, (signal) => checkImage(image, asker, signal), stop.signal).then(where);
  } finally {
    underWay.delete(key);
  }
}

/**
 * Says where it was judged, if that was not on this computer.
 * @param {CheckOutcome} outcome
 * @returns {Promise<CheckOutcome>}
 */
async function where(outcome) {
  const shared = outcome.verdict && (await team());
  return shared ? { ...outcome, where: shared.address } : outcome;
}

/**
 * The image has gone from view or from its page.
 * @param {number} id
 * @param {chrome.runtime.MessageSender} sender
 */
export async function cancelCheck(id, sender) {
  underWay.get(`${sender.tab?.id}/${sender.frameId}/${id}`)?.abort();
}

/**
 * @param {ImageRequest} image
 * @param {Asker} asker
 * @param {AbortSignal} signal
 * @param {Place} [place] where a screenshot may be taken as the last resort
 * @returns {Promise<CheckOutcome>}
 */
async function checkImage(image, asker, signal, place) {
  try {
    const { bytes, source } = await bytesOf(image, asker, signal);
    const verdict = await judge(bytes, image, asker, signal);
    return { verdict, source };
  } catch (error) {
    const refused = error instanceof ProblemError && ["no_access", "fetch_failed"].includes(error.problem.code);
    if (!refused || !place) return { problem: problemOf(error) };
    return checkScreen(image, asker, signal, place);
  }
}

/**
 * @param {ImageRequest} image
 * @param {Asker} asker
 * @param {AbortSignal} signal
 * @param {Place} place
 * @returns {Promise<CheckOutcome>}
 */
async function checkScreen(image, asker, signal, place) {
  try {
    const shot = await captureImage(place);
    const hints = { priority: image.priority, private: asker.isPrivate ?? false, screenshot: true, signal };
    const verdict = await check(shot, hints);
    // This picture can't be had again, so the panel gets it from here.
    return { verdict, source: "screenshot", preview: await previewOf(shot).catch(() => undefined) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/**
 * @param {Blob} bytes
 * @param {ImageRequest} image
 * @param {Asker} asker
 * @param {AbortSignal} signal
 * @returns {Promise<Verdict>}
 */
async function judge(bytes, image, asker, signal) {
  const hints = { priority: image.priority, private: asker.isPrivate ?? false, signal };
  // Two addresses, one picture: feeds serve the same file from many hosts.
  if (image.priority === "user" || asker.isPrivate) return check(bytes, hints);
  const hash = await sha256(await bytes.arrayBuffer());
  const known = await knownContent(hash, modelStamp).catch(() => null);
  if (known) return known;
  const verdict = await check(bytes, hints);
  noteModel(verdict);
  await keepContent(hash, verdict);
  return verdict;
}
