// How the companion is, in one word and a few facts: one clear state for each thing that can be the matter.

import { stats } from "./client.js";
import { companionState } from "./companion.js";

/** @returns {Promise<CompanionOverview>} */
export async function overview() {
  const state = await companionState();
  if (state.state !== "ready" || state.address) return state;
  const now = await stats().catch(() => null);
  if (!now) return state;
  const facts = { model: now.model, waiting: now.queue?.waiting ?? 0 };
  return { ...state, ...facts, state: now.paused_s === null ? "ready" : "paused" };
}
