// Finds the images of a page, and goes on finding them: feeds that grow, pictures that are swapped or enlarged, single-page
// navigation. Observers only; nothing is looked at twice.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   start: () => void,
 *   stop: () => void,
 *   active: () => boolean,
 *   again: (element: Element) => void,
 *   size: () => number,
 * }} FinderApi
 *   `again`: this element shows another picture now, perhaps under the same address. `size`: elements watched.
 */

(() => {
  /** How far outside the viewport an image is looked at ahead of time. */
  const AHEAD_PX = 300;
  /** A canvas is taken for a picture once it has not changed for this long; and how often one may change at all. */
  const CANVAS_STILL_MS = 500;
  const CANVAS_CHANGES = 3;

  /** @type {AbortController | null} */
  let life = null;
  /** Addresses that were handed on, by element. @type {WeakMap<Element, string>} */
  let seen = new WeakMap();
  /** How often a canvas had to be looked at again. @type {WeakMap<Element, number>} */
  let restless = new WeakMap();
  /** Open shadow roots that are observed. @type {WeakSet<Node>} */
  let roots = new WeakSet();
  /** @type {Set<Element>} */
  const watched = new Set();
  /** @type {Set<Element>} */
  let fresh = new Set();
  let sweeping = false;

  /** @param {Element} element */
  function inReach(element) {
    const box = element.getBoundingClientRect();
    return box.bottom > -AHEAD_PX && box.top < innerHeight + AHEAD_PX;
  }

  /**
   * Of an image and its twins only one is checked, and not the one that is out of focus: the badge would stand beside the
   * picture.
   * @param {ImageTarget} target
   */
  function hasTwin({ element, url }) {
    const { twins, checks, queue } = naturalTrace;
    const others = twins.of(element);
    if (!others.length) return false;
    if (twins.blurred(element)) return others.some((twin) => !twins.blurred(twin));
    return others.some((twin) => {
      if (!checks.has(twin) && !queue.has(twin)) return false;
      if (!twins.blurred(twin)) return seen.get(twin) === url;
      queue.remove(twin);
      checks.drop(twin);
      return false;
    });
  }

  /** Whether what the element would show is there to be judged. @param {Element} element @param {string} url */
  function ready(element, url) {
    if (element instanceof HTMLImageElement && !(element.complete && element.naturalWidth)) return false;
    // A video that plays shows its poster no more.
    if (element instanceof HTMLVideoElement && (!element.paused || element.played.length > 0)) return false;
    return !/^data:image\/svg|\.svg(\?|#|$)/.test(url);
  }

  /**
   * @param {Element} element
   * @param {boolean} [anew] the page has loaded the picture again
   */
  function consider(element, anew = false) {
    if (!life || !naturalTrace.scan.bigEnough(element.getBoundingClientRect())) return;
    const target = naturalTrace.images.targetOf(element);
    if (!target || target.url === seen.get(element) || !ready(element, target.url) || hasTwin(target)) return;
    if (target.kind === "canvas") void considerCanvas(target);
    else handOn(anew ? { ...target, fresh: true } : target);
  }

  /** @param {ImageTarget} target */
  function handOn(target) {
    seen.set(target.element, target.url);
    naturalTrace.queue.add(target);
  }

  /** Games and charts are drawn all the time; a canvas that holds a picture is drawn once. @param {ImageTarget} target */
  async function considerCanvas(target) {
    const canvas = /** @type {HTMLCanvasElement} */ (target.element);
    const { scan, changes } = naturalTrace;
    if (!scan.bigEnough(canvas) || (restless.get(canvas) ?? 0) > CANVAS_CHANGES) return;
    const print = changes.fingerprint(canvas);
    seen.set(canvas, "");
    await new Promise((done) => setTimeout(done, CANVAS_STILL_MS));
    if (!life || !canvas.isConnected || !watched.has(canvas)) return;
    if (print !== null && changes.fingerprint(canvas) === print) handOn(target);
    else {
      restless.set(canvas, (restless.get(canvas) ?? 0) + 1);
      seen.delete(canvas);
    }
  }

  /** @type {FinderApi["again"]} */
  function again(element) {
    if (!life || !watched.has(element)) return;
    const same = seen.get(element) === naturalTrace.images.targetOf(element)?.url;
    if (element instanceof HTMLCanvasElement) restless.set(element, (restless.get(element) ?? 0) + 1);
    seen.delete(element);
    if (inReach(element)) consider(element, same);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  function onCloseness(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) consider(target);
      else if (naturalTrace.checks.pending(target) || !naturalTrace.checks.has(target)) {
        // Gone before there was a verdict: its work goes too.
        naturalTrace.queue.remove(target);
        naturalTrace.checks.drop(target);
        seen.delete(target);
      }
    }
  }

  /** @type {IntersectionObserver} */
  let closeness;
  /** @type {ResizeObserver} */
  let growth;
  /** @type {MutationObserver} */
  let changes;

  /** @param {Element} element */
  function watch(element) {
    if (watched.has(element)) return;
    watched.add(element);
    closeness.observe(element);
    growth.observe(element);
  }

  /** @param {Element} element */
  function forget(element) {
    watched.delete(element);
    closeness.unobserve(element);
    growth.unobserve(element);
    naturalTrace.queue.remove(element);
    naturalTrace.checks.drop(element);
    seen.delete(element);
  }

  /** @param {Document | ShadowRoot} root */
  function observeRoot(root) {
    if (!life || roots.has(root)) return;
    roots.add(root);
    changes.observe(root, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["src", "srcset", "poster", "href", "style", "class"],
    });
    root.addEventListener("load", onLoad, { capture: true, signal: life.signal });
  }

  /** Loading does not bubble, but it can be caught on its way down. @param {Event} event */
  function onLoad({ target }) {
    if (!(target instanceof HTMLImageElement)) return;
    watch(target);
    // In reach already? Then no intersection will be reported again.
    if (inReach(target)) consider(target);
  }

  function sweepSoon() {
    if (sweeping) return;
    sweeping = true;
    const idle = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ run) => setTimeout(run, 50));
    idle(sweep, { timeout: 500 });
  }

  function sweep() {
    sweeping = false;
    if (!life) return;
    const start = performance.now();
    for (const element of fresh) {
      fresh.delete(element);
      if (element.isConnected) naturalTrace.scan.scan(element, watch, observeRoot);
      // Long tasks make pages stutter: the rest comes in the next idle moment.
      if (performance.now() - start > 12) break;
    }
    for (const element of watched) if (!element.isConnected) forget(element);
    if (fresh.size) sweepSoon();
    else naturalTrace.scan.inView(watch);
    naturalTrace.changes.lookSoon();
  }

  /** @param {MutationRecord[]} records */
  function onChanges(records) {
    let any = false;
    for (const record of records) {
      if (record.type === "attributes") any = onAttribute(record) || any;
      for (const node of record.addedNodes) {
        if (node instanceof Element && !node.localName.startsWith("naturaltrace-")) fresh.add(node);
      }
      any ||= record.addedNodes.length > 0 || record.removedNodes.length > 0;
    }
    if (any) sweepSoon();
  }

  /** @param {MutationRecord} record @returns {boolean} whether it may bring another picture */
  function onAttribute({ target, attributeName }) {
    const element = /** @type {Element} */ (target);
    if (element.localName.startsWith("naturaltrace-")) return false;
    // A class may bring backgrounds anywhere below; what shows is looked at in the next idle moment.
    if (attributeName === "class") return true;
    // Our own badge writes `anchor-name` into an image's style; only another picture is news.
    if (attributeName === "style" && !naturalTrace.scan.hasInlineBackground(element)) return false;
    if (!watched.has(element)) {
      fresh.add(element);
      return true;
    }
    const { checks, images } = naturalTrace;
    // A check follows its own picture; what only waits for one is looked at here.
    if (!checks.has(element) && images.targetOf(element)?.url !== seen.get(element)) {
      naturalTrace.queue.remove(element);
      seen.delete(element);
      if (inReach(element)) consider(element);
    }
    return false;
  }

  function start() {
    if (life) return;
    life = new AbortController();
    closeness = new IntersectionObserver(onCloseness, { rootMargin: `${AHEAD_PX}px 0px` });
    growth = new ResizeObserver((entries) => {
      for (const { target } of entries) if (inReach(target)) consider(target);
    });
    changes = new MutationObserver(onChanges);
    observeRoot(document);
    const { signal } = life;
    for (const type of ["scrollend", "resize", "load"])
      window.addEventListener(type, sweepSoon, { passive: true, signal });
    fresh.add(document.documentElement);
    sweepSoon();
  }

  function stop() {
    if (!life) return;
    life.abort();
    life = null;
    changes.disconnect();
    for (const element of [...watched]) forget(element);
    closeness.disconnect();
    growth.disconnect();
    fresh = new Set();
    seen = new WeakMap();
    restless = new WeakMap();
    roots = new WeakSet();
  }

  naturalTrace.finder = { start, stop, active: () => life !== null, again, size: () => watched.size };
})();
