// The toolbar popup: is the companion there, what was found on this page, is this site on.

import { api, ask, language, plural, text } from "../shared/browser.js";
import { el, listed, localise, must } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { changeSettings, settings, turnSite } from "../shared/settings.js";
import { hostPattern, siteOf } from "../shared/sites.js";
import { companionAdvice, companionTitle } from "../shared/state-words.js";
import { imageOrigins, pageState } from "./page.js";

const LOOK_EVERY_MS = 1000;
const number = new Intl.NumberFormat(language());

const siteSwitch = must("#site-switch", HTMLInputElement);
const pause = must("#pause", HTMLButtonElement);
const allow = must("#allow", HTMLButtonElement);

/** The tab that the popup belongs to; tests name another one in the address. */
const asked = Number(new URLSearchParams(location.search).get("tab"));
const [active] = await api.tabs.query({ active: true, currentWindow: true });
const tab = asked ? await api.tabs.get(asked) : active;
const site = siteOf(tab?.url ?? "");

/** Where this page's images come from: its own permission does not cover them. @type {string[]} */
let origins = [];
/** Hosts that were missing when images were fetched. @type {string[]} */
let refused = [];

/** @param {string[]} addresses @returns {string[]} */
const patterns = (addresses) => addresses.map(hostPattern).filter((pattern) => pattern !== null);

async function showCompanion() {
  /** @type {CompanionOverview} */
  const companion = await ask({ type: "companion-overview" });
  must("#dot", HTMLElement).dataset.state = companion.state;
  must("#companion-title", HTMLElement).textContent = companionTitle(companion);
  must("#companion-advice", HTMLElement).textContent = companionAdvice(companion);
  must("#history", HTMLElement).hidden = Boolean(companion.address);
  must("#setup", HTMLButtonElement).hidden = companion.state === "ready" || companion.state === "paused";
}

async function showPage() {
  const state = tab?.id === undefined ? null : await pageState(tab.id);
  const found = LEVELS.filter((level) => state?.counts[level]);
  const items = found.map((level) => {
    const icon = naturalTrace.icons.draw(level);
    icon.style.color = `var(--nt-${level})`;
    return el("li", {}, icon, `${text(`badge_${level}`)} `, el("strong", {}, number.format(state?.counts[level] ?? 0)));
  });
  must("#counts", HTMLElement).replaceChildren(...items);
  const checked = found.reduce((sum, level) => sum + (state?.counts[level] ?? 0), 0);
  const lines = [];
  if (state?.problem) lines.push(text(`problem_${state.problem}`));
  if (state?.waiting && !state.problem) lines.push(plural("popup_waiting", state.waiting));
  if (checked) lines.push(plural("popup_checked", checked));
  const note = must("#page-note", HTMLElement);
  if (note.textContent !== lines.join(" · ")) note.textContent = lines.join(" · ");
  showRefused(state?.refusedHosts ?? []);
}

/** @param {string[]} hosts */
function showRefused(hosts) {
  refused = hosts;
  must("#refused", HTMLElement).hidden = hosts.length === 0;
  const names = hosts.map((origin) => new URL(origin).hostname);
  must("#refused-hosts", HTMLElement).textContent = hosts.length ? text("popup_hosts", listed(names)) : "";
}

async function showSite() {
  const { sites, paused, givenSites, sitesOnly } = await settings();
  pause.textContent = text(paused ? "popup_resume" : "popup_pause");
  pause.setAttribute("aria-pressed", String(paused));
  must("#paused-note", HTMLElement).hidden = !paused;
  must("#site", HTMLElement).hidden = !site;
  if (!site) return;
  must("#site-title", HTMLElement).textContent = text("popup_site", site.name);
  const given = givenSites.includes(site.id);
  const allowed = await api.permissions.contains({ origins: site.pages });
  siteSwitch.checked = sites.includes(site.id) && allowed;
  siteSwitch.disabled = given ? siteSwitch.checked : sitesOnly;
  const note = siteSwitch.checked ? "popup_site_on" : "popup_site_off";
  const givenNote = siteSwitch.checked ? "popup_given" : "popup_given_ask";
  must("#site-note", HTMLElement).textContent = text(given ? givenNote : sitesOnly ? "popup_not_given" : note);
}

siteSwitch.addEventListener("change", async () => {
  if (!site) return;
  if (siteSwitch.checked) {
    const { id, pages, images } = site;
    // Asked before anything is awaited: browsers answer only while they handle the user's click. The wish is kept at the
    // same time, for Chromium closes this popup when it asks, and the background goes on from there.
    const [granted] = await Promise.all([
      api.permissions.request({ origins: [...new Set([...pages, ...images, ...patterns(origins)])] }),
      turnSite(id, true),
    ]);
    if (!granted) await turnSite(id, false);
  } else await turnSite(site.id, false);
  await showSite();
});

allow.addEventListener("click", () => void api.permissions.request({ origins: patterns(refused) }));
must("#check-page", HTMLButtonElement).addEventListener("click", async () => {
  if (tab?.id !== undefined) await ask({ type: "start-in-tab", tabId: tab.id });
  await showPage();
});
pause.addEventListener("click", async () => {
  const { paused } = await settings();
  await changeSettings({ paused: !paused });
  await showSite();
});
must("#options", HTMLButtonElement).addEventListener("click", () => api.runtime.openOptionsPage());
must("#history", HTMLButtonElement).addEventListener("click", async () => {
  await api.tabs.create({ url: api.runtime.getURL("history/history.html") });
  window.close();
});
must("#setup", HTMLButtonElement).addEventListener("click", async () => {
  await ask({ type: "open-welcome" });
  window.close();
});

localise();
await Promise.all([showCompanion(), showSite(), showPage()]);
document.documentElement.dataset.ready = "true"; // All is in its place.
if (tab?.id !== undefined && site && site.images.length === 0) origins = await imageOrigins(tab.id);
setInterval(() => void showPage(), LOOK_EVERY_MS);
