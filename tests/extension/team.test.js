import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

const { granted, manage, storage } = fakeBrowser();
const { cleanAddress, cleanToken } = await import("../../extension/shared/address.js");
const { companionState, distrust, request } = await import("../../extension/background/companion.js");
const { check, history, shareNoMore, shareWith, stats } = await import("../../extension/background/client.js");
const { expectedProof, tokenMark } = await import("../../extension/background/proof.js");

const ADDRESS = "https://companion.example:7345";
const PATTERN = "https://companion.example/*";
const TOKEN = "nt1_0123456789abcdefghijklmnop";
const where = { address: ADDRESS, port: 7345, pattern: PATTERN };
const refused = (/** @type {string} */ code) => (/** @type {any} */ error) => error.problem?.code === code;
const picture = new Blob(["bytes"], { type: "image/png" });

/** What is asked, and with which token. @type {string[]} */
let asked = [];
/** What the shared companion does with everything but health and pairing. @type {() => Response} */
let answer = () => new Response("{}");
/** @type {{there: boolean, knows: string[], code: string, name: string}} */
let shared = { there: true, knows: [], code: "", name: "naturaltrace" };

globalThis.fetch = async (url, init) => {
  const { origin, pathname } = new URL(String(url));
  const headers = new Headers(init?.headers);
  asked.push(`${origin} ${pathname} ${headers.get("Authorization") ?? "-"}`);
  assert.equal(init?.redirect, "error", "no answer may lead the request elsewhere");
  assert.ok(init?.signal, "every request has a deadline");
  if (origin !== ADDRESS || !shared.there) throw new TypeError("refused");
  if (pathname === "/v1/pair") {
    const { code } = JSON.parse(String(init?.body));
    if (code !== shared.code) return problem(403, "wrong-code");
    shared.knows.push(TOKEN);
    return Response.json({ token: TOKEN, id: await tokenMark(TOKEN) });
  }
  if (pathname !== "/v1/health") return answer();
  const body = { name: shared.name, api: 1, team: true };
  const holders = await Promise.all(shared.knows.map(async (token) => ({ token, mark: await tokenMark(token) })));
  const caller = holders.find(({ mark }) => mark === headers.get("NaturalTrace-Client"));
  if (!caller) return Response.json(body);
  const proof = await expectedProof(caller.token, 7345, headers.get("NaturalTrace-Challenge") ?? "");
  return Response.json({ ...body, proof });
};

/** @param {number} status @param {string} slug */
const problem = (status, slug) => Response.json({ type: `urn:naturaltrace:problem:${slug}` }, { status });

beforeEach(() => {
  for (const key of Object.keys(storage)) delete storage[key];
  granted.clear();
  granted.add(PATTERN);
  manage(null);
  distrust();
  asked = [];
  answer = () => new Response("{}");
  shared = { there: true, knows: [], code: "123456", name: "naturaltrace" };
});

test("an address is taken as people type and paste it", () => {
  const port = 7345;
  for (const typed of ["https://companion.example:7345", "companion.example", " HTTPS://Companion.Example:7345/admin "])
    assert.deepEqual(cleanAddress(typed), { address: ADDRESS, port, pattern: PATTERN }, typed);
  // The usual port is ours, but who names 443 means it.
  assert.equal(/** @type {any} */ (cleanAddress("https://a.example:443/")).address, "https://a.example:443");
  assert.equal(/** @type {any} */ (cleanAddress("https://192.0.2.7:8443")).pattern, "https://192.0.2.7/*");
  assert.equal(/** @type {any} */ (cleanAddress("https://[2001:db8::1]")).address, "https://[2001:db8::1]:7345");
  assert.equal(/** @type {any} */ (cleanAddress("https://bücher.example")).pattern, "https://xn--bcher-kva.example/*");
});

test("what would not be encrypted, or would be no single host, is no address", () => {
  assert.equal(cleanAddress("http://companion.example"), "plain");
  const wrong = ["", "https://", "https://*/", "https://*.example", "ftp://a.example", "https://user@a.example"];
  for (const typed of [...wrong, "https://a.example:0", "https://a.example:99999", "two words"])
    assert.equal(cleanAddress(typed), null, typed);
});

test("a token is told from a code", () => {
  assert.equal(cleanToken(` ${TOKEN} `), TOKEN);
  for (const typed of ["", "123456", "nt1_short", `${TOKEN} ${TOKEN}`, "Bearer x"])
    assert.equal(cleanToken(typed), null);
});

test("the mark is what the companion works out from the token's hash", async () => {
  const hash = (/** @type {string} */ text) => createHash("sha256").update(text).digest("hex");
  const mark = await tokenMark(TOKEN);
  assert.equal(mark, `mark-${hash(`naturaltrace client ${hash(TOKEN)}`).slice(0, 32)}`);
});

