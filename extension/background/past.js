// Past verdicts, as the companion keeps them. This side keeps none.

import { history, thumbnail } from "./client.js";
import { dataUrl } from "./data-url.js";
import { mapOf } from "./pictures.js";

/** @typedef {import("./client.js").PastVerdict & {picture: string | null}} Past `picture`: a data address */

/** @param {import("./client.js").PastVerdict} entry @returns {Promise<Past>} */
async function withPicture(entry) {
  const picture = entry.thumbnail ? await thumbnail(entry.id).then(dataUrl, () => null) : null;
  return { ...entry, picture };
}

/**
 * @param {Parameters<typeof history>[0]} query
 * @returns {Promise<{items: Past[], next: number | null}>}
 */
export async function pastPage(query) {
  const { items, next } = await history(query);
  return { items: await Promise.all(items.map(withPicture)), next };
}

/**
 * One of them, with all that a full report shows.
 * @param {number} id
 * @returns {Promise<{outcome: CheckOutcome, url: string, at: number, picture: import("./pictures.js").Pictures} | null>}
 */
export async function pastReport(id) {
  // The history is listed from the newest down: the one before the next number is this one.
  const { items } = await history({ before: Math.trunc(id) + 1, limit: 1 });
  const [entry] = items;
  if (!entry || entry.id !== id) return null;
  const { picture } = await withPicture(entry);
  const map = entry.verdict.heatmap ? await mapOf(entry.verdict.heatmap) : {};
  const pictures = { ...(picture ? { preview: picture } : {}), ...map };
  return { outcome: { verdict: entry.verdict }, url: "", at: entry.at * 1000, picture: pictures };
}
