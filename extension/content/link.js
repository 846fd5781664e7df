// Messages to the background, and what it keeps for every page.

/**
 * @typedef {{
 *   ask: (message: {type: string} & Record<string, unknown>) => Promise<any>,
 *   text: (key: string, ...values: (string | number)[]) => string,
 *   direction: () => "ltr" | "rtl",
 *   url: (path: string) => string,
 *   alive: () => boolean,
 *   onMessage: (handler: (message: any) => unknown, signal: AbortSignal) => void,
 *   onSettings: (handler: () => void, signal: AbortSignal) => void,
 *   targetElement: (id: number | undefined) => Element | null,
 * }} LinkApi
 */

(() => {
  const api = globalThis.browser ?? globalThis.chrome;

  /** False once the extension was updated or removed: this script lives on in the page, cut off from its background. */
  const alive = () => Boolean(api.runtime?.id);

  /** @type {LinkApi["ask"]} */
  async function ask(message) {
    if (!alive()) {
      naturalTrace.end?.();
      return { problem: { code: "extension_reloaded" } };
    }
    const answer = await api.runtime.sendMessage(message);
    if (answer?.failed) throw new Error(answer.failed);
    return answer;
  }

  /** @type {LinkApi["text"]} */
  const text = (key, ...values) => (alive() ? api.i18n.getMessage(key, values.map(String)) : "");

  naturalTrace.link = {
    ask,
    alive,
    text,
    // Of the words that are shown; the page's own may be another one.
    direction: () => (/^(ar|fa|he|ur)\b/.test(text("language_tag")) ? "rtl" : "ltr"),
    url: (path) => api.runtime.getURL(path),
    onMessage(handler, signal) {
      /** @type {(message: any, sender: unknown, reply: (answer: unknown) => void) => boolean} */
      const listener = (message, _sender, reply) => {
        Promise.resolve(handler(message)).then(
          (answer) => reply(answer ?? {}),
          (error) => reply({ failed: String(error) }),
        );
        return true;
      };
      api.runtime.onMessage.addListener(listener);
      signal.addEventListener("abort", () => alive() && api.runtime.onMessage.removeListener(listener));
    },
    onSettings(handler, signal) {
      /** @param {Record<string, unknown>} changes */
      const listener = (changes) => {
        if (changes.settings) handler();
      };
      api.storage.onChanged.addListener(listener);
      signal.addEventListener("abort", () => alive() && api.storage.onChanged.removeListener(listener));
    },
    targetElement(id) {
      // Firefox can say which element a menu was opened on.
      const { menus } = /** @type {any} */ (api);
      return id === undefined ? null : (menus?.getTargetElement?.(id) ?? null);
    },
  };
})();
