// Which model the companion judges with now. A verdict that another one gave is no longer an answer.

import { stats } from "./client.js";
import { stampOf } from "./recent.js";

/** How long an answer holds: a companion that was updated in between is noticed soon enough. */
const HOLDS_MS = 60_000;

let stamp = "";
let askedAt = Number.NEGATIVE_INFINITY;

/** @returns {Promise<string>} rejects where the companion cannot say */
export async function modelStamp() {
  if (stamp && performance.now() - askedAt < HOLDS_MS) return stamp;
  const { model } = await stats();
  if (!model) throw new Error("no model");
  noteModel({ model });
  return stamp;
}

/** @param {Pick<Verdict, "model">} verdict one that has just come */
export function noteModel(verdict) {
  stamp = stampOf(verdict);
  askedAt = performance.now();
}
