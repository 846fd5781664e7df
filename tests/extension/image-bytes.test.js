import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { fetchImage, looksLikeHtml, readCapped } from "../../extension/background/image-bytes.js";
import { isLocalHost } from "../../extension/background/local-hosts.js";

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
  assert.equal((await fetchImage("https://site.example/a.jpg", { page: "https://site.example" })).size, 6);
  assert.deepEqual(tried, ["omit", "include"]);
});

test("the log-in is kept from other origins, from private windows and from redirects", async () => {
  /** @type {RequestInit[]} */
  const tried = [];
  globalThis.fetch = async (_url, init) => {
    tried.push(init ?? {});
    return new Response("no", { status: 403 });
  };
  const page = "https://site.example";
  for (const asker of [{}, { page: "null" }, { page: "https://other.example" }, { page, isPrivate: true }])
    await assert.rejects(fetchImage("https://site.example/a.jpg", asker), problem("fetch_failed"));
  assert.deepEqual(
    tried.map(({ credentials }) => credentials),
    ["omit", "omit", "omit", "omit"],
  );
  assert.equal(tried.at(-1)?.cache, "no-store");
  await assert.rejects(fetchImage("https://site.example/a.jpg", { page }), problem("fetch_failed"));
  assert.equal(tried.at(-1)?.credentials, "include");
  assert.equal(tried.at(-1)?.redirect, "error");
});

test("local addresses are known in every form", () => {
  const local = ["127.0.0.1", "127.9.9.9", "2130706433", "localhost", "a.localhost", "localhost.", "[::1]", "10.0.0.1"];
  local.push("172.16.0.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]");
  for (const host of local) assert.ok(isLocalHost(new URL(`http://${host}/`).hostname), host);
  for (const host of ["site.example", "172.32.0.1", "192.169.0.1", "11.0.0.1", "[2001:db8::1]"])
    assert.ok(!isLocalHost(new URL(`https://${host}/`).hostname), host);
});

test("a page on the web cannot have a local address fetched, not by a redirect either", async () => {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    const response = new Response("PIXELS");
    Object.defineProperty(response, "url", { value: "http://192.168.1.1/a.jpg" });
    return response;
  };
  const page = "https://site.example";
  await assert.rejects(fetchImage("http://127.0.0.1:7345/a.jpg", { page }), problem("no_access"));
  assert.equal(asked, 0);
  await assert.rejects(fetchImage("https://site.example/a.jpg", { page }), problem("no_access"));
  assert.equal((await fetchImage("http://127.0.0.1/a.jpg", { page: "http://127.0.0.1:8000" })).size, 6);
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
