// Just enough of a browser's extension API for modules that touch it when they load.

/**
 * @param {{listening?: (message: any) => unknown}} [options] `listening`: the page's answer to messages
 * @returns {{storage: Record<string, any>, session: Record<string, any>,
 *   manage: (values: Record<string, unknown> | null) => void, granted: Set<string>}}
 *   what was stored. `manage`: what an administrator has set; null where reading it fails, as in Firefox without one.
 *   `granted`: the match patterns that the user has permitted.
 */
export function fakeBrowser({ listening = () => ({}) } = {}) {
  /** @type {Record<string, unknown> | null} */
  let managed = null;
  /** @type {Record<string, any>} */
  const storage = {};
  /** @type {Record<string, any>} */
  const session = {};
  /** @param {Record<string, any>} values */
  const area = (values) => ({
    get: async (/** @type {string | null} */ key) =>
      key === null ? { ...values } : key in values ? { [key]: values[key] } : {},
    set: async (/** @type {Record<string, any>} */ change) => void Object.assign(values, change),
    remove: async (/** @type {string | string[]} */ keys) => {
      for (const key of [keys].flat()) delete values[key];
    },
  });
  /** @type {Set<string>} */
  const granted = new Set();
  /** @typedef {{origins: string[]}} Origins */
  /** @type {any} */ (globalThis).browser = {
    permissions: {
      contains: async (/** @type {Origins} */ { origins }) => origins.every((each) => granted.has(each)),
      remove: async (/** @type {Origins} */ { origins }) => origins.every((each) => granted.delete(each)),
    },
    storage: {
      local: area(storage),
      session: area(session),
      managed: { get: async () => (managed === null ? Promise.reject(new Error("no manifest")) : managed) },
    },
    i18n: { getMessage: (/** @type {string} */ key) => key, getUILanguage: () => "en" },
    runtime: { id: "test", getURL: (/** @type {string} */ path) => `test://extension/${path}` },
    tabs: {
      get: async (/** @type {number} */ id) => ({ id, active: true }),
      sendMessage: async (/** @type {number} */ _tab, /** @type {any} */ message) => listening(message),
    },
  };
  return {
    storage,
    session,
    granted,
    manage: (values) => {
      managed = values;
    },
  };
}
