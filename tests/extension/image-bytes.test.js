import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { fetchImage, looksLikeHtml, readCapped } from "../../extension/background/image-bytes.js";

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** @param {string} code */
const problem = (code) => (/** @type {any} */ error) => error.problem?.code === code;

test("a log-in page is seen for what it is, whatever it calls itself", () => {
  assert.ok(looksLikeHtml(bytes("<!DOCTYPE html><title>Log in</title>"), "image/jpeg"));
  assert.ok(looksLikeHtml(bytes("\n  <html>"), ""));
  assert.ok(looksLikeHtml(bytes("<p>no</p>"), "text/html"));
});

test("an image is not taken for a page, though its type is wrong", () => {
  assert.ok(!looksLikeHtml(bytes("\x89PNG\r\n\x1a\n"), "text/html"));
  assert.ok(!looksLikeHtml(bytes("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml"));
});

test("a body is given up as soon as it is too long", async () => {
  await assert.rejects(readCapped(new Response("x".repeat(100)), 50), problem("too_large"));
  await assert.rejects(
    readCapped(new Response("x", { headers: { "Content-Length": "1000" } }), 50),
    problem("too_large"),
  );
  assert.equal((await readCapped(new Response("x".repeat(50)), 50)).size, 50);
});

test("an endless body is not read to its end", async () => {
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 1;
      controller.enqueue(new Uint8Array(1024));
    },
  });
  await assert.rejects(readCapped(new Response(endless), 10 * 1024), problem("too_large"));
  assert.ok(sent < 20);
});

test("the user's log-in is used only after a plain refusal", async () => {
  /** @type {string[]} */
  const tried = [];
  globalThis.fetch = async (_url, init) => {
    tried.push(String(init?.credentials));
    return init?.credentials === "omit" ? new Response("no", { status: 403 }) : new Response("PIXELS");
  };
  assert.equal((await fetchImage("https://site.example/a.jpg")).size, 6);
  assert.deepEqual(tried, ["omit", "include"]);
});

test("a request that could not be made at all is not made again with the log-in", async () => {
  /** @type {string[]} */
  const tried = [];
  globalThis.fetch = async (_url, init) => {
    tried.push(String(init?.credentials));
    throw new TypeError("blocked");
  };
  await assert.rejects(fetchImage("https://site.example/a.jpg"), problem("no_access"));
  assert.deepEqual(tried, ["omit"]);
});

test("the server is asked for an image", async () => {
  let accept = "";
  globalThis.fetch = async (_url, init) => {
    accept = new Headers(init?.headers).get("Accept") ?? "";
    return new Response("PIXELS");
  };
  await fetchImage("https://site.example/a.jpg");
  assert.match(accept, /^image\/avif,image\/webp/);
});