test("a token pairs without being sent before the address has proved itself, and every request goes there", async () => {
  shared.knows = [TOKEN];
  storage.companion = { token: "of this computer", id: "own", port: 7345 };
  await shareWith(where, { token: TOKEN });
  assert.ok(asked.every((each) => each === `${ADDRESS} /v1/health -`));
  assert.deepEqual(await companionState(), { state: "ready", port: null, address: ADDRESS, given: false });
  asked = [];
  await check(picture, {});
  await check(picture, {});
  const sent = `${ADDRESS} /v1/check Bearer ${TOKEN}`;
  assert.deepEqual(asked, [`${ADDRESS} /v1/health -`, sent, sent]);
});

test("a code pairs, and a wrong one leaves everything as it was", async () => {
  await assert.rejects(shareWith(where, { code: "000000" }), refused("wrong_code"));
  assert.equal(storage.team, undefined);
  assert.ok(granted.has(PATTERN), "the next try needs it");
  await shareWith(where, { code: "123456" });
  assert.equal(JSON.parse(JSON.stringify(storage)).team.token, TOKEN);
});

test("a mistyped address is told nothing, and keeps no permission", async () => {
  shared.there = false;
  await assert.rejects(shareWith(where, { token: TOKEN }), refused("shared_unreachable"));
  assert.ok(!granted.has(PATTERN));
  granted.add(PATTERN);
  shared = { there: true, knows: [], code: "", name: "somebody else" };
  await assert.rejects(shareWith(where, { code: "123456" }), refused("shared_other"));
  assert.ok(!asked.some((each) => each.includes("/v1/pair") || each.includes(TOKEN)));
  assert.equal(storage.team, undefined);
});

test("an address that can't prove that it knows the token is never sent it", async () => {
  await assert.rejects(shareWith(where, { token: TOKEN }), refused("shared_unproven"));
  shared.knows = [TOKEN];
  await shareWith(where, { token: TOKEN });
  shared.knows = [];
  distrust();
  asked = [];
  await assert.rejects(request("/v1/check"), refused("not_paired"));
  assert.equal((await companionState()).state, "not_paired");
  assert.ok(asked.every((each) => each === `${ADDRESS} /v1/health -`));
});

test("nothing falls back to this computer, whatever is the matter", async () => {
  shared.knows = [TOKEN];
  storage.companion = { token: "of this computer", id: "own", port: 7345 };
  await shareWith(where, { token: TOKEN });
  shared.there = false;
  distrust();
  await assert.rejects(check(picture, {}), refused("shared_unreachable"));
  assert.equal((await companionState()).state, "missing");
  granted.clear();
  await assert.rejects(check(picture, {}), refused("shared_no_permission"));
  assert.equal((await companionState()).state, "no_permission");
  assert.ok(asked.every((each) => each.startsWith(ADDRESS)));
});

test("a shared companion's refusals have words of their own", async () => {
  shared.knows = [TOKEN];
  await shareWith(where, { token: TOKEN });
  answer = () => problem(403, "not-allowed");
  await assert.rejects(check(picture, {}), refused("not_allowed"));
  answer = () => problem(404, "not-found");
  await assert.rejects(history({}), refused("not_offered"));
  await assert.rejects(stats(), refused("not_offered"));
  answer = () => problem(429, "rate-limited");
  await assert.rejects(check(picture, {}), refused("companion_busy"));
  answer = () => problem(401, "wrong-token");
  await assert.rejects(check(picture, {}), refused("not_paired"));
});

test("one click leads back, and forgets address, token and permission", async () => {
  shared.knows = [TOKEN];
  storage.companion = { token: "of this computer", id: "own", port: 7345 };
  await shareWith(where, { token: TOKEN });
  await shareNoMore();
  assert.equal(storage.team, undefined);
  assert.ok(!granted.has(PATTERN));
  assert.equal(storage.companion.token, "of this computer");
  asked = [];
  assert.equal((await companionState()).address, undefined);
  assert.ok(!asked.some((each) => each.startsWith(ADDRESS)));
});

test("a permission that a site with badges needs is kept", async () => {
  shared.knows = [TOKEN];
  storage.settings = { sites: [PATTERN] };
  await shareWith(where, { token: TOKEN });
  await shareNoMore();
  assert.ok(granted.has(PATTERN));
});

test("an administrator's address goes before the user's, whose token is not for it", async () => {
  shared.knows = [TOKEN];
  await shareWith(where, { token: TOKEN });
  manage({ companion: "https://other.example" });
  granted.add("https://other.example/*");
  asked = [];
  assert.equal((await companionState()).address, "https://other.example:7345");
  await assert.rejects(check(picture, {}), refused("not_paired"));
  assert.ok(!asked.some((each) => each.includes(TOKEN)));
  manage({ companion: ADDRESS });
  const { given, state } = await companionState();
  assert.deepEqual([given, state], [true, "ready"]);
});
