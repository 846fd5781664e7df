import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
const { problemCode } = await import("../../extension/background/client.js");
const { cleanCode } = await import("../../extension/welcome/code.js");
const { reportText } = await import("../../extension/panel/report.js");
const { dropPanels, openPanel, panelFor } = await import("../../extension/background/panels.js");
const { unpair } = await import("../../extension/background/client.js");
const { remembered } = await import("../../extension/background/recent.js");
const { leaning, sortEvidence } = await import("../../extension/panel/words.js");

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
  const { file, pixels } = sortEvidence([each("pixels.score", 0.2), each("c2pa", 0.4), each("png.parameters", 0.9)]);
  assert.deepEqual(
    file.map((e) => e.kind),
    ["png.parameters", "c2pa"],
  );
  assert.deepEqual(
    pixels.map((e) => e.kind),
    ["pixels.score"],
  );
});

test("a report never claims certainty, and gives no chance where nothing is clear", () => {
  const report = (/** @type {Level} */ level, /** @type {number} */ probability) => {
    const image = { width: 1, height: 1, format: "png", sha256: "00" };
    const model = { name: "m", version: "1" };
    const verdict = /** @type {any} */ ({ level, probability, generator: "unknown", evidence: [], image, model });
    return reportText(verdict, "Label", "Meaning", "");
  };
  assert.match(report("ai", 1), /p = 0\.99$/m);
  assert.match(report("no_sign", 0), /p = 0\.01$/m);
  assert.doesNotMatch(report("unclear", 0.5), /p = /);
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
    return { verdict: /** @type {any} */ ({ level: "ai" }) };
  };
  await remembered("a", check);
  await unpair();
  await remembered("a", check);
  assert.equal(asked, 2);
});
