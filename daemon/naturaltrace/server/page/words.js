// The page's words, in the reader's language. Elements name theirs by data-t, labels by data-t-label.

const LANGUAGES = ["en", "es", "fr", "de", "pt_BR", "ja", "zh_CN"];

let words = /** @type {Record<string, string>} */ ({});
let tag = "en";

/** The language in use, as a tag such as "pt-BR". */
export const language = () => tag;

/** @param {string} wanted a language tag @returns {string} the best of LANGUAGES, English where there is none */
export function choose(wanted) {
  const name = wanted.replace("-", "_").toLowerCase();
  const exact = LANGUAGES.find((known) => known.toLowerCase() === name);
  return exact ?? LANGUAGES.find((known) => known.split("_")[0] === name.split("_")[0]) ?? "en";
}

/** Load a language and put it into the page. @param {string} wanted "auto" follows the browser */
export async function speak(wanted) {
  const name = choose(wanted === "auto" ? navigator.language : wanted);
  tag = name.replace("_", "-");
  words = await (await fetch(`/words/${name}.json`)).json();
  document.documentElement.lang = tag;
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.t ?? "");
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(/** @type {HTMLElement} */ (element).dataset.tLabel ?? ""));
  }
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * What people call the devices of `naturaltrace.detection.runtime.devices`.
 * @type {Record<string, string | undefined>}
 */
const DEVICES = {
  cpu: "CPU",
  cuda: "NVIDIA (CUDA)",
  directml: "DirectML",
  coreml: "Core ML",
  openvino: "OpenVINO",
  torch: "PyTorch",
};

/** @param {string} name */
export const deviceName = (name) => (name === "auto" ? t("device_auto") : (DEVICES[name] ?? name));

/** @param {number} value */
export const number = (value) => value.toLocaleString(tag);

/** @param {number} share 0..1 @param {number} [digits] */
export const percent = (share, digits = 0) =>
  share.toLocaleString(tag, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {number} bytes */
export function size(bytes) {
  const units = /** @type {const} */ (["byte", "kilobyte", "megabyte", "gigabyte"]);
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unit = units[step];
  return (bytes / 1000 ** step).toLocaleString(tag, { style: "unit", unit, maximumFractionDigits: step > 1 ? 1 : 0 });
}

/** @param {number} seconds since 1970 */
export const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString(tag, { dateStyle: "medium", timeStyle: "short" });
