// Small helpers for the extension's own pages.

import { language, text } from "./browser.js";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | ((event: Event) => void)>} [attributes] `on…` functions become listeners
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(
    ...children
      .filter((child) => child instanceof Node || (typeof child === "string" && child !== ""))
      .map((c) => /** @type {Node | string} */ (c)),
  );
  return element;
}

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: any[]) => T} type
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function must(selector, type, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`no ${type.name} at ${selector}`);
  return found;
}

/**
 * Fills `data-i18n="key"` (text) and `data-i18n-label="key"` (aria-label), and sets language and direction.
 * @param {Document} [doc]
 */
export function localise(doc = document) {
  doc.documentElement.lang = language();
  doc.documentElement.dir = /^(ar|fa|he|ur)\b/.test(language()) ? "rtl" : "ltr";
  for (const element of doc.querySelectorAll("[data-i18n]"))
    element.textContent = text(element.getAttribute("data-i18n") ?? "");
  for (const element of doc.querySelectorAll("[data-i18n-label]"))
    element.setAttribute("aria-label", text(element.getAttribute("data-i18n-label") ?? ""));
  for (const element of doc.querySelectorAll("[data-icon]"))
    element.replaceChildren(naturalTrace.icons.draw(/** @type {any} */ (element.getAttribute("data-icon"))));
}

/**
 * Never "100 %" or "0 %": the number is an estimate.
 * @param {number} share 0…1
 */
export function modest(share) {
  return Math.min(0.99, Math.max(0.01, share));
}

/** @param {number} share 0…1 */
export function percent(share) {
  return new Intl.NumberFormat(language(), { style: "percent" }).format(modest(share));
}

/** @param {number} at milliseconds since 1970 */
export function moment(at) {
  return new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" }).format(at);
}

/**
 * Several things in one sentence, as the language joins them.
 * @param {string[]} things
 */
export function listed(things) {
  return new Intl.ListFormat(language(), { type: "conjunction" }).format(things);
}
