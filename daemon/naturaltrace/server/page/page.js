// The settings page: what it shows it asks the daemon for, and what it changes the daemon changes.

import { attempt, begin, call, Refused, tellTrouble } from "./api.js";
import { listenForBrowsers, showBrowsers, showCode } from "./browsers.js";
import { listenForChecks } from "./check.js";
import { showModel } from "./model.js";
import { listenForPast, showPast } from "./past.js";
import { listenForSettings, showChoices, showSettings } from "./settings.js";
import { by, say } from "./show.js";
import { listenForState, showState } from "./state.js";
import { listenForStorage, showStorage } from "./storage.js";
import { listenForTaught, showTaught } from "./taught.js";
import { listenForTrust, showTrust } from "./trust.js";
import { speak, t } from "./words.js";

const LOOK_EVERY_MS = 4000;

/** @param {string} why */
function lock(why) {
  by("open").hidden = true;
  by("quick").hidden = true;
  by("locked").hidden = false;
  if (why) by("locked-why").textContent = why;
  by("status").dataset.state = "locked";
  by("status").textContent = t("locked");
}

/** A session that has ended locks the page, anything else is said. @param {unknown} error */
function trouble(error) {
  if (error instanceof Refused && error.status === 401) lock(t("session_ended"));
  else if (error instanceof Refused) say(error.message);
  else {
    by("status").dataset.state = "problem";
    by("status").textContent = t("no_answer");
  }
}

async function showAll() {
  showChoices(await showModel());
  const shown = [showState(), showSettings(), showBrowsers(), showCode(), showStorage(), showTaught(), showTrust()];
  await Promise.all([...shown, showPast()]);
}

async function watch() {
  if (document.visibilityState !== "visible" || by("open").hidden) return;
  await Promise.all([showState(), showBrowsers(), showCode(), showStorage()]);
}

async function start() {
  await speak("auto");
  by("status").textContent = t("connecting");
  tellTrouble(trouble);
  const section = await begin();
  await speak((await call("GET", "/v1/settings")).language);
  await showState();
  by("open").hidden = false;
  listenForChecks();
  listenForPast();
  listenForState();
  listenForSettings(showAll);
  listenForBrowsers();
  listenForStorage(showAll);
  listenForTaught();
  listenForTrust();
  await attempt(showAll);
  if (section) by(section)?.scrollIntoView();
  document.addEventListener("visibilitychange", () => void attempt(watch));
  setInterval(() => void attempt(watch), LOOK_EVERY_MS);
}

try {
  await start();
} catch (error) {
  lock(error instanceof Refused && error.status !== 401 ? error.message : "");
}
document.documentElement.dataset.ready = "true";
