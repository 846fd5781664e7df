// The image's bytes, fetched anew by the background: pages may not read images of other sites, and the browser's cache
// is kept apart by site, so the page's own copy is out of reach.

import { isLocal } from "./local-hosts.js";
import { ProblemError } from "./problem.js";

export const MAX_BYTES = 40 * 1024 * 1024;
const FETCH_MS = 20_000;

/** What the browser itself asks for in an <img>, so that a negotiating server hands out the file that the page shows. */
export const IMAGE_ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5";

/**
 * A page in place of an image: log-in walls and hot-link guards answer 200 with HTML.
 * @param {Uint8Array} head the first bytes
 * @param {string} type the Content-Type
 */
export function looksLikeHtml(head, type) {
  const start = new TextDecoder("latin1").decode(head.subarray(0, 256)).trimStart().toLowerCase();
  if (start.startsWith("<!doctype html") || start.startsWith("<html")) return true;
  return type.startsWith("text/html") && start.startsWith("<");
}

/**
 * Reads a body, giving up as soon as it is longer than `limit`.
 * @param {Response} response
 * @param {number} limit
 * @returns {Promise<Blob>}
 */
export async function readCapped(response, limit = MAX_BYTES) {
  const declared = Number(response.headers.get("Content-Length"));
  if (declared > limit) throw new ProblemError("too_large");
  const reader = response.body?.getReader();
  if (!reader) throw new ProblemError("fetch_failed");
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      throw new ProblemError("too_large");
    }
    parts.push(value);
  }
  const type = (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const head = parts[0] ?? new Uint8Array();
  if (size === 0) throw new ProblemError("fetch_failed", "the server sent nothing");
  if (looksLikeHtml(head, type)) throw new ProblemError("fetch_failed", "the server sent a page in place of the image");
  return new Blob(parts, { type });
}

/**
 * @typedef {{page?: string, isPrivate?: boolean, fresh?: boolean}} Asker
 *   `page`: the origin of the page (or frame) that shows the image. `isPrivate`: it is in a private window. `fresh`: the
 *   page has loaded the picture again, so an earlier copy may be another one.
 */

/**
 * The user's log-in goes only to where the page itself came from, and never from a private window: which cookies the
 * background has there is not the same in every browser.
 * @param {string} url
 * @param {Asker} asker
 */
function mayUseLogin(url, { page, isPrivate }) {
  if (isPrivate || !page || !URL.canParse(page) || !URL.canParse(url)) return false;
  const { origin } = new URL(url);
  return origin !== "null" && origin === new URL(page).origin;
}

/**
 * @param {string} url http(s) or data
 * @param {Asker} [asker]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Blob>}
 */
export async function fetchImage(url, asker = {}, signal) {
  const deadline = AbortSignal.timeout(FETCH_MS);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  /** @param {string} address */
  const refuseLocal = (address) => {
    if (isLocal(address) && !isLocal(asker.page ?? "")) throw new ProblemError("no_access", "a local address");
  };
  /** @param {RequestInit} how */
  const attempt = async (how) => {
    const cache = asker.isPrivate ? "no-store" : asker.fresh ? "no-cache" : "default";
    const response = await fetch(url, { ...how, cache, headers: { Accept: IMAGE_ACCEPT }, signal: either });
    refuseLocal(response.url);
    if (!response.ok) throw new ProblemError("fetch_failed", `the server answered ${response.status}`);
    return readCapped(response);
  };
  refuseLocal(url);
  try {
    return await attempt({ credentials: "omit" });
  } catch (error) {
    if (signal?.aborted) throw error;
    // The user's log-in is used only where the plain request was refused in words, not where it could not be made.
    if (!(error instanceof ProblemError)) throw new ProblemError("no_access", String(error));
    if (error.problem.code !== "fetch_failed" || !mayUseLogin(url, asker)) throw error;
    return attempt({ credentials: "include", redirect: "error" }).catch((again) => {
      throw again instanceof ProblemError || signal?.aborted ? again : error;
    });
  }
}
