// Which image is checked next: the one nearest to what the user looks at, few at a time, none that has scrolled away.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   add: (target: ImageTarget) => void,
 *   remove: (element: Element) => void,
 *   has: (element: Element) => boolean,
 *   waiting: () => number,
 *   problem: () => ProblemCode | null,
 *   refusedHosts: () => string[],
 *   forgetRefused: () => void,
 *   nearest: (boxes: {top: number, bottom: number}[], height: number) => number,
 * }} QueueApi
 */

(() => {
  const AT_ONCE = 3;
  const FIRST_PAUSE_MS = 4000;
  const LONGEST_PAUSE_MS = 60_000;

  /** Problems of the companion, not of the image: everything waits until they pass. */
  const GENERAL = new Set([
    "companion_missing",
    "companion_blocked",
    "companion_busy",
    "companion_paused",
    "companion_error",
    "not_paired",
    "shared_unreachable",
    "shared_no_permission",
  ]);

  /** @type {Map<Element, ImageTarget>} */
  const waiting = new Map();
  let running = 0;
  let pause = 0;
  /** @type {ProblemCode | null} */
  let problem = null;
  let resting = false;

  /**
   * The box nearest to the viewport's middle; what is in view goes before what is not.
   * @type {QueueApi["nearest"]}
   */
  function nearest(boxes, height) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    boxes.forEach(({ top, bottom }, i) => {
      const outside = bottom < 0 ? -bottom : top > height ? top - height : 0;
      const distance = outside * 1000 + Math.abs((top + bottom) / 2 - height / 2);
      if (distance < least) {
        least = distance;
        best = i;
      }
    });
    return best;
  }

  /** Hosts of images that the browser does not let us fetch yet; the popup offers to ask for them. @type {Set<string>} */
  const hosts = new Set();

  /** @param {string} url */
  function refused(url) {
    if (/^https?:/.test(url) && hosts.size < 12) hosts.add(new URL(url).origin);
  }

  function take() {
    const entries = [...waiting.values()];
    const boxes = entries.map(({ element }) => element.getBoundingClientRect());
    const target = entries[nearest(boxes, innerHeight)];
    if (target) waiting.delete(target.element);
    return target;
  }

  /** @param {Problem} trouble */
  function rest(trouble) {
    problem = trouble.code;
    pause = Math.min(LONGEST_PAUSE_MS, pause ? pause * 2 : FIRST_PAUSE_MS);
    resting = true;
    // Never longer: a pause that was meant for an hour can be ended at any moment.
    const wait = trouble.retryAfter ? Math.min(LONGEST_PAUSE_MS, trouble.retryAfter * 1000) : pause;
    const woken = new AbortController();
    const wake = () => {
      woken.abort();
      clearTimeout(timer);
      resting = false;
      pump();
    };
    const timer = setTimeout(wake, wait);
    // Who comes back to the page may have seen to the trouble elsewhere: in the settings, or by starting the companion.
    const back = () => document.visibilityState === "visible" && wake();
    document.addEventListener("visibilitychange", back, { signal: woken.signal });
  }

  /** @param {ImageTarget} target */
  async function run(target) {
    running += 1;
    const box = target.element.getBoundingClientRect();
    const inView = box.bottom > 0 && box.top < innerHeight;
    const outcome = await naturalTrace.checks.start(target, inView ? "visible" : "near");
    running -= 1;
    const trouble = outcome.problem;
    if (trouble && GENERAL.has(trouble.code)) {
      naturalTrace.checks.drop(target.element);
      if (target.element.isConnected) waiting.set(target.element, target);
      if (!resting) rest(trouble);
    } else if (outcome.verdict) {
      problem = null;
      pause = 0;
    } else if (trouble) {
      // Nothing to say about this one: nothing is kept of it, but where it could not be fetched from.
      if (trouble.code === "no_access") refused(target.url);
      naturalTrace.checks.drop(target.element);
    }
    pump();
  }

  function pump() {
    while (!resting && running < AT_ONCE && waiting.size) {
      const target = take();
      if (!target) return;
      if (target.element.isConnected) void run(target);
    }
  }

  naturalTrace.queue = {
    add(target) {
      waiting.set(target.element, target);
      pump();
    },
    remove: (element) => void waiting.delete(element),
    has: (element) => waiting.has(element),
    waiting: () => waiting.size + running,
    problem: () => problem,
    refusedHosts: () => [...hosts],
    forgetRefused: () => hosts.clear(),
    nearest,
  };
})();
