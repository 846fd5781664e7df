// The background's only entry. Listeners are registered at once: the worker is woken by the events they listen to.
// It may be stopped at any moment, so nothing that matters lives in a variable.

import { api, onMessage } from "../shared/browser.js";
import { changeSettings, settings } from "../shared/settings.js";
import { cancelCheck, checkFor } from "./check.js";
import {
  changeCompanionSettings,
  companionSettings,
  forgetAllPast,
  forgetPast,
  giveFeedback,
  pair,
  shareNoMore,
  shareWith,
  unpair,
} from "./client.js";
import { onCommand } from "./commands.js";
import { companionState, distrust, remember } from "./companion.js";
import { createMenu, onMenuClicked } from "./menu.js";
import { overview } from "./overview.js";
import { dropPanels, openPanel, openReport, panelFor, tellOwner } from "./panels.js";
import { pastPage, pastReport } from "./past.js";
import { picturesFor } from "./pictures.js";
import { problemOf } from "./problem.js";
import { forgetRecent } from "./recent.js";
import { findAgain, registerSites, startInTab } from "./sites.js";

/**
 * What went wrong becomes an answer that a page can put into words.
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T | {problem: Problem}>}
 */
const orProblem = (work) => work.catch((error) => ({ problem: problemOf(error) }));

/** @param {Promise<unknown>} work whose result is nobody's business */
const done = (work) => orProblem(work.then(() => ({})));

/** @param {Promise<unknown>} work after which verdicts may be others */
const andForget = (work) => orProblem(work.finally(forgetRecent));

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
  "panel-pictures": { from: "page", answer: (m, sender) => orProblem(picturesFor(m.key, sender)) },
  "report-open": { from: "page", answer: (m, sender) => openReport(m.key, sender) },
  "past-page": { from: "page", answer: (m) => orProblem(pastPage(m.query)) },
  "past-report": { from: "page", answer: (m) => orProblem(pastReport(m.id)) },
  "past-forget": { from: "page", answer: (m) => done(forgetPast(m.id)) },
  "past-forget-all": { from: "page", answer: () => andForget(forgetAllPast()) },
  feedback: {
    from: "page",
    answer: (m, sender) => done(giveFeedback(m.verdict, m.says, sender.tab?.incognito ?? false)),
  },
  "companion-state": { from: "any", answer: () => companionState() },
  "companion-overview": { from: "page", answer: () => overview() },
  "companion-settings": { from: "page", answer: () => orProblem(companionSettings()) },
  "companion-settings-change": { from: "page", answer: (m) => andForget(changeCompanionSettings(m.change)) },
  "companion-port": { from: "page", answer: (m) => usePort(m.port) },
  "companion-pair": { from: "page", answer: (m) => done(pair(m.code)) },
  "companion-share": { from: "page", answer: (m) => done(shareWith(m.where, m.secret)) },
  "companion-share-no-more": { from: "page", answer: () => done(shareNoMore()) },
  "companion-forget": { from: "page", answer: () => unpair() },
  "recent-forget": { from: "page", answer: () => forgetRecent() },
  "open-welcome": { from: "any", answer: () => openWelcome() },
};

/** @param {number | null} port null: look in the usual range */
async function usePort(port) {
  distrust();
  await forgetRecent();
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
api.commands.onCommand.addListener((command, tab) => void onCommand(command, tab));

// A closed tab, a private one above all, leaves nothing of its images behind.
api.tabs.onRemoved.addListener((tabId) => void dropPanels(tabId));

// What the user permits or takes back, wherever they do so, decides where scripts run.
api.permissions.onAdded.addListener(() => void registerSites().then(findAgain));
api.permissions.onRemoved.addListener(() => void registerSites());
api.storage.onChanged.addListener((changes, area) => {
  if (changes.settings || area === "managed") void registerSites();
});

api.runtime.onInstalled.addListener((details) => {
  createMenu();
  void registerSites(details.reason === "update");
  if (details.reason === "install") void openWelcome();
});
