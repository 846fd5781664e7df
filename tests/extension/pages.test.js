import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

/** @type {(message: any) => unknown} */
let page = () => ({});
fakeBrowser({ listening: (message) => page(message) });
const { sumUp } = await import("../../extension/popup/page.js");
const { plural } = await import("../../extension/shared/browser.js");
const { legendOf } = await import("../../extension/shared/heat-map.js");
const { captureImage, stayed } = await import("../../extension/background/screenshot.js");
const { heatmap } = await import("../../extension/background/client.js");
const { dataUrl } = await import("../../extension/background/data-url.js");
const { openPanel, openReport, panelFor } = await import("../../extension/background/panels.js");

test("the frames of a page are counted together", () => {
  const frame = (/** @type {Partial<PageState>} */ parts) => ({
    automatic: false,
    counts: {},
    waiting: 0,
    problem: null,
    refusedHosts: [],
    ...parts,
  });
  assert.equal(sumUp([]), null);
  const summed = sumUp([
    frame({ counts: { ai: 2 }, waiting: 1, refusedHosts: ["https://a.example"] }),
    frame({
      automatic: true,
      counts: { ai: 1, unclear: 3 },
      problem: "companion_busy",
      refusedHosts: ["https://a.example"],
    }),
  ]);
  assert.deepEqual(summed, {
    automatic: true,
    counts: { ai: 3, unclear: 3 },
    waiting: 1,
    problem: "companion_busy",
    refusedHosts: ["https://a.example"],
  });
});

test("a counted message takes the form that its language wants", () => {
  const { i18n } = /** @type {any} */ (globalThis).browser;
  const known = i18n.getMessage;
  /** @param {string} tag */
  const forms = (tag) => {
    i18n.getMessage = (/** @type {string} */ key, /** @type {string[]} */ values) =>
      key === "language_tag" ? tag : /_(one|other)$/.test(key) ? `${key} ${values[0]}` : "";
    return [1, 2, 1500].map((count) => plural("n", count));
  };
  assert.deepEqual(forms("en"), ["n_one 1", "n_other 2", "n_other 1,500"]);
  assert.deepEqual(forms("de"), ["n_one 1", "n_other 2", "n_other 1.500"]);
  assert.deepEqual(forms("ja"), ["n_other 1", "n_other 2", "n_other 1,500"]);
  // French has a form for millions that nobody wrote a message for.
  i18n.getMessage = (/** @type {string} */ key) => (key === "language_tag" ? "fr" : key.endsWith("_other") ? key : "");
  assert.equal(plural("n", 1_000_000), "n_other");
  i18n.getMessage = known;
});

test("a heat map's own colours are its legend", () => {
  const chunk = "\x89PNG\r\n\x1a\n....tEXtLegend\x000.0=#0c1448 0.5=#407c82 1.0=#fff096\x01\x02IDAT";
  const map = `data:image/png;base64,${btoa(chunk + "x".repeat(5000))}`;
  assert.deepEqual(legendOf(map), ["#0c1448", "#407c82", "#fff096"]);
  assert.deepEqual(legendOf(`data:image/png;base64,${btoa("no legend")}`), []);
});

test("blobs become data addresses, large ones too", async () => {
  assert.equal(await dataUrl(new Blob(["abc"], { type: "image/png" })), "data:image/png;base64,YWJj");
  const large = new Uint8Array(200_000).fill(7);
  const address = await dataUrl(new Blob([large]));
  assert.equal(atob(address.split(",")[1] ?? "").length, 200_000);
});

test("the token is sent for nothing but a heat map, whatever a verdict calls one", async () => {
  const refused = (/** @type {any} */ error) => error.problem?.code === "companion_error";
  for (const path of ["/v1/settings", "//evil.example/v1/heatmaps/1", "/v1/heatmaps/../settings", "/v1/heatmaps/a?b"])
    await assert.rejects(heatmap(path), refused, path);
});

const place = { tab: /** @type {any} */ ({ id: 7, windowId: 1 }), frameId: 0, id: 3 };
const noAccess = (/** @type {any} */ error) => error.problem?.code === "no_access";

test("no picture of the screen is taken where something covers the image, and our badges come back", async () => {
  /** @type {string[]} */
  const asked = [];
  const box = { x: 0, y: 0, width: 10, height: 10 };
  page = (message) => {
    asked.push(message.type);
    return { box, clear: false, pixelRatio: 1 };
  };
  let taken = 0;
  /** @type {any} */ (globalThis).browser.tabs.captureVisibleTab = async () => {
    taken += 1;
  };
  await assert.rejects(captureImage(place), noAccess);
  assert.deepEqual(asked, ["sight-begin", "sight-end"]);
  assert.equal(taken, 0);
});

test("a picture of a page that moved meanwhile is thrown away", async () => {
  let at = 0;
  page = () => {
    at += 20;
    return { box: { x: 0, y: at, width: 10, height: 10 }, clear: true, pixelRatio: 1 };
  };
  /** @type {any} */ (globalThis).browser.tabs.captureVisibleTab = async () => "data:image/png;base64,";
  await assert.rejects(captureImage(place), noAccess);
  const sight = (/** @type {number} */ y) => ({ box: { x: 0, y, width: 1, height: 1 }, clear: true, pixelRatio: 1 });
  assert.ok(stayed(sight(0), sight(0.5)));
  assert.ok(!stayed(sight(0), sight(2)));
});

test("a panel is shown to its own tab only, and a private one gets no report that would outlive it", async () => {
  const opener = (/** @type {number} */ id, incognito = false) =>
    /** @type {any} */ ({ tab: { id, incognito }, frameId: 0 });
  const outcome = { verdict: /** @type {any} */ ({ level: "ai" }) };
  /** @type {string[]} */
  const opened = [];
  Object.assign(/** @type {any} */ (globalThis).browser.tabs, {
    create: async () => ({ id: 99 }),
    update: async (/** @type {number} */ _id, /** @type {{url: string}} */ { url }) => opened.push(url),
  });
  const plain = await openPanel(outcome, "", opener(1));
  assert.equal(await panelFor(plain, opener(2)), null);
  await openReport(plain, opener(2));
  assert.deepEqual(opened, []);
  await openReport(plain, opener(1));
  const key = String(opened[0]).split("#")[1] ?? "";
  assert.notEqual(key, plain);
  assert.deepEqual((await panelFor(key, opener(99)))?.outcome, outcome);
  const secret = await openPanel(outcome, "", opener(1, true));
  await openReport(secret, opener(1, true));
  assert.equal(opened.length, 1);
});

test("every page of the extension has the same head, and loads only what is there", () => {
  for (const name of ["welcome", "options", "popup", "panel", "history", "report"]) {
    const html = readFileSync(new URL(`../../extension/${name}/${name}.html`, import.meta.url), "utf8");
    for (const [, path] of html.matchAll(/(?:href|src)="([^"]+\.(?:css|js|svg))"/g))
      assert.doesNotThrow(() => readFileSync(new URL(`../../extension/${name}/${path}`, import.meta.url)), path);
    assert.match(html, /shared\/tokens\.css.*shared\/base\.css/s, name);
  }
});
