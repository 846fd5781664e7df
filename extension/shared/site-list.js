// The list of sites with a switch each, on the options and the welcome page.

import { api, text } from "./browser.js";
import { el } from "./dom.js";
import { settings, turnSite } from "./settings.js";
import { BUNDLES, siteById } from "./sites.js";

/** @typedef {import("./sites.js").SiteBundle} SiteBundle */

/**
 * @param {SiteBundle} site
 * @param {HTMLInputElement} box
 * @param {boolean} given by an administrator
 */
async function switchSite(site, box, given) {
  if (!box.checked) return turnSite(site.id, false);
  // Asked before anything is awaited: browsers answer only while they handle the user's click.
  const [granted] = await Promise.all([
    api.permissions.request({ origins: [...site.pages, ...site.images] }),
    given || turnSite(site.id, true),
  ]);
  if (!granted && !given) await turnSite(site.id, false);
  box.checked = granted;
  return undefined;
}

/**
 * @param {SiteBundle} site
 * @param {import("./settings.js").SettingsNow} now
 */
async function item(site, { sites, givenSites, sitesOnly }) {
  const given = givenSites.includes(site.id);
  const box = el("input", { type: "checkbox", role: "switch" });
  box.checked = sites.includes(site.id) && (await api.permissions.contains({ origins: site.pages }));
  // What is given can only be permitted, what is not given only be done without.
  box.disabled = given ? box.checked : sitesOnly;
  box.addEventListener("change", () => void switchSite(site, box, given));
  const note = given && el("span", { class: "small quiet" }, text("options_given"));
  return el("li", {}, el("label", {}, el("span", {}, site.name, " ", note), box));
}

/** @param {HTMLElement} list */
export async function showSites(list) {
  const now = await settings();
  const own = now.sites.filter((id) => !BUNDLES.some((bundle) => bundle.id === id)).map(siteById);
  list.replaceChildren(...(await Promise.all([...BUNDLES, ...own].map((site) => item(site, now)))));
}
