// A companion that several people share: its address, what then leaves this computer, and the way back.

import { cleanAddress, cleanToken } from "../shared/address.js";
import { api, ask, text } from "../shared/browser.js";
import { cleanCode } from "../shared/code.js";
import { must } from "../shared/dom.js";
import { say } from "./say.js";

const details = must("#shared-details", HTMLDetailsElement);
const form = must("#shared-form", HTMLFormElement);
const address = must("#address", HTMLInputElement);
const secret = must("#secret", HTMLInputElement);
const status = must("#shared-status", HTMLElement);
const tryIt = must("#shared-try", HTMLAnchorElement);
const open = must("#shared-open", HTMLAnchorElement);

/** @param {string} at */
const health = (at) => `${at}/v1/health`;

/** @param {CompanionState} companion */
export function showShared({ state, address: at, given }) {
  must("#shared-now", HTMLElement).hidden = !at;
  details.hidden = Boolean(at) && state === "ready";
  must("#shared-back", HTMLElement).hidden = given === true;
  must("#shared-given", HTMLElement).hidden = given !== true;
  open.hidden = state !== "missing";
  if (!at) return;
  open.href = health(at);
  must("#shared-leaves-now", HTMLElement).textContent = text("shared_privacy_line", at);
  address.readOnly = given === true;
  if (given || !address.value) address.value = at;
}

/**
 * @param {string} words
 * @param {HTMLInputElement} [field] where it is to be mended
 */
function complain(words, field) {
  say(status, "bad", words);
  field?.focus();
  // It stands below what the user typed and clicked, which may be where the window ends.
  status.scrollIntoView({ block: "nearest" });
}

/** @returns {{where: import("../shared/address.js").Address, secret: {code: string} | {token: string}} | null} */
function typed() {
  const where = cleanAddress(address.value);
  const [code, token] = [cleanCode(secret.value), cleanToken(secret.value)];
  if (where === "plain") complain(text("shared_plain"), address);
  else if (!where) complain(text("shared_address_wrong"), address);
  else if (token) return { where, secret: { token } };
  else if (code) return { where, secret: { code } };
  else complain(text("shared_secret_wrong"), secret);
  return null;
}

/** @param {() => Promise<void>} look the page's look at the companion */
export function startShared(look) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    tryIt.hidden = true;
    const given = typed();
    if (!given) return;
    // Asked before anything is awaited: browsers answer only while they handle the user's click.
    const granted = await api.permissions.request({ origins: [given.where.pattern] });
    if (!granted) return complain(text("advice_shared_no_permission"));
    say(status, "wait", text("pairing"));
    const { problem } = await ask({ type: "companion-share", ...given });
    if (problem) {
      complain(`${text(`problem_${problem.code}`)}. ${text(`advice_${problem.code}`)}`);
      tryIt.hidden = problem.code !== "shared_unreachable";
      tryIt.href = health(given.where.address);
      return;
    }
    status.replaceChildren();
    status.dataset.tone = "";
    form.reset();
    details.open = false;
    await look();
  });
  must("#shared-back", HTMLButtonElement).addEventListener("click", async () => {
    await ask({ type: "companion-share-no-more" });
    form.reset();
    await look();
  });
}
