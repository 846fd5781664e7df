// Just enough of a browser's extension API for modules that touch it when they load.

/** @returns {{storage: Record<string, any>}} what was stored */
export function fakeBrowser() {
  /** @type {Record<string, any>} */
  const storage = {};
  /** @param {Record<string, any>} values */
  const area = (values) => ({
    get: async (/** @type {string} */ key) => (key in values ? { [key]: values[key] } : {}),
    set: async (/** @type {Record<string, any>} */ change) => void Object.assign(values, change),
  });
  /** @type {any} */ (globalThis).browser = {
    storage: { local: area(storage), session: area({}) },
    i18n: { getMessage: (/** @type {string} */ key) => key, getUILanguage: () => "en" },
    runtime: { id: "test", getURL: (/** @type {string} */ path) => `test://extension/${path}` },
  };
  return { storage };
}
