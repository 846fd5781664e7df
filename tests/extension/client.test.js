import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
const { problemCode } = await import("../../extension/background/client.js");
const { cleanCode } = await import("../../extension/welcome/code.js");
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
