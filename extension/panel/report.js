// The report that "Copy report" puts on the clipboard. Its address is the image's, and only the user sends it anywhere.

import { modest } from "../shared/dom.js";

/**
 * @param {Verdict} verdict
 * @param {string} label the level in the user's language
 * @param {string} meaning
 * @param {string} url
 */
export function reportText(verdict, label, meaning, url) {
  const generators = verdict.generator === "unknown" ? [] : verdict.generator.map((guess) => guess.name);
  const chance = verdict.level === "unclear" ? null : verdict.probability;
  const lines = [
    `${label} — Natural Trace`,
    meaning,
    ...(chance === null ? [] : [`p = ${modest(chance)}`]),
    "",
    ...verdict.evidence.map((each) => `• ${each.text}`),
    ...(generators.length ? ["", generators.join(", ")] : []),
    "",
    ...(/^https?:/.test(url) ? [url] : []),
    `${verdict.image.width} × ${verdict.image.height} ${verdict.image.format}, sha256 ${verdict.image.sha256}`,
    `${verdict.model.name} ${verdict.model.version}`,
  ];
  return lines.join("\n");
}
