import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** @param {string} path */
const read = (path) => readFileSync(new URL(`../../extension/${path}`, import.meta.url), "utf8");

/**
 * @param {string} css
 * @returns {Map<string, string>} custom properties, their white space folded
 */
const tokens = (css) =>
  new Map(
    [...css.matchAll(/(--nt-[a-z0-9_-]+):\s*([^;]+);/g)].map((m) => [m[1] ?? "", (m[2] ?? "").replace(/\s+/g, " ")]),
  );

/** @param {string} hex */
function luminance(hex) {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * @param {string} a
 * @param {string} b
 */
function contrast(a, b) {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const shared = tokens(read("shared/tokens.css"));
const badge = tokens(read("content/badge-style.js"));

/** @param {string} name */
function schemes(name) {
  const found = shared.get(name)?.match(/light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/);
  assert.ok(found, `${name} is no pair of colours`);
  return [found[1] ?? "", found[2] ?? ""];
}

test("the badge's colours are the pages' colours", () => {
  assert.ok(badge.size > 8);
  for (const [name, value] of badge) assert.equal(value, shared.get(name), name);
});

test("ink can be read on its ground, in light and dark", () => {
  const pairs = [
    ["--nt-ink", "--nt-surface"],
    ["--nt-ink-2", "--nt-surface"],
    ["--nt-ink-2", "--nt-surface-2"],
    ["--nt-ink-2", "--nt-page"],
    ["--nt-accent", "--nt-surface"],
    ["--nt-accent-ink", "--nt-accent"],
    ["--nt-no_sign", "--nt-surface"],
    ["--nt-unclear", "--nt-surface"],
    ...["ai", "likely_ai", "unclear", "no_sign", "camera", "problem"].map((l) => [`--nt-${l}`, `--nt-${l}-tint`]),
  ];
  for (const [ink = "", ground = ""] of pairs) {
    for (const scheme of [0, 1]) {
      const ratio = contrast(schemes(ink)[scheme] ?? "", schemes(ground)[scheme] ?? "");
      assert.ok(ratio >= 4.5, `${ink} on ${ground}, ${scheme ? "dark" : "light"}: ${ratio.toFixed(2)}`);
    }
  }
});

test("levels differ by icon, not by colour alone", async () => {
  await import("../../extension/shared/level-icons.js");
  const { shapes } = naturalTrace.icons;
  const drawn = /** @type {const} */ (["ai", "likely_ai", "unclear", "no_sign", "camera"]).map((level) =>
    JSON.stringify(shapes[level]),
  );
  assert.equal(new Set(drawn).size, 5);
});
