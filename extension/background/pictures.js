// The pictures of an open panel or report: the image itself, small, and the map of where its pixels look generated.

import { api } from "../shared/browser.js";
import { blobFromBase64, bytesOf } from "./check.js";
import { heatmap } from "./client.js";
import { dataUrl } from "./data-url.js";
import { keepPicture, panelFor } from "./panels.js";
import { previewOf } from "./picture.js";
import { problemOf } from "./problem.js";
import { sha256 } from "./recent.js";

/**
 * @typedef {{preview?: string, heatmap?: string, changed?: boolean, problem?: Problem}} Pictures
 *   Both pictures are data addresses. `changed`: the address gives another picture now than the one that was judged.
 *   `problem`: why there is no heat map although the verdict names one.
 */

/** Session storage is small; larger pictures are asked for again where they are wanted again. */
const KEEP_UNDER = 600_000;

/**
 * @param {string} key
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<Pictures>}
 */
export async function picturesFor(key, sender) {
  const panel = await panelFor(key, sender);
  const verdict = panel?.outcome.verdict;
  if (!panel || !verdict) return {};
  const known = panel.picture ?? {};
  if (known.preview && (known.heatmap || !verdict.heatmap)) return known;
  const [seen, map] = await Promise.all([
    known.preview ? known : previewFor(key, panel, verdict).catch(() => known),
    verdict.heatmap ? mapOf(verdict.heatmap) : known,
  ]);
  /** @type {Pictures} */
  const found = { ...seen, ...map };
  if ((found.preview?.length ?? 0) + (found.heatmap?.length ?? 0) < KEEP_UNDER) await keepPicture(key, found);
  return found;
}

/**
 * @param {string} path
 * @returns {Promise<Pictures>}
 */
export async function mapOf(path) {
  try {
    return { heatmap: await dataUrl(await heatmap(path)) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/**
 * @param {string} key
 * @param {import("./panels.js").Panel} panel
 * @param {Verdict} verdict
 * @returns {Promise<Pictures>}
 */
async function previewFor(key, { outcome, url, tabId, frameId, page, isPrivate }, verdict) {
  // A picture of the screen can't be had twice.
  if (outcome.source === "screenshot") return {};
  const fromPage =
    outcome.source === "page"
      ? await api.tabs.sendMessage(tabId, { type: "panel-bytes", key }, { frameId })
      : undefined;
  const bytes =
    typeof fromPage === "string" ? blobFromBase64(fromPage) : (await bytesOf({ url }, { page, isPrivate })).bytes;
  if ((await sha256(await bytes.arrayBuffer())) !== verdict.image.sha256) return { changed: true };
  return { preview: await previewOf(bytes) };
}
