// The one place that knows the browsers apart. Everything else imports from here.

/**
 * Firefox calls the API `browser`, Chromium `chrome`; both return promises under Manifest V3.
 * @type {typeof chrome}
 */
export const api = /** @type {any} */ (globalThis).browser ?? /** @type {any} */ (globalThis).chrome;

const agent = globalThis.navigator?.userAgent ?? "";

/** The name that the companion shows beside this pairing. */
export const browserName = agent.includes("Firefox/")
  ? "Firefox"
  : agent.includes("Edg/")
    ? "Edge"
    : agent.includes("OPR/")
      ? "Opera"
      : "Chrome";

/**
 * @param {string} key
 * @param {(string | number)[]} values
 */
export function text(key, ...values) {
  return api.i18n.getMessage(
    key,
    values.map((value) => String(value)),
  );
}

/** The language of the words that are shown, which may not be the browser's own: not every language is translated. */
export const language = () => text("language_tag") || "en";

/**
 * A message that counts something: `key_one`, `key_other`, whichever the language wants for this number.
 * @param {string} key
 * @param {number} count
 * @param {(string | number)[]} values what follows the number
 */
export function plural(key, count, ...values) {
  const number = new Intl.NumberFormat(language()).format(count);
  const form = new Intl.PluralRules(language()).select(count);
  return text(`${key}_${form}`, number, ...values) || text(`${key}_other`, number, ...values);
}

/**
 * Answers runtime messages. Chromium wants `sendResponse` and `true`, which Firefox accepts too.
 * @param {(message: any, sender: chrome.runtime.MessageSender) => Promise<unknown> | undefined} handler
 *   returns undefined for messages that are not its own.
 */
export function onMessage(handler) {
  api.runtime.onMessage.addListener((message, sender, sendResponse) => {
    const answer = handler(message, sender);
    if (!answer) return false;
    answer.then(sendResponse, (error) => sendResponse({ failed: String(error) }));
    return true;
  });
}

/**
 * Asks the background.
 * @param {{type: string} & Record<string, unknown>} message
 * @returns {Promise<any>}
 */
export async function ask(message) {
  const answer = await api.runtime.sendMessage(message);
  if (answer?.failed) throw new Error(answer.failed);
  return answer;
}
