// Small pieces of the page. Text is only ever set as text: nothing that a file or a page says becomes markup.

/** @param {string} id @returns {any} */
export const by = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {HTMLElement} list a `<dl>` @param {[term: string, text: string, note?: string][]} rows */
export function definitions(list, rows) {
  const row = (/** @type {[string, string, string?]} */ [term, text, note]) =>
    make("div", {}, make("dt", {}, term), make("dd", {}, text, note ? make("span", { class: "small" }, note) : ""));
  list.replaceChildren(...rows.map(row));
}

/** Say something for a moment, where a screen reader hears it too. @param {string} text */
export function say(text) {
  by("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => {
    by("said").textContent = "";
  }, 4000);
}
say.timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
