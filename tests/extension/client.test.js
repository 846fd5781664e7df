import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
const { problemCode } = await import("../../extension/background/client.js");
const { cleanCode } = await import("../../extension/shared/code.js");
const { reportJson, reportText } = await import("../../extension/shared/report-text.js");
const { dropPanels, openPanel, panelFor } = await import("../../extension/background/panels.js");
const { unpair } = await import("../../extension/background/client.js");
const { remembered } = await import("../../extension/background/recent.js");
const { leaning, regionsOf, sortEvidence } = await import("../../extension/shared/evidence.js");

test("the companion's problems become what a person can be told", () => {
  const urn = (/** @type {string} */ slug) => `urn:naturaltrace:problem:${slug}`;
  assert.equal(problemCode(401, urn("wrong-token")), "not_paired");
  assert.equal(problemCode(403, urn("wrong-code")), "wrong_code");
  assert.equal(problemCode(403, urn("no-code")), "code_expired");
  assert.equal(problemCode(429, urn("rate-limited")), "too_many_tries");
  assert.equal(problemCode(422, urn("damaged-image")), "not_an_image");
  assert.equal(problemCode(422, urn("something-new")), "cannot_judge");
  assert.equal(problemCode(503, urn("busy")), "companion_busy");
  assert.equal(problemCode(503, urn("paused")), "companion_paused");
  assert.equal(problemCode(500, ""), "companion_error");
});

test("a code is taken as people type and paste it", () => {
  assert.equal(cleanCode("123456"), "123456");
  assert.equal(cleanCode(" 123 456 "), "123456");
  assert.equal(cleanCode("123-456"), "123456");
  assert.equal(cleanCode("１２３４５６"), "123456");
});

test("what is no code is not sent", () => {
  for (const typed of ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"]) assert.equal(cleanCode(typed), null);
});

test("evidence leans by its sign, and hardly any is none", () => {
  assert.equal(leaning(0.9), "for");
  assert.equal(leaning(-0.9), "against");
  assert.equal(leaning(0.01), "neutral");
});

test("evidence of the file and of the pixels is told apart, the strongest first", () => {
  const each = (/** @type {string} */ kind, /** @type {number} */ strength) => ({
    kind,
    strength,
    direction: 1,
    text: kind,
  });
  const kinds = (/** @type {Evidence[]} */ list) => list.map(({ kind }) => kind);
  const told = sortEvidence([
    each("pixels.score", 0.2),
    each("exif.camera", 0.1),
    each("c2pa", 0.4),
    each("png.parameters", 0.9),
  ]);
  assert.deepEqual(kinds(told.credentials), ["c2pa"]);
  assert.deepEqual(kinds(told.file), ["png.parameters", "exif.camera"]);
  assert.deepEqual(kinds(told.pixels), ["pixels.score"]);
});

/**
 * @param {Partial<Verdict>} parts
 * @returns {Verdict}
 */
function verdictOf(parts) {
  const image = { width: 400, height: 200, format: "png", sha256: "00", bytes: 1 };
  const model = { name: "m", version: "1" };
  const plain = { label: "", summary: "", basis: "pixels", generator: "unknown", evidence: [], heatmap: null };
  return /** @type {any} */ ({
    level: "ai",
    probability: 0.9,
    image,
    model,
    timing_ms: {},
    cached: false,
    ...plain,
    ...parts,
  });
}

test("a report never claims certainty, and gives no chance where nothing is clear", () => {
  const report = (/** @type {Level} */ level, /** @type {number} */ probability) =>
    reportText(verdictOf({ level, probability }), "Label", "Meaning", "");
  assert.match(report("ai", 1), /p = 0\.99$/m);
  assert.match(report("no_sign", 0), /p = 0\.01$/m);
  assert.doesNotMatch(report("unclear", 0.5), /p = /);
  const json = (/** @type {Level} */ level, /** @type {number} */ probability) =>
    JSON.parse(reportJson(verdictOf({ level, probability }), "", 0)).verdict.probability;
  assert.deepEqual([json("ai", 1), json("no_sign", 0), json("unclear", 0.5)], [0.99, 0.01, null]);
});

test("a report says whose the number is where something else than the pixels decided", () => {
  const report = (/** @type {Verdict["basis"]} */ basis) =>
    reportText(verdictOf({ level: "ai", basis, probability: 0.37, explanation: ["It is signed."] }), "Label", "M", "");
  assert.match(report("signed"), /It is signed\.\n\nchance_title_pixels: p = 0\.37$/m);
  assert.match(report("declared"), /chance_title_pixels: p = 0\.37$/m);
  assert.match(report("pixels"), /^p = 0\.37$/m);
});

test("a report for programs names an address only where others can open it, and nothing of this computer", () => {
  const verdict = verdictOf({ heatmap: "/v1/heatmaps/abc" });
  const report = JSON.parse(reportJson(verdict, "https://a.example/b.jpg", Date.UTC(2026, 0, 2)));
  assert.equal(report.address, "https://a.example/b.jpg");
  assert.equal(report.checked_at, "2026-01-02T00:00:00.000Z");
  assert.equal("heatmap" in report.verdict, false);
  assert.equal(JSON.parse(reportJson(verdict, "blob:https://a.example/1", 0)).address, null);
});

test("regions are read as shares or as pixels, at most three, and kept within the image", () => {
  const box = (/** @type {number} */ x) => ({ x, y: 0.5, width: 0.5, height: 0.25 });
  const part = /** @type {any} */ ({ kind: "part", direction: 1, strength: 1, text: "there", fields: box(0.25) });
  const boxes = (/** @type {any} */ regions) => regionsOf(verdictOf({ evidence: [part], regions }));
  assert.deepEqual(boxes([box(0.25)]), [{ ...box(0.25), text: "there" }]);
  assert.deepEqual(boxes([{ x: 100, y: 100, width: 200, height: 50 }]), [{ ...box(0.25), text: "" }]);
  assert.equal(boxes([box(0.75)])[0]?.width, 0.25);
  assert.equal(boxes([box(0), box(0.1), box(0.2), box(0.3)]).length, 3);
  assert.deepEqual(boxes([{ x: "?" }, null, { x: -1, y: 0, width: 1, height: 1 }]), []);
  assert.deepEqual(boxes("no list"), []);
  assert.deepEqual(boxes(undefined), []);
});

test("a closed tab's panels are forgotten, and no other's", async () => {
  const sender = (/** @type {number} */ id) => /** @type {any} */ ({ tab: { id }, frameId: 0 });
  const [first, second] = [await openPanel({}, "a", sender(1)), await openPanel({}, "b", sender(2))];
  await dropPanels(1);
  assert.equal(await panelFor(first, sender(1)), null);
  assert.equal((await panelFor(second, sender(2)))?.url, "b");
});

test("with the pairing, the verdicts that came of it are forgotten", async () => {
  let asked = 0;
  const check = async () => {
    asked += 1;
    return { verdict: verdictOf({}) };
  };
  const stamp = async () => "m 1";
  await remembered("a", stamp, check);
  await unpair();
  await remembered("a", stamp, check);
  assert.equal(asked, 2);
});
