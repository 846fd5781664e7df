// The options page: everything that can be set, in words.

import { api, ask, text } from "../shared/browser.js";
import { el, localise, must } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { changeSettings, DEFAULTS, settings, turnSite } from "../shared/settings.js";
import { BUNDLES, siteById } from "../shared/sites.js";

/** @typedef {import("../shared/sites.js").SiteBundle} SiteBundle */

/**
 * @param {SiteBundle} site
 * @param {HTMLInputElement} box
 */
async function switchSite(site, box) {
  if (!box.checked) return turnSite(site.id, false);
  // Asked before anything is awaited: browsers answer only while they handle the user's click.
  const [granted] = await Promise.all([
    api.permissions.request({ origins: [...site.pages, ...site.images] }),
    turnSite(site.id, true),
  ]);
  if (!granted) await turnSite(site.id, false);
  box.checked = granted;
  return undefined;
}

async function showSites() {
  const { sites } = await settings();
  const own = sites.filter((id) => !BUNDLES.some((bundle) => bundle.id === id)).map(siteById);
  const items = [...BUNDLES, ...own].map(async (site) => {
    const box = el("input", { type: "checkbox", role: "switch" });
    box.checked = sites.includes(site.id) && (await api.permissions.contains({ origins: site.pages }));
    box.addEventListener("change", () => void switchSite(site, box));
    return el("li", {}, el("label", {}, site.name, box));
  });
  must("#sites", HTMLElement).replaceChildren(...(await Promise.all(items)));
}

async function showLevels() {
  const { quiet, hidden } = await settings();
  const rows = LEVELS.map((level) => {
    const icon = naturalTrace.icons.draw(level);
    icon.style.color = `var(--nt-${level})`;
    const choice = el(
      "select",
      {},
      ...["full", "quiet", "hidden"].map((value) => el("option", { value }, text(`show_${value}`))),
    );
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
  must("#levels", HTMLElement).replaceChildren(...rows);
}

async function showChoices() {
  const now = await settings();
  for (const name of /** @type {const} */ (["corner", "action", "actOn"])) {
    const choice = must(`#${name}`, HTMLSelectElement);
    choice.value = now[name];
    choice.addEventListener("change", () => void changeSettings({ [name]: choice.value }));
  }
}

must("#setup", HTMLButtonElement).addEventListener("click", () => ask({ type: "open-welcome" }));
must("#forget", HTMLButtonElement).addEventListener("click", async () => {
  await ask({ type: "companion-forget" });
  await changeSettings({ ...DEFAULTS });
  const granted = (await api.permissions.getAll()).origins ?? [];
  const optional = granted.filter((origin) => !origin.startsWith("http://127.0.0.1"));
  if (optional.length) await api.permissions.remove({ origins: optional }).catch(() => {});
  await api.storage.session.clear();
  must("#forgot", HTMLElement).textContent = text("options_forgot");
  await Promise.all([showSites(), showLevels(), showCompanion()]);
});

async function showCompanion() {
  /** @type {CompanionState} */
  const companion = await ask({ type: "companion-state" });
  must("#companion", HTMLElement).textContent = text(`companion_${companion.state}`);
}

localise();
document.title = text("options_title");
await Promise.all([showSites(), showLevels(), showChoices(), showCompanion()]);
