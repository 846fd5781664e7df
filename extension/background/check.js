// From "this image" to a verdict: bytes by the best way there is, then the companion.

import { check } from "./client.js";
import { fetchImage, MAX_BYTES } from "./image-bytes.js";
import { ProblemError, problemOf } from "./problem.js";
import { remembered } from "./recent.js";
import { captureImage } from "./screenshot.js";

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
 * @param {ImageRequest} image
 * @param {import("./image-bytes.js").Asker} asker
 * @param {chrome.tabs.Tab | undefined} tab
 * @param {AbortSignal} [signal]
 * @returns {Promise<{bytes: Blob, source: ByteSource}>}
 */
async function bytesOf(image, asker, tab, signal) {
  if (image.bytes) return { bytes: blobFromBase64(image.bytes), source: "page" };
  try {
    if (!/^(https?|data):/.test(image.url)) throw new ProblemError("no_access");
    return { bytes: await fetchImage(image.url, asker, signal), source: "network" };
  } catch (error) {
    const refused = error instanceof ProblemError && ["no_access", "fetch_failed"].includes(error.problem.code);
    // Only what was asked for: the tab's picture is not taken behind anyone's back.
    if (!refused || !tab || image.priority !== "user") throw error;
    return { bytes: await captureImage(image, tab), source: "screenshot" };
  }
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
    // What a user asks for is asked for anew; a feed's pictures are remembered for a while, but not from private windows.
    const known = image.priority !== "user" && /^https?:/.test(image.url) && !image.bytes && !asker.isPrivate;
    if (!known) return await checkImage(image, asker, sender.tab, stop.signal);
    // By page as well: what one page may have fetched, with a log-in or from a local address, another may not.
    return await remembered(`${page} ${image.url}`, () => checkImage(image, asker, undefined));
  } finally {
    underWay.delete(key);
  }
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
 * @param {import("./image-bytes.js").Asker} asker
 * @param {chrome.tabs.Tab | undefined} tab where a screenshot may be taken as the last resort
 * @param {AbortSignal} [signal]
 * @returns {Promise<CheckOutcome>}
 */
async function checkImage(image, asker, tab, signal) {
  try {
    const { bytes, source } = await bytesOf(image, asker, tab, signal);
    const verdict = await check(bytes, {
      priority: image.priority,
      private: asker.isPrivate ?? false,
      screenshot: source === "screenshot",
      ...(signal ? { signal } : {}),
    });
    return { verdict, source };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}
