// The last resort: where no bytes can be had, what the screen shows.

import { api } from "../shared/browser.js";
import { ProblemError } from "./problem.js";

/**
 * Crops the visible tab to the image's box. The verdict then speaks of a scaled, re-drawn copy, and says so.
 * @param {ImageRequest} image
 * @param {chrome.tabs.Tab} tab
 * @returns {Promise<Blob>} PNG
 */
export async function captureImage(image, tab) {
  const { box, pixelRatio = 1, clear } = image;
  if (!box || !clear || !tab.active) throw new ProblemError("no_access");
  let shot;
  try {
    shot = await api.tabs.captureVisibleTab(tab.windowId, { format: "png" });
  } catch (error) {
    throw new ProblemError("no_access", String(error));
  }
  const bitmap = await createImageBitmap(await (await fetch(shot)).blob());
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((side) => Math.round(side * pixelRatio));
  if (!width || !height) throw new ProblemError("image_gone");
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.drawImage(bitmap, -(x ?? 0), -(y ?? 0));
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
