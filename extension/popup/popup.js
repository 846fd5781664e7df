// The toolbar popup: is the companion there, what was found on this page, is this site on.

import { api, ask, text } from "../shared/browser.js";
import { el, localise, must } from "../shared/dom.js";
import { LEVELS } from "../shared/levels.js";
import { changeSettings, settings, turnSite } from "../shared/settings.js";
import { siteOf } from "../shared/sites.js";

const LOOK_EVERY_MS = 1000;

const siteSwitch = must("#site-switch", HTMLInputElement);
const pause = must("#pause", HTMLButtonElement);

/** The tab that the popup belongs to; tests name another one in the address. */
const asked = Number(new URLSearchParams(location.search).get("tab"));
const [active] = await api.tabs.query({ active: true, currentWindow: true });
const tab = asked ? await api.tabs.get(asked) : active;
const site = siteOf(tab?.url ?? "");

async function showCompanion() {
  /** @type {CompanionState} */
  const companion = await ask({ type: "companion-state" });
  must("#dot", HTMLElement).dataset.state = companion.state;
  must("#companion-title", HTMLElement).textContent = text(`companion_${companion.state}`);
  must("#companion-advice", HTMLElement).textContent = text(`companion_${companion.state}_more`, companion.port ?? "");
  must("#setup", HTMLButtonElement).hidden = companion.state === "ready";
}

/** @returns {Promise<PageState | null>} null where no script of ours runs */
async function pageState() {
  if (tab?.id === undefined) return null;
  return api.tabs.sendMessage(tab.id, { type: "page-state" }, { frameId: 0 }).catch(() => null);
}

async function showPage() {
  const state = await pageState();
  const items = LEVELS.filter((level) => state?.counts[level]).map((level) => {
    const icon = naturalTrace.icons.draw(level);
    icon.style.color = `var(--nt-${level})`;
    return el("li", {}, icon, `${text(`badge_${level}`)} `, el("strong", {}, String(state?.counts[level])));
  });
  must("#counts", HTMLElement).replaceChildren(...items);
  const note = must("#page-note", HTMLElement);
  if (state?.problem) note.textContent = text(`problem_${state.problem}`);
  else note.textContent = state?.waiting ? text("popup_waiting", state.waiting) : "";
}

async function showSite() {
  const { sites, paused } = await settings();
  pause.textContent = text(paused ? "popup_resume" : "popup_pause");
  pause.setAttribute("aria-pressed", String(paused));
  must("#site", HTMLElement).hidden = !site;
  if (!site) return;
  must("#site-title", HTMLElement).textContent = text("popup_site", site.name);
  const allowed = await api.permissions.contains({ origins: site.pages });
  siteSwitch.checked = sites.includes(site.id) && allowed;
  must("#site-note", HTMLElement).textContent = text(siteSwitch.checked ? "popup_site_on" : "popup_site_off");
}

siteSwitch.addEventListener("change", async () => {
  if (!site) return;
  if (siteSwitch.checked) {
    // Asked before anything is awaited: browsers answer only while they handle the user's click. The wish is kept at the
    // same time, for Chromium closes this popup when it asks, and the background goes on from there.
    const [granted] = await Promise.all([
      api.permissions.request({ origins: [...site.pages, ...site.images] }),
      turnSite(site.id, true),
    ]);
    if (!granted) await turnSite(site.id, false);
  } else await turnSite(site.id, false);
  await showSite();
});

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
must("#setup", HTMLButtonElement).addEventListener("click", async () => {
  await ask({ type: "open-welcome" });
  window.close();
});

localise();
await Promise.all([showCompanion(), showSite(), showPage()]);
setInterval(() => void showPage(), LOOK_EVERY_MS);
