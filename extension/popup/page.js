// What the popup asks of the page under it. Its frames answer one by one and are summed up here.

import { api } from "../shared/browser.js";

/** More would make the browser's question unreadable. */
const MOST_ORIGINS = 8;

/** @param {PageState[]} frames @returns {PageState | null} null where there are none */
export function sumUp(frames) {
  if (!frames.length) return null;
  /** @type {PageState} */
  const page = { automatic: false, counts: {}, waiting: 0, problem: null, refusedHosts: [] };
  for (const frame of frames) {
    page.automatic ||= frame.automatic;
    page.waiting += frame.waiting;
    page.problem ??= frame.problem;
    for (const [level, count] of Object.entries(frame.counts)) {
      const known = /** @type {Level} */ (level);
      page.counts[known] = (page.counts[known] ?? 0) + count;
    }
    page.refusedHosts = [...new Set([...page.refusedHosts, ...frame.refusedHosts])];
  }
  return page;
}

/**
 * @param {number} tabId
 * @returns {Promise<PageState | null>} null where no script of ours runs
 */
export async function pageState(tabId) {
  try {
    const func = () => globalThis.naturalTrace?.pageState?.() ?? null;
    const frames = await api.scripting.executeScript({ target: { tabId, allFrames: true }, func });
    return sumUp(frames.flatMap(({ result }) => (result ? [result] : [])));
  } catch {
    // Where we may not inject, a frame that was let in before still answers.
    return api.tabs.sendMessage(tabId, { type: "page-state" }, { frameId: 0 }).catch(() => null);
  }
}

/**
 * Where the page's images come from, the most frequent first.
 * @param {number} tabId
 * @returns {Promise<string[]>}
 */
export async function imageOrigins(tabId) {
  try {
    const [main] = await api.scripting.executeScript({ target: { tabId }, func: originsInPage });
    return (main?.result ?? []).slice(0, MOST_ORIGINS);
  } catch {
    return [];
  }
}

/** Runs in the page, on its own. */
function originsInPage() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const image of document.images) {
    if (image.clientWidth < 100 || image.clientHeight < 100 || !/^https?:/.test(image.currentSrc)) continue;
    const { origin } = new URL(image.currentSrc);
    counts.set(origin, (counts.get(origin) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([origin]) => origin);
}
