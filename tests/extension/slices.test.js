import assert from "node:assert/strict";
import { test } from "node:test";

/** Frames that have been asked for; the test lets them come. @type {(() => void)[]} */
const frames = [];
/** @type {any} */
const world = globalThis;
world.document = { hidden: false };
world.requestAnimationFrame = (/** @type {() => void} */ run) => frames.push(run);
world.scheduler = { postTask: async (/** @type {() => void} */ run) => run() };
world.naturalTrace = {};
await import("../../extension/content/slices.js");

function frame() {
  for (const run of frames.splice(0)) run();
}

/** @param {number} ms */
function busy(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test("many small things are handled after one frame, in their order, each once", () => {
  /** @type {string[]} */
  const handled = [];
  const line = naturalTrace.slices.line((/** @type {string} */ item) => void handled.push(item));
  for (const item of ["a", "b", "a", "c"]) line.add(item);
  line.remove("c");
  assert.deepEqual(handled, []);
  assert.equal(frames.length, 1);
  frame();
  assert.deepEqual(handled, ["a", "b"]);
  assert.equal(frames.length, 0);
});

test("what takes long is spread over frames", () => {
  let handled = 0;
  const line = naturalTrace.slices.line((/** @type {number} */ _) => {
    busy(4);
    handled += 1;
    return undefined;
  });
  for (let i = 0; i < 6; i++) line.add(i);
  let used = 0;
  for (; frames.length; used++) {
    const before = handled;
    frame();
    assert.ok(handled - before <= 2, `${handled - before} at once`);
  }
  assert.equal(handled, 6);
  assert.ok(used >= 3);
});

test("one long thing is interrupted between its steps and goes on where it was", () => {
  /** @type {number[]} */
  const steps = [];
  const line = naturalTrace.slices.line(function* (/** @type {string} */ _) {
    for (let i = 0; i < 6; i++) {
      busy(4);
      steps.push(i);
      yield;
    }
  });
  line.add("page");
  line.now();
  assert.ok(steps.length >= 1 && steps.length <= 2, String(steps));
  while (frames.length) frame();
  assert.deepEqual(steps, [0, 1, 2, 3, 4, 5]);
});

test("one that fails does not keep the others from their turn", () => {
  /** @type {string[]} */
  const handled = [];
  const line = naturalTrace.slices.line((/** @type {string} */ item) => {
    if (item === "bad") throw new Error(item);
    handled.push(item);
    return undefined;
  });
  for (const item of ["bad", "good"]) line.add(item);
  assert.throws(() => line.now(), /bad/);
  while (frames.length) frame();
  assert.deepEqual(handled, ["good"]);
});
