// The picture that the details show: small, drawn anew from the image's own bytes, never loaded by the page that shows it.

import { dataUrl } from "./data-url.js";

/** The longest side of a preview, in pixels. */
const EDGE = 960;

/**
 * @param {Blob} image in any format that this browser can draw
 * @returns {Promise<string>} a data address; rejects where the browser cannot draw the format
 */
export async function previewOf(image) {
  const bitmap = await createImageBitmap(image);
  const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(
    Math.max(1, Math.round(bitmap.width * scale)),
    Math.max(1, Math.round(bitmap.height * scale)),
  );
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return dataUrl(await canvas.convertToBlob({ type: "image/webp", quality: 0.85 }));
}
