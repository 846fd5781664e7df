import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
const { candidatePorts, distrust, portForCode, probe, remember, request } = await import(
  "../../extension/background/companion.js"
);
const { pair } = await import("../../extension/background/client.js");
const { expectedProof, newChallenge } = await import("../../extension/background/proof.js");

const unknown = { token: null, id: null };

/**
 * @param {unknown} body
 * @param {(headers: Headers) => void} [look]
 */
const answering =
  (body, look = () => {}) =>
  async (/** @type {any} */ _url, /** @type {any} */ init) => {
    look(new Headers(init.headers));
    return new Response(JSON.stringify(typeof body === "function" ? body(new Headers(init.headers)) : body));
  };

test("the ports of the companion's range are tried, the last known one first", () => {
  assert.deepEqual(candidatePorts({ port: null, fixedPort: null }).slice(0, 2), [7345, 7346]);
  assert.deepEqual(candidatePorts({ port: 7350, fixedPort: null }).slice(0, 2), [7350, 7345]);
  assert.equal(new Set(candidatePorts({ port: 7350, fixedPort: null })).size, 10);
});

test("a port that the user chose is the only one tried", () => {
  assert.deepEqual(candidatePorts({ port: 7350, fixedPort: 9000 }), [9000]);
});

test("another program on the port is not taken for the companion", async () => {
  assert.equal(await probe(7345, unknown, answering({ hello: "world" })), null);
  assert.equal(await probe(7345, unknown, answering({ name: "naturaltrace", api: 99 })), null);
  assert.equal(await probe(7345, unknown, async () => new Response("not JSON")), null);
  assert.equal(await probe(7345, unknown, () => Promise.reject(new TypeError("refused"))), null);
});

test("the token itself is never part of the question", async () => {
  const known = { token: "secret-token", id: "browser-1" };
  let asked = "";
  await probe(
    7345,
    known,
    answering({ name: "naturaltrace", api: 1 }, (headers) => {
      asked = JSON.stringify([...headers]);
    }),
  );
  assert.match(asked, /browser-1/);
  assert.doesNotMatch(asked, /secret-token/);
});

test("only a companion that proves that it knows the token knows us", async () => {
  const known = { token: "secret-token", id: "browser-1" };
  /** @param {string} token */
  const companion = (token) => (/** @type {Headers} */ headers) => {
    const key = createHash("sha256").update(token).digest();
    const message = `naturaltrace 7345 ${headers.get("NaturalTrace-Challenge")}`;
    const proof = createHmac("sha256", key).update(message).digest("hex");
    return { name: "naturaltrace", api: 1, paired: true, proof };
  };
  assert.deepEqual(await probe(7345, known, answering(companion("secret-token"))), { port: 7345, knowsUs: true });
  assert.deepEqual(await probe(7345, known, answering(companion("guessed"))), { port: 7345, knowsUs: false });
  const boasting = answering({ name: "naturaltrace", api: 1, paired: true });
  assert.deepEqual(await probe(7345, known, boasting), { port: 7345, knowsUs: false });
});

test("a program that takes the port later is never sent the token", async (context) => {
  const realFetch = globalThis.fetch;
  context.after(() => {
    globalThis.fetch = realFetch;
    distrust();
  });
  let now = 0;
  context.mock.method(performance, "now", () => now);
  await remember({ token: "secret-token", id: "browser-1", port: 7345 });
  let genuine = true;
  /** @type {string[]} */
  const sent = [];
  globalThis.fetch = async (url, init) => {
    const { port, pathname } = new URL(String(url));
    const headers = new Headers(init?.headers);
    if (port !== "7345") throw new TypeError("refused");
    sent.push(`${pathname} ${headers.get("Authorization") ?? "-"}`);
    assert.ok(init?.signal, "every request has a deadline");
    if (pathname !== "/v1/health") return new Response("{}");
    const challenge = headers.get("NaturalTrace-Challenge") ?? "";
    const proof = await expectedProof(genuine ? "secret-token" : "guessed", 7345, challenge);
    return new Response(JSON.stringify({ name: "naturaltrace", api: 1, proof }));
  };
  await request("/v1/check");
  await request("/v1/check");
  const check = "/v1/check Bearer secret-token";
  assert.deepEqual(sent.splice(0), ["/v1/health -", check, check]);
  now += 2000;
  await request("/v1/check");
  assert.deepEqual(sent.splice(0), ["/v1/health -", check]);
  genuine = false;
  now += 2000;
  await assert.rejects(request("/v1/check"), (/** @type {any} */ error) => error.problem?.code === "not_paired");
  assert.ok(sent.every((each) => each === "/v1/health -"));
});

test("a code is handed only to the port that its last digit names", async (context) => {
  const realFetch = globalThis.fetch;
  context.after(async () => {
    globalThis.fetch = realFetch;
    await remember({ token: null, id: null, port: null, fixedPort: null });
  });
  await remember({ token: null, id: null, port: null, fixedPort: null });
  /** @type {number[]} */
  let there = [7345, 7346];
  /** @type {string[]} */
  const sent = [];
  globalThis.fetch = async (url, init) => {
    const { port, pathname } = new URL(String(url));
    if (!there.includes(Number(port))) throw new TypeError("refused");
    if (pathname === "/v1/health") return new Response(JSON.stringify({ name: "naturaltrace", api: 1 }));
    sent.push(`${port} ${pathname} ${init?.body}`);
    return new Response(JSON.stringify({ token: "new-token", id: "browser-2" }));
  };
  const refused = (/** @type {string} */ code) => (/** @type {any} */ error) => error.problem?.code === code;
  // Somebody sits on the usual port; the companion took the next one.
  assert.equal(await portForCode("123456"), 7346);
  await pair("123456");
  assert.equal(sent.length, 1);
  assert.match(sent[0] ?? "", /^7346 \/v1\/pair .*123456/);
  sent.length = 0;
  there = [7345];
  await assert.rejects(pair("123456"), refused("code_of_other_port"));
  await remember({ fixedPort: 7345 });
  await assert.rejects(pair("123456"), refused("code_of_other_port"));
  there = [];
  await assert.rejects(pair("123455"), refused("companion_missing"));
  assert.deepEqual(sent, []);
});

test("a proof holds for one port and one challenge only", async () => {
  const first = await expectedProof("t", 7345, "aa");
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.notEqual(first, await expectedProof("t", 7346, "aa"));
  assert.notEqual(first, await expectedProof("t", 7345, "ab"));
  assert.notEqual(newChallenge(), newChallenge());
});
