// The background's only entry. Listeners are registered at once: the worker is woken by the events they listen to.
// It may be stopped at any moment, so nothing that matters lives in a variable.

import { api, onMessage } from "../shared/browser.js";
import { changeSettings, settings } from "../shared/settings.js";
import { cancelCheck, checkFor } from "./check.js";
import { giveFeedback, pair, unpair } from "./client.js";
import { companionState, distrust, remember } from "./companion.js";
import { createMenu, onMenuClicked } from "./menu.js";
import { dropPanels, openPanel, panelFor, tellOwner } from "./panels.js";
import { problemOf } from "./problem.js";
import { forgetRecent } from "./recent.js";
import { registerSites, startInTab } from "./sites.js";

/**
 * What may be asked, and by whom. "page": only the extension's own pages. "any": content scripts too.
 * @type {Record<string, {from: "page" | "any",
 *   answer: (message: any, sender: chrome.runtime.MessageSender) => Promise<unknown>}>}
 */
const answers = {
  "check-image": { from: "any", answer: (m, sender) => checkFor(m, sender) },
  "check-cancel": { from: "any", answer: (m, sender) => cancelCheck(m.id, sender) },
  "view-settings": { from: "any", answer: () => settings() },
  "settings-change": { from: "page", answer: (m) => changeSettings(m.change) },
  "start-in-tab": { from: "page", answer: (m) => startInTab(m.tabId) },
  "panel-open": { from: "any", answer: (m, sender) => openPanel(m.outcome, m.url, sender) },
  "panel-get": { from: "page", answer: (m, sender) => panelFor(m.key, sender) },
  "panel-tell": { from: "page", answer: (m, sender) => tellOwner(m.key, m.message, sender) },
  feedback: {
    from: "page",
    answer: (m, sender) =>
      giveFeedback(m.verdict, m.says, sender.tab?.incognito ?? false).then(
        () => ({}),
        (error) => ({ problem: problemOf(error) }),
      ),
  },
  "companion-state": { from: "any", answer: () => companionState() },
  "companion-port": { from: "page", answer: (m) => usePort(m.port) },
  "companion-pair": {
    from: "page",
    answer: (m) =>
      pair(m.code).then(
        () => ({}),
        (error) => ({ problem: problemOf(error) }),
      ),
  },
  "companion-forget": { from: "page", answer: () => unpair() },
  "open-welcome": { from: "any", answer: () => openWelcome() },
};

/** @param {number | null} port null: look in the usual range */
async function usePort(port) {
  distrust();
  forgetRecent();
  await remember({ fixedPort: port, port: null });
}

async function openWelcome() {
  await api.tabs.create({ url: api.runtime.getURL("welcome/welcome.html") });
}

onMessage((message, sender) => {
  const entry = answers[message?.type];
  if (!entry || sender.id !== api.runtime.id) return undefined;
  const ownPage = sender.url?.startsWith(api.runtime.getURL(""));
  if (entry.from === "page" && !ownPage) return undefined;
  return entry.answer(message, sender);
});

api.contextMenus.onClicked.addListener((info, tab) => void onMenuClicked(info, tab));

// A closed tab, a private one above all, leaves nothing of its images behind.
api.tabs.onRemoved.addListener((tabId) => void dropPanels(tabId));

// What the user permits or takes back, wherever they do so, decides where scripts run.
api.permissions.onAdded.addListener(() => void registerSites());
api.permissions.onRemoved.addListener(() => void registerSites());
api.storage.onChanged.addListener((changes) => changes.settings && void registerSites());

api.runtime.onInstalled.addListener((details) => {
  createMenu();
  void registerSites();
  if (details.reason === "install") void openWelcome();
});
