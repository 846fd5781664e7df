// How the extension reads a verdict's evidence. Pure, so that tests need no browser.

/**
 * @param {number} direction -1…1
 * @returns {"for" | "against" | "neutral"}
 */
export function leaning(direction) {
  if (direction > 0.05) return "for";
  if (direction < -0.05) return "against";
  return "neutral";
}

/**
 * Signed credentials, other things that the file says, and what the pixels say; each the strongest first.
 * @param {Evidence[]} evidence
 */
export function sortEvidence(evidence) {
  const byStrength = [...evidence].sort((a, b) => b.strength - a.strength);
  const ofPixels = (/** @type {Evidence} */ e) =>
    /^(pixels?|detector|model|image|screenshot|part|attribution|own_camera)\b/.test(e.kind);
  const signed = (/** @type {Evidence} */ e) => /^c2pa\b/.test(e.kind);
  return {
    credentials: byStrength.filter(signed),
    file: byStrength.filter((e) => !ofPixels(e) && !signed(e)),
    pixels: byStrength.filter(ofPixels),
  };
}

/**
 * @typedef {{x: number, y: number, width: number, height: number, text: string}} Region
 *   A box in the image, in shares of its width and height; `text` says what is there, "" if nothing does.
 */

const MOST_REGIONS = 3;

/**
 * The regions that the verdict points at.
 * @param {Verdict} verdict
 * @returns {Region[]} at most three, within the image
 */
export function regionsOf(verdict) {
  const { width, height } = verdict.image;
  const named = Array.isArray(verdict.regions) ? verdict.regions : [];
  const found = named.map((box) => regionOf(box, width, height, textOf(box, verdict.evidence)));
  return found.filter((region) => region !== null).slice(0, MOST_REGIONS);
}

/**
 * The sentence of the evidence that speaks of this very box.
 * @param {any} box
 * @param {Evidence[]} evidence
 */
function textOf(box, evidence) {
  const same = (/** @type {Evidence} */ { fields }) =>
    fields && box && fields.x === box.x && fields.y === box.y && fields.width === box.width;
  return evidence.find(same)?.text ?? "";
}

/**
 * @param {any} box shares of the image, or pixels where a side is longer than 1
 * @param {number} imageWidth
 * @param {number} imageHeight
 * @param {string} text
 * @returns {Region | null}
 */
function regionOf(box, imageWidth, imageHeight, text) {
  const sides = [box?.x, box?.y, box?.width, box?.height].map(Number);
  if (!sides.every((side) => Number.isFinite(side) && side >= 0)) return null;
  const inPixels = sides.some((side) => side > 1);
  const [x, y, width, height] = sides.map((side, i) => (inPixels ? side / (i % 2 ? imageHeight : imageWidth) : side));
  const at = { x: Math.min(1, x ?? 0), y: Math.min(1, y ?? 0) };
  const size = { width: Math.min(1 - at.x, width ?? 0), height: Math.min(1 - at.y, height ?? 0) };
  return size.width > 0 && size.height > 0 ? { ...at, ...size, text } : null;
}
