// Work in slices: never so long at a time that the page would stutter, and right after a frame, when the page's layout is
// known and asking for it costs nothing.

/**
 * @template T
 * @typedef {{add: (item: T) => void, remove: (item: T) => void, now: () => void, clear: () => void}} Line
 *   Items are handled in the order in which they came, each once however often it was added meanwhile. `now`: a slice at
 *   once, where the caller knows that the layout is clean; the rest comes after the next frames.
 */
/**
 * @typedef {{
 *   afterFrame: (run: () => void) => void,
 *   line: <T>(handle: (item: T) => Iterator<unknown> | undefined) => Line<T>,
 * }} SlicesApi
 *   A `handle` that returns an iterator may be interrupted between two of its steps.
 */

(() => {
  /** A frame has 16 ms, and most of them are the page's. */
  const SLICE_MS = 5;

  /** @param {() => void} run */
  function soon(run) {
    const { scheduler } = /** @type {{scheduler?: {postTask?: (run: () => void) => Promise<unknown>}}} */ (globalThis);
    if (scheduler?.postTask) void scheduler.postTask(run);
    else setTimeout(run);
  }

  /** @type {SlicesApi["afterFrame"]} */
  function afterFrame(run) {
    // A page that nobody sees has no frames.
    if (document.hidden) setTimeout(run);
    else requestAnimationFrame(() => soon(run));
  }

  /** @type {SlicesApi["line"]} */
  function line(handle) {
    /** @typedef {Parameters<typeof handle>[0]} Item */
    /** @type {Set<Item>} */
    const items = new Set();
    /** @type {Iterator<unknown> | undefined} */
    let current;
    let waiting = false;

    function slice() {
      const end = performance.now() + SLICE_MS;
      do {
        if (current) {
          if (current.next().done) current = undefined;
          continue;
        }
        const next = items.values().next();
        if (next.done) return;
        items.delete(next.value);
        current = handle(next.value);
      } while (performance.now() < end);
    }

    function now() {
      try {
        slice();
      } finally {
        later();
      }
    }

    function later() {
      if (waiting || (!items.size && !current)) return;
      waiting = true;
      afterFrame(() => {
        waiting = false;
        now();
      });
    }

    return {
      add(item) {
        items.add(item);
        later();
      },
      remove: (item) => void items.delete(item),
      now,
      clear() {
        items.clear();
        current = undefined;
      },
    };
  }

  naturalTrace.slices = { afterFrame, line };
})();
