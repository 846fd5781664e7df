// How the companion is, in words: the one on this computer, or one that several people share.

import { text } from "./browser.js";

/** @param {Pick<CompanionOverview, "state" | "address">} companion */
export function companionTitle({ state, address }) {
  return address ? text(`shared_${state}`) : text(`companion_${state}`);
}

/** @param {CompanionOverview} companion */
export function companionAdvice({ state, address, port }) {
  return address ? text(`shared_${state}_more`, address) : text(`companion_${state}_more`, port ?? "");
}
