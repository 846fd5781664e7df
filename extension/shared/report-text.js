// The reports that people copy. The image's address is in them, and only the user sends them anywhere.

import { text } from "./browser.js";
import { modest } from "./dom.js";

/**
 * @param {Verdict} verdict
 * @returns {number | null} never certain, and no number where nothing is clear
 */
function chanceOf({ level, probability }) {
  return level === "unclear" || probability === null ? null : modest(probability);
}

/** Only an address that others can open. @param {string} url */
const shareable = (url) => (/^https?:/.test(url) ? url : null);

/**
 * @param {Verdict} verdict
 * @param {string} label the level in the user's language
 * @param {string} meaning
 * @param {string} url
 */
export function reportText(verdict, label, meaning, url) {
  const generators = verdict.generator === "unknown" ? [] : verdict.generator.map((guess) => guess.name);
  const chance = chanceOf(verdict);
  const decides = verdict.basis === "pixels";
  const address = shareable(url);
  const lines = [
    `${label} — Natural Trace`,
    meaning,
    ...(chance === null || !decides ? [] : [`p = ${chance}`]),
    ...(verdict.explanation?.length ? ["", ...verdict.explanation] : []),
    ...(chance === null || decides ? [] : ["", `${text("chance_title_pixels")}: p = ${chance}`]),
    "",
    ...verdict.evidence.map((each) => `• ${each.text}`),
    ...(generators.length ? ["", generators.join(", ")] : []),
    "",
    ...(address ? [address] : []),
    `${verdict.image.width} × ${verdict.image.height} ${verdict.image.format}, sha256 ${verdict.image.sha256}`,
    `${verdict.model.name} ${verdict.model.version}`,
  ];
  return lines.join("\n");
}

/**
 * The same for programs: the verdict as the companion's API gives it.
 * @param {Verdict} verdict
 * @param {string} url
 * @param {number} at milliseconds since 1970
 */
export function reportJson(verdict, url, at) {
  const { heatmap: _ofThisComputer, ...rest } = verdict;
  const report = {
    tool: "Natural Trace",
    checked_at: new Date(at).toISOString(),
    address: shareable(url),
    verdict: { ...rest, probability: chanceOf(verdict) },
  };
  return JSON.stringify(report, null, 2);
}
