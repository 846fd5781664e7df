// The last resort: where no bytes can be had, what the screen shows.

import { api } from "../shared/browser.js";
import { ProblemError } from "./problem.js";

/** @typedef {{tab: chrome.tabs.Tab, frameId: number, id: number}} Place whose check, by its number, wants a picture */

/** A page that was scrolled or changed while the picture was taken shows something else in that box. CSS pixels. */
const MOVED = 1;

/**
 * Crops the visible tab to the image's box. The verdict then speaks of a scaled, re-drawn copy, and says so.
 * @param {Place} place
 * @returns {Promise<Blob>} PNG
 */
export async function captureImage({ tab, frameId, id }) {
  const refuse = (/** @type {string} */ why) => new ProblemError("no_access", why);
  if (tab.id === undefined) throw refuse("no tab");
  const tabId = tab.id;
  const inFront = async () => (await api.tabs.get(tabId)).active;
  /** @param {"sight-begin" | "sight-end"} type @returns {Promise<Sight | null>} */
  const look = async (type) => {
    const sight = await api.tabs.sendMessage(tabId, { type, id }, { frameId }).catch(() => null);
    return sight?.box ? sight : null;
  };
  // Our own badges step aside first.
  const before = await look("sight-begin");
  let shot;
  let after = null;
  try {
    if (!before?.clear || !(await inFront())) throw refuse("the image is not wholly in view, or something covers it");
    shot = await api.tabs.captureVisibleTab(tab.windowId, { format: "png" });
  } catch (error) {
    throw error instanceof ProblemError ? error : refuse(String(error));
  } finally {
    after = await look("sight-end");
  }
  if (!after || !stayed(before, after) || !(await inFront())) throw refuse("the page moved");
  return crop(shot, after);
}

/**
 * @param {Sight} before
 * @param {Sight} after
 */
export function stayed(before, after) {
  const sides = /** @type {const} */ (["x", "y", "width", "height"]);
  return sides.every((side) => Math.abs(before.box[side] - after.box[side]) <= MOVED);
}

/**
 * @param {string} shot a data address of the whole viewport
 * @param {Sight} sight
 * @returns {Promise<Blob>}
 */
async function crop(shot, { box, pixelRatio }) {
  const bitmap = await createImageBitmap(await (await fetch(shot)).blob());
  const [x = 0, y = 0, width, height] = [box.x, box.y, box.width, box.height].map((side) =>
    Math.round(side * pixelRatio),
  );
  if (!width || !height) throw new ProblemError("image_gone");
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.drawImage(bitmap, -x, -y);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
