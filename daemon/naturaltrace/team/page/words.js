// The page's words, in the reader's language. Elements name theirs by data-t.

const LANGUAGES = ["en", "es", "fr", "de", "pt_BR", "ja", "zh_CN"];

let words = {};
/** How dates are written: the reader's own way where the page speaks their language. */
let region = "en";

/** @param {string} wanted a language tag @returns {string} the best of LANGUAGES, English where there is none */
export function choose(wanted) {
  const name = wanted.replace("-", "_").toLowerCase();
  const exact = LANGUAGES.find((known) => known.toLowerCase() === name);
  return exact ?? LANGUAGES.find((known) => known.split("_")[0] === name.split("_")[0]) ?? "en";
}

export async function speak() {
  const name = choose(navigator.language);
  const tag = name.replace("_", "-");
  region = navigator.language.split("-")[0] === tag.split("-")[0] ? navigator.language : tag;
  words = await (await fetch(`/admin/words/${name}.json`)).json();
  document.documentElement.lang = tag;
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {string} key @param {string} otherwise what to say where the key has no word */
export const tOr = (key, otherwise) => words[key] ?? otherwise;

/** @param {string} iso */
export const day = (iso) => new Date(iso).toLocaleDateString(region, { dateStyle: "medium" });

/** @param {string} iso */
export const moment = (iso) => new Date(iso).toLocaleString(region, { dateStyle: "short", timeStyle: "medium" });
