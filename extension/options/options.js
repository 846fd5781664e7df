// The options page: everything that can be set, in words.

import { api, ask, text } from "../shared/browser.js";
import { el, localise, must, percent } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { changeSettings, DEFAULTS, settings } from "../shared/settings.js";
import { showSites } from "../shared/site-list.js";
import { companionAdvice, companionTitle } from "../shared/state-words.js";
import { showCompanionSettings } from "./companion-settings.js";
import { showShortcuts } from "./shortcuts.js";

const sites = must("#sites", HTMLElement);
const back = must("#shared-back", HTMLButtonElement);

/** Chances from which flagged images are acted on, in percent. */
const ACT_FROM = [0, 70, 80, 90, 95];

/** @param {boolean} locked */
const given = (locked) => locked && el("span", { class: "small quiet given" }, text("options_given"));

async function showLevels() {
  const { quiet, hidden, locked } = await settings();
  const fixed = locked.includes("quiet") || locked.includes("hidden");
  const rows = LEVELS.map((level) => {
    const icon = naturalTrace.icons.draw(level);
    icon.style.color = `var(--nt-${level})`;
    const choice = el(
      "select",
      {},
      ...["full", "quiet", "hidden"].map((value) => el("option", { value }, text(`show_${value}`))),
    );
    choice.disabled = fixed;
    choice.value = hidden.includes(level) ? "hidden" : quiet.includes(level) ? "quiet" : "full";
    choice.addEventListener("change", async () => {
      const now = await settings();
      /** @param {Level[]} list */
      const without = (list) => list.filter((each) => each !== level);
      await changeSettings({
        quiet: choice.value === "quiet" ? [...without(now.quiet), level] : without(now.quiet),
        hidden: choice.value === "hidden" ? [...without(now.hidden), level] : without(now.hidden),
      });
    });
    return el("label", { class: "row" }, el("span", { class: "name" }, icon, text(`badge_${level}`)), choice);
  });
  must("#levels", HTMLElement).replaceChildren(...[given(fixed)].filter((part) => part instanceof Node), ...rows);
}

/** A chance that an administrator has set may be none of the usual ones. @param {number} actFrom */
function fillActFrom(actFrom) {
  const shares = [...new Set([...ACT_FROM, actFrom])].sort((a, b) => a - b);
  const words = (/** @type {number} */ share) =>
    share === 0 ? text("act_from_any") : text("act_from_some", percent(share / 100));
  must("#actFrom", HTMLSelectElement).replaceChildren(
    ...shares.map((share) => el("option", { value: String(share) }, words(share))),
  );
}

async function showChoices() {
  const now = await settings();
  fillActFrom(now.actFrom);
  for (const name of /** @type {const} */ (["corner", "size", "action", "actOn", "actFrom"])) {
    const choice = must(`#${name}`, HTMLSelectElement);
    choice.value = String(now[name]);
    choice.disabled = now.locked.includes(name);
    choice.parentElement?.querySelector(".given")?.remove();
    const note = given(choice.disabled);
    if (note) choice.before(note);
  }
}

for (const name of ["corner", "size", "action", "actOn", "actFrom"]) {
  const choice = must(`#${name}`, HTMLSelectElement);
  choice.addEventListener("change", () => {
    const value = name === "actFrom" ? Number(choice.value) : choice.value;
    void changeSettings({ [name]: value });
  });
}

async function showCompanion() {
  /** @type {CompanionOverview} */
  const companion = await ask({ type: "companion-overview" });
  const { port, model, address } = companion;
  back.hidden = !address || companion.given === true;
  must("#privacy", HTMLElement).textContent = address
    ? text("shared_privacy_note", address)
    : text("options_privacy_note");
  await showPrivate(Boolean(address));
  if (address) {
    must("#companion", HTMLElement).textContent = `${companionTitle(companion)}. ${companionAdvice(companion)}`;
    return;
  }
  const facts = [port && text("companion_ready_more", port), model && `${model.name} ${model.version}`].filter(Boolean);
  must("#companion", HTMLElement).textContent = [companionTitle(companion), ...facts].join(" · ");
}

/** @param {boolean} shared whether images go to a companion elsewhere */
async function showPrivate(shared) {
  const allowed = await api.extension.isAllowedIncognitoAccess();
  const on = shared ? "shared_private_on" : "options_private_on";
  must("#private", HTMLElement).textContent = text(allowed ? on : "options_private_off");
}

const showAll = () =>
  Promise.all([showSites(sites), showLevels(), showChoices(), showCompanion(), showCompanionSettings()]);

back.addEventListener("click", async () => {
  await ask({ type: "companion-share-no-more" });
  await showAll();
});
must("#setup", HTMLButtonElement).addEventListener("click", () => ask({ type: "open-welcome" }));
must("#forget", HTMLButtonElement).addEventListener("click", async () => {
  await ask({ type: "companion-forget" });
  await changeSettings({ ...DEFAULTS });
  const granted = (await api.permissions.getAll()).origins ?? [];
  const optional = granted.filter((origin) => !origin.startsWith("http://127.0.0.1"));
  if (optional.length) await api.permissions.remove({ origins: optional }).catch(() => {});
  await api.storage.session.clear();
  must("#forgot", HTMLElement).textContent = text("options_forgot");
  await showAll();
});

localise();
document.title = text("options_title");
await Promise.all([showAll(), showShortcuts(must("#shortcuts", HTMLElement))]);
