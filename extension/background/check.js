// From "this image" to a verdict: bytes by the best way there is, then the companion.

import { check } from "./client.js";
import { fetchImage, MAX_BYTES } from "./image-bytes.js";
import { ProblemError, problemOf } from "./problem.js";
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
 * @param {chrome.tabs.Tab | undefined} tab
 * @param {AbortSignal} [signal]
 * @returns {Promise<{bytes: Blob, source: ByteSource}>}
 */
async function bytesOf(image, tab, signal) {
  if (image.bytes) return { bytes: blobFromBase64(image.bytes), source: "page" };
  try {
    if (!/^(https?|data):/.test(image.url)) throw new ProblemError("no_access");
    return { bytes: await fetchImage(image.url, signal), source: "network" };
  } catch (error) {
    const refused = error instanceof ProblemError && ["no_access", "fetch_failed"].includes(error.problem.code);
    if (!refused || !tab) throw error;
    return { bytes: await captureImage(image, tab), source: "screenshot" };
  }
}

/**
 * @param {ImageRequest} image
 * @param {chrome.tabs.Tab | undefined} tab
 * @param {AbortSignal} [signal]
 * @returns {Promise<CheckOutcome>}
 */
export async function checkImage(image, tab, signal) {
  try {
    const { bytes, source } = await bytesOf(image, tab, signal);
    const verdict = await check(bytes, {
      priority: image.priority,
      private: tab?.incognito ?? false,
      screenshot: source === "screenshot",
      ...(signal ? { signal } : {}),
    });
    return { verdict, source };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}
