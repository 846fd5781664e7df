// The panel's reading of evidence. Pure, so that tests need no browser.

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
 * What the pixels say and what the file says, each the strongest first.
 * @param {Evidence[]} evidence
 */
export function sortEvidence(evidence) {
  const byStrength = [...evidence].sort((a, b) => b.strength - a.strength);
  const ofPixels = (/** @type {Evidence} */ e) => /^(pixels?|detector|model|image|screenshot)\b/.test(e.kind);
  return { pixels: byStrength.filter(ofPixels), file: byStrength.filter((e) => !ofPixels(e)) };
}
