// The settings that belong to the companion and hold for every browser: shown where it is paired and knows them.

import { ask, text } from "../shared/browser.js";
import { must, percent } from "../shared/dom.js";

const SENSITIVITIES = ["careful", "balanced", "eager"];

const card = must("#verdicts", HTMLElement);
const sensitivity = must("#sensitivity", HTMLSelectElement);
const language = must("#language", HTMLSelectElement);
const keep = must("#keep-history", HTMLInputElement);
const said = must("#verdicts-said", HTMLElement);

/** @param {Record<string, unknown>} change */
async function change(change) {
  const { problem } = await ask({ type: "companion-settings-change", change });
  said.textContent = problem ? text(`problem_${problem.code}`) : "";
  if (problem) await showCompanionSettings();
}

sensitivity.addEventListener("change", () => void change({ sensitivity: sensitivity.value }));
language.addEventListener("change", () => void change({ language: language.value }));
keep.addEventListener("change", () => void change({ history: keep.checked }));

/**
 * What each word was measured to cost, or nothing: an aim would pass for a measurement.
 * @param {Record<string, {real: number, generated: number}> | null} shares absent where the companion is older
 */
function showShares(shares) {
  for (const option of sensitivity.options) {
    const name = text(`sensitivity_${option.value}`);
    const share = shares?.[option.value];
    option.textContent = share
      ? text("options_sensitivity_share", name, percent(share.real), percent(share.generated))
      : name;
  }
  must("#sensitivity-note", HTMLElement).textContent = text(
    shares ? "options_sensitivity_note" : "options_sensitivity_none",
  );
}

export async function showCompanionSettings() {
  const now = await ask({ type: "companion-settings" });
  card.hidden = Boolean(now.problem);
  if (now.problem) return;
  // An older companion has no such choice.
  must("#sensitivity-part", HTMLElement).hidden = !SENSITIVITIES.includes(now.sensitivity);
  showShares(now.sensitivity_measured ?? null);
  sensitivity.value = now.sensitivity;
  keep.checked = now.history === true;
  const options = [...language.options].map(({ value }) => value);
  language.value = options.includes(now.language) ? now.language : "auto";
}
