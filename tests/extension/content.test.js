import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
/** @type {any} */ (globalThis).naturalTrace = {};
await import("../../extension/content/images.js");
await import("../../extension/content/queue.js");
await import("../../extension/content/actions.js");
await import("../../extension/content/sight.js");
await import("../../extension/content/twins.js");
const { AUTO_SCRIPTS } = await import("../../extension/background/inject.js");

test("every content script that is injected exists", () => {
  for (const path of AUTO_SCRIPTS) assert.ok(existsSync(new URL(`../../extension/${path}`, import.meta.url)), path);
  assert.equal(new Set(AUTO_SCRIPTS).size, AUTO_SCRIPTS.length);
});

test("a background's address is found in what browsers compute", () => {
  const { backgroundUrl } = naturalTrace.images;
  assert.equal(backgroundUrl('url("https://a.example/b.jpg")'), "https://a.example/b.jpg");
  assert.equal(backgroundUrl("url(https://a.example/b.jpg)"), "https://a.example/b.jpg");
  assert.equal(
    backgroundUrl('linear-gradient(red, blue), url("https://a.example/(1).jpg")'),
    "https://a.example/(1).jpg",
  );
  assert.equal(backgroundUrl('url("https://a.example/quote\\".jpg")'), 'https://a.example/quote".jpg');
  assert.equal(backgroundUrl("none"), null);
  assert.equal(backgroundUrl("linear-gradient(red, blue)"), null);
});

test("the image nearest to the viewport's middle goes first, and what is in view before what is not", () => {
  const { nearest } = naturalTrace.queue;
  const box = (/** @type {number} */ top, height = 100) => ({ top, bottom: top + height });
  assert.equal(nearest([box(0), box(350), box(700)], 800), 1);
  assert.equal(nearest([box(801), box(690)], 800), 1);
  assert.equal(nearest([box(-150), box(-900)], 800), 0);
  assert.equal(nearest([], 800), -1);
});

test("only flagged images are acted on, and by the pixels alone only from the chosen chance on", () => {
  const { applies } = naturalTrace.actions;
  const verdict = (/** @type {Level} */ level, /** @type {any} */ more = {}) => ({
    level,
    basis: /** @type {const} */ ("pixels"),
    probability: 0.9,
    ...more,
  });
  const plain = { action: "blur", actOn: "ai", actFrom: 0 };
  assert.ok(applies(verdict("ai"), plain));
  assert.ok(!applies(undefined, plain));
  assert.ok(!applies(verdict("ai"), { ...plain, action: "badge" }));
  assert.ok(!applies(verdict("likely_ai"), plain));
  assert.ok(applies(verdict("likely_ai"), { ...plain, actOn: "likely_ai" }));
  for (const level of /** @type {Level[]} */ (["unclear", "no_sign", "camera"]))
    assert.ok(!applies(verdict(level), { ...plain, actOn: "likely_ai" }), level);
  assert.ok(!applies(verdict("ai"), { ...plain, actFrom: 95 }));
  assert.ok(applies(verdict("ai", { basis: "declared", probability: null }), { ...plain, actFrom: 95 }));
});

test("what lies over an image and can be seen covers it; a see-through link does not", () => {
  const { covers } = naturalTrace.sight;
  const clear = { backgroundColor: "rgba(0, 0, 0, 0)", backgroundImage: "none", opacity: "1", visibility: "visible" };
  assert.ok(!covers(clear, "a"));
  assert.ok(!covers({ ...clear, backgroundColor: "transparent" }, "div"));
  assert.ok(!covers({ ...clear, backgroundColor: "color(srgb 1 1 1 / 0)" }, "div"));
  assert.ok(covers({ ...clear, backgroundColor: "rgb(255, 255, 255)" }, "div"));
  assert.ok(covers({ ...clear, backgroundColor: "rgba(0, 0, 0, 0.5)" }, "div"));
  assert.ok(covers({ ...clear, backgroundImage: "linear-gradient(red, blue)" }, "div"));
  assert.ok(covers(clear, "video"));
  assert.ok(!covers({ ...clear, opacity: "0" }, "video"));
});

test("boxes that lie over each other are one image to a person, neighbours and parts are not", () => {
  const { samePlace } = naturalTrace.twins;
  const box = (/** @type {number} */ left, /** @type {number} */ top, width = 100, height = 100) => ({
    left,
    top,
    width,
    height,
    right: left + width,
    bottom: top + height,
  });
  assert.ok(samePlace(box(0, 0), box(0, 0)));
  assert.ok(samePlace(box(0, 0), box(5, 5)));
  assert.ok(!samePlace(box(0, 0), box(100, 0)));
  assert.ok(!samePlace(box(0, 0), box(0, 0, 50, 100)));
  assert.ok(!samePlace(box(0, 0), box(200, 200)));
});
