import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
/** @type {any} */ (globalThis).naturalTrace = {};
await import("../../extension/content/images.js");
await import("../../extension/content/queue.js");
const { AUTO_SCRIPTS } = await import("../../extension/background/inject.js");
const { forgetRecent, remembered } = await import("../../extension/background/recent.js");

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

test("a picture is asked for once while its verdict is fresh", async () => {
  forgetRecent();
  let asked = 0;
  const check = async () => {
    asked += 1;
    return { verdict: /** @type {any} */ ({ level: "ai" }) };
  };
  await Promise.all([remembered("a", check), remembered("a", check), remembered("b", check)]);
  assert.equal(asked, 2);
});

test("a failure is not remembered", async () => {
  forgetRecent();
  let asked = 0;
  const check = async () => {
    asked += 1;
    return { problem: /** @type {Problem} */ ({ code: "companion_busy" }) };
  };
  await remembered("a", check);
  await remembered("a", check);
  assert.equal(asked, 2);
});

test("what is remembered stays bounded", async () => {
  forgetRecent();
  let asked = 0;
  const check = async () => {
    asked += 1;
    return { verdict: /** @type {any} */ ({ level: "ai" }) };
  };
  for (let i = 0; i < 500; i++) await remembered(`image ${i}`, check);
  await remembered("image 0", check);
  assert.equal(asked, 501);
});
