import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

fakeBrowser();
const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
Object.assign(globalThis, { document: page, innerHeight: 800 });
const element = { isConnected: true, getBoundingClientRect: () => ({ top: 0, bottom: 100 }) };

let asked = 0;
/** @type {any} */
let answer = {};
/** @type {any} */ (globalThis).naturalTrace = {
  checks: {
    start: async () => {
      asked += 1;
      return answer;
    },
    drop: () => {},
  },
};
await import("../../extension/content/queue.js");

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a companion's pause rests the queue for a minute at most, and less for who comes back to the page", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { queue } = naturalTrace;
  answer = { problem: { code: "companion_paused", retryAfter: 3600 } };
  queue.add(/** @type {any} */ ({ element, kind: "img", url: "https://a.example/b.jpg" }));
  await settled();
  assert.equal(asked, 1);
  mock.timers.tick(59_000);
  await settled();
  assert.equal(asked, 1);
  mock.timers.tick(1000);
  await settled();
  assert.equal(asked, 2);

  for (const [state, times] of /** @type {const} */ ([
    ["hidden", 2],
    ["visible", 3],
  ])) {
    page.visibilityState = state;
    page.dispatchEvent(new Event("visibilitychange"));
    await settled();
    assert.equal(asked, times, state);
  }
  assert.equal(queue.problem(), "companion_paused");

  answer = { verdict: {} };
  page.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.deepEqual([asked, queue.waiting(), queue.problem()], [4, 0, null]);
  // Nothing is left that would ask again.
  page.dispatchEvent(new Event("visibilitychange"));
  mock.timers.tick(120_000);
  await settled();
  assert.equal(asked, 4);
  mock.timers.reset();
});
