// The image with the map of where its pixels look generated laid over it, and the regions that the evidence points at.

import { text } from "./browser.js";
import { el, percent } from "./dom.js";
import { regionsOf } from "./evidence.js";

/** The map's own file is clearer still where it says less, so that anything below would hide what it does say. */
const FIRST_OPACITY = 0.9;
/** A picture is enlarged by this at most: more shows only blur. */
const MOST_ENLARGED = 1.5;
/** Narrower than this nothing could be pointed out. CSS pixels. */
const LEAST_WIDTH = 200;
/** Below this share a layer can't be told from none. */
const SEEN_FROM = 0.06;

/** @typedef {import("../background/pictures.js").Pictures} Pictures */

/** @param {Verdict} verdict whether there is anything to draw over the image */
export const hasMap = (verdict) => verdict.heatmap !== null || regionsOf(verdict).length > 0;

/**
 * @param {Verdict} verdict
 * @param {Pictures} pictures
 * @returns {HTMLElement}
 */
export function heatMap(verdict, pictures) {
  const { width, height } = verdict.image;
  const stack = el("div", { class: "stack" });
  stack.style.aspectRatio = `${width} / ${height}`;
  // What is taller than wide would fill the screen, and what is small would be nothing but blur.
  const limit = (/** @type {number} */ pixels) => {
    const widest = Math.max(pixels * MOST_ENLARGED, LEAST_WIDTH);
    stack.style.maxInlineSize = `min(var(--map-height) * ${width / height}, ${widest}px)`;
  };
  limit(width);
  stack.style.setProperty("--map-opacity", String(FIRST_OPACITY));
  if (pictures.preview) {
    const picture = el("img", { class: "picture", src: pictures.preview, alt: text("map_picture") });
    // Of a past check only a small picture is kept.
    picture.addEventListener("load", () => limit(Math.min(width, picture.naturalWidth)));
    stack.append(picture);
  }
  if (pictures.heatmap) stack.append(el("img", { class: "heat", src: pictures.heatmap, alt: text("map_heat") }));
  const regions = regionsOf(verdict);
  const boxes = regions.map((region, i) => box(region, i + 1));
  stack.append(...boxes);
  const clear = el("span");
  if (pictures.heatmap) void isClear(pictures.heatmap).then((is) => is && clear.append(`${text("map_clear")} `));
  return el(
    "figure",
    { class: "map" },
    (pictures.preview || pictures.heatmap || boxes.length > 0) && stack,
    pictures.heatmap && slider(stack),
    pictures.heatmap && legend(pictures.heatmap),
    el("figcaption", { class: "small quiet" }, clear, ...captions(verdict, pictures)),
    regionList(regions),
  );
}

/**
 * @param {import("./evidence.js").Region} region
 * @param {number} number
 */
function box({ x, y, width, height }, number) {
  const mark = el("span", { class: "region", "aria-hidden": "true" }, String(number));
  Object.assign(mark.style, {
    left: `${x * 100}%`,
    top: `${y * 100}%`,
    width: `${width * 100}%`,
    height: `${height * 100}%`,
  });
  return mark;
}

/**
 * What the colours mean: the map's own file says it, in a text chunk of "chance=#rrggbb" pairs.
 * @param {string} map a data address
 * @returns {string[]} from low to high; empty where it says nothing
 */
export function legendOf(map) {
  const start = map.indexOf(",") + 1;
  // The chunk stands before the pixels. Base64 comes in fours, and so does 4096.
  const head = atob(map.slice(start, start + 4096));
  const words = /tEXtLegend\0([\d.=#a-f ]+)/.exec(head)?.[1] ?? "";
  return [...words.matchAll(/[\d.]+=(#[\da-f]{6})/g)].map((match) => match[1] ?? "");
}

/**
 * Whether a map shows nothing anywhere, so that a picture without colours is not taken for a fault.
 * @param {string} map a data address
 */
async function isClear(map) {
  const image = new Image();
  image.src = map;
  await image.decode();
  const canvas = el("canvas", { width: "64", height: "64" });
  const pen = canvas.getContext("2d");
  pen?.drawImage(image, 0, 0, 64, 64);
  const pixels = pen?.getImageData(0, 0, 64, 64).data ?? [];
  return pixels.every((value, i) => i % 4 !== 3 || value < SEEN_FROM * 255);
}

/** @param {string} map */
function legend(map) {
  const colours = legendOf(map);
  if (colours.length < 2) return null;
  const bar = el("span", { class: "bar" });
  bar.style.backgroundImage = `linear-gradient(to right, ${colours.join(", ")})`;
  const [less, more] = [text("map_less"), text("map_more")].map((words) => el("span", { dir: "auto" }, words));
  return el("div", { class: "legend small quiet" }, less, bar, more);
}

/** @param {HTMLElement} stack */
function slider(stack) {
  const input = el("input", { type: "range", min: "0", max: "100", step: "5", id: "map-opacity" });
  input.valueAsNumber = FIRST_OPACITY * 100;
  const tell = () => {
    stack.style.setProperty("--map-opacity", String(input.valueAsNumber / 100));
    input.setAttribute("aria-valuetext", percent(input.valueAsNumber / 100));
  };
  input.addEventListener("input", tell);
  tell();
  return el("label", { class: "opacity small" }, text("map_opacity"), input);
}

/**
 * @param {Verdict} verdict
 * @param {Pictures} pictures
 */
function captions(verdict, { preview, heatmap, changed, problem }) {
  const lines = [];
  if (heatmap) lines.push(text("map_meaning"));
  else if (problem) lines.push(text(problem.code === "not_kept" ? "map_not_kept" : `problem_${problem.code}`));
  else if (verdict.heatmap === null) lines.push(text("map_none"));
  if (changed) lines.push(text("map_changed"));
  else if (!preview) lines.push(text("map_no_picture"));
  return lines.map((line) => el("span", {}, `${line} `));
}

/** @param {import("./evidence.js").Region[]} regions */
function regionList(regions) {
  // Boxes that share one sentence are told by the evidence already.
  if (new Set(regions.map((region) => region.text)).size < 2) return null;
  const items = regions.map((region) => el("li", {}, region.text));
  return el("ol", { class: "small", "aria-label": text("map_regions") }, ...items);
}
