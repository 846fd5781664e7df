import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

const { session } = fakeBrowser();
const { forgetRecent, keepContent, knownContent, remembered, sha256 } = await import(
  "../../extension/background/recent.js"
);

const stamp = async () => "m 1";

/** @param {string} hash @param {string} version */
const verdictOf = (hash, version = "1") =>
  /** @type {Verdict} */ (
    /** @type {any} */ ({ level: "ai", image: { sha256: hash }, model: { name: "m", version }, cached: false })
  );

/**
 * A check of the bytes that this hash stands for, as `check.js` does it: with the verdict it keeps the content.
 * @param {string} hash
 * @param {string} [version] of the model
 */
function counting(hash, version) {
  const check = async () => {
    check.asked += 1;
    const verdict = verdictOf(hash, version);
    await keepContent(hash, verdict);
    return { verdict, source: /** @type {const} */ ("network") };
  };
  check.asked = 0;
  return check;
}

beforeEach(forgetRecent);

test("a picture that stands on a page twice is asked for once, at the same time and later", async () => {
  const [a, b] = [counting("aa"), counting("bb")];
  await Promise.all([remembered("a", stamp, a), remembered("a", stamp, a), remembered("b", stamp, b)]);
  const again = await remembered("a", stamp, a);
  assert.deepEqual([a.asked, b.asked], [1, 1]);
  assert.equal(again.verdict?.cached, true);
  assert.equal(again.source, "network");
});

test("the same bytes under another address are known", async () => {
  await remembered("a", stamp, counting("aa"));
  assert.equal((await knownContent("aa", stamp))?.level, "ai");
  assert.equal(await knownContent("bb", stamp), null);
});

test("another model's verdict counts for nothing", async () => {
  const check = counting("aa");
  await remembered("a", stamp, check);
  const newer = async () => "m 2";
  assert.equal(await knownContent("aa", newer), null);
  await remembered("a", newer, check);
  assert.equal(check.asked, 2);
});

test("where the companion can't say which model it has, it is asked anew", async () => {
  const check = counting("aa");
  await remembered("a", stamp, check);
  await remembered("a", () => Promise.reject(new Error("gone")), check);
  assert.equal(check.asked, 2);
});

test("a failure is not remembered", async () => {
  let asked = 0;
  const check = async () => {
    asked += 1;
    return { problem: /** @type {Problem} */ ({ code: "companion_busy" }) };
  };
  await remembered("a", stamp, check);
  await remembered("a", stamp, check);
  assert.equal(asked, 2);
});

test("a check is given up when the last one who waits for it has gone, not before", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  /** @type {AbortSignal | undefined} */
  let given;
  let begun = () => {};
  const started = new Promise((/** @type {(value: void) => void} */ done) => {
    begun = done;
  });
  const check = (/** @type {AbortSignal} */ signal) => {
    given = signal;
    begun();
    return new Promise((/** @type {(outcome: CheckOutcome) => void} */ done) =>
      signal.addEventListener("abort", () => done({})),
    );
  };
  const outcome = remembered("a", stamp, check, first.signal);
  assert.equal(remembered("a", stamp, check, second.signal), outcome);
  await started;
  first.abort();
  assert.equal(given?.aborted, false);
  second.abort();
  assert.equal(given?.aborted, true);
  assert.deepEqual(await outcome, {});
});

test("what was asked for before everything was forgotten does not come back", async () => {
  let answer = (/** @type {CheckOutcome} */ _outcome) => {};
  const slow = remembered("a", stamp, () => new Promise((done) => (answer = done)));
  // Until the check has begun, there is nothing to answer.
  while (String(answer).startsWith("(")) await new Promise((done) => setImmediate(done));
  await forgetRecent();
  answer({ verdict: verdictOf("aa"), source: "network" });
  await slow;
  assert.deepEqual(Object.keys(session), []);
});

test("what is remembered stays bounded, the newest longest", async () => {
  for (let i = 0; i < 1000; i++) await remembered(`image ${i}`, stamp, counting(`hash ${i}`));
  assert.ok(Object.keys(session).length < 1000, String(Object.keys(session).length));
  const last = counting("hash 999");
  await remembered("image 999", stamp, last);
  assert.equal(last.asked, 0);
});

test("addresses are not kept in plain words", async () => {
  await remembered("https://secret.example/album", stamp, counting("aa"));
  assert.doesNotMatch(JSON.stringify(session), /secret/);
});

test("bytes are hashed as the companion hashes them", async () => {
  const bytes = /** @type {ArrayBuffer} */ (new TextEncoder().encode("abc").buffer);
  assert.equal(await sha256(bytes), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
