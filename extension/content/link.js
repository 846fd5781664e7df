// Messages to the background.

/**
 * @typedef {{
 *   ask: (message: {type: string} & Record<string, unknown>) => Promise<any>,
 *   text: (key: string, ...values: (string | number)[]) => string,
 *   url: (path: string) => string,
 *   alive: () => boolean,
 *   onMessage: (handler: (message: any) => unknown, signal: AbortSignal) => void,
 * }} LinkApi
 */

(() => {
  const api = globalThis.browser ?? globalThis.chrome;

  /** False once the extension was updated or removed: this script lives on in the page, cut off from its background. */
  const alive = () => Boolean(api.runtime?.id);

  /** @type {LinkApi["ask"]} */
  async function ask(message) {
    if (!alive()) return { problem: { code: "extension_reloaded" } };
    const answer = await api.runtime.sendMessage(message);
    if (answer?.failed) throw new Error(answer.failed);
    return answer;
  }

  naturalTrace.link = {
    ask,
    alive,
    text: (key, ...values) =>
      alive()
        ? api.i18n.getMessage(
            key,
            values.map((value) => String(value)),
          )
        : "",
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
      signal.addEventListener("abort", () => api.runtime.onMessage.removeListener(listener));
    },
  };
})();
