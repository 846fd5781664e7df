// Finds the images of a page, and goes on finding them: feeds that grow, pictures that are swapped or enlarged, single-page
// navigation. Observers only; nothing is looked at twice, and what has to be asked of the layout is asked in slices.

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
  /** A page that changes all the time must not have us look at what shows all the time. */
  const SWEEP_EVERY_MS = 500;
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
  /** Those of them that are in reach. @type {Set<Element>} */
  const close = new Set();
  /** Pictures that the page has loaded again. @type {WeakSet<Element>} */
  const reloaded = new WeakSet();
  let sweeping = false;
  let swept = Number.NEGATIVE_INFINITY;

  const { slices } = naturalTrace;
  const considering = slices.line((/** @type {Element} */ element) => void (close.has(element) && consider(element)));
  const scanning = slices.line((/** @type {Element} */ element) =>
    element.isConnected ? naturalTrace.scan.scan(element, watch, observeRoot) : undefined,
  );
  const glancing = slices.line((/** @type {Document} */ _) => naturalTrace.scan.inView(watch));

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

  /** @param {Element} element */
  function consider(element) {
    if (!life) return;
    const { images, scan, checks, queue } = naturalTrace;
    const target = images.targetOf(element);
    if (target && target.url === seen.get(element)) return;
    // What only waits for a check may have become another picture meanwhile; a check follows its own.
    if (!checks.has(element) && seen.delete(element)) queue.remove(element);
    if (!target || !scan.bigEnough(element.getBoundingClientRect())) return;
    if (!ready(element, target.url) || hasTwin(target)) return;
    if (target.kind === "canvas") void considerCanvas(target);
    else handOn(reloaded.delete(element) ? { ...target, fresh: true } : target);
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
    if (seen.get(element) === naturalTrace.images.targetOf(element)?.url) reloaded.add(element);
    else reloaded.delete(element);
    if (element instanceof HTMLCanvasElement) restless.set(element, (restless.get(element) ?? 0) + 1);
    seen.delete(element);
    considering.add(element);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  function onCloseness(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) {
        close.add(target);
        considering.add(target);
        continue;
      }
      close.delete(target);
      if (naturalTrace.checks.pending(target) || !naturalTrace.checks.has(target)) {
        // Gone before there was a verdict: its work goes too.
        naturalTrace.queue.remove(target);
        naturalTrace.checks.drop(target);
        seen.delete(target);
      }
    }
    considering.now();
  }

  /** @type {IntersectionObserver} */
  let closeness;
  /** @type {ResizeObserver} */
  let growth;
  /** @type {MutationObserver} */
  let changes;

  /** @param {Element} element */
  function watch(element) {
    if (watched.has(element) || !element.isConnected) return;
    watched.add(element);
    closeness.observe(element);
    growth.observe(element);
  }

  /** @param {Element} element */
  function forget(element) {
    watched.delete(element);
    close.delete(element);
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
    if (root instanceof ShadowRoot) naturalTrace.actions.restore(root);
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
    considering.add(target);
  }

  function sweepSoon() {
    if (sweeping) return;
    sweeping = true;
    const idle = globalThis.requestIdleCallback ?? ((/** @type {() => void} */ run) => setTimeout(run, 50));
    const wait = swept + SWEEP_EVERY_MS - performance.now();
    if (wait > 0) setTimeout(() => idle(sweep, { timeout: SWEEP_EVERY_MS }), wait);
    else idle(sweep, { timeout: SWEEP_EVERY_MS });
  }

  function sweep() {
    sweeping = false;
    swept = performance.now();
    if (!life) return;
    for (const element of watched) if (!element.isConnected) forget(element);
    glancing.add(document);
    naturalTrace.changes.lookSoon();
  }

  /** @param {Node} node */
  const isOurs = (node) => node instanceof Element && node.localName.startsWith("naturaltrace-");

  /** Takes notes only: what they bring is looked at in slices. @param {MutationRecord[]} records */
  function onChanges(records) {
    let any = false;
    for (const record of records) {
      if (record.type === "attributes") {
        any = onAttribute(record) || any;
        continue;
      }
      for (const node of record.addedNodes) {
        if (isOurs(node)) continue;
        any = true;
        if (node instanceof Element) scanning.add(node);
      }
      for (const node of record.removedNodes) any ||= !isOurs(node);
    }
    if (any) sweepSoon();
  }

  /** @param {MutationRecord} record @returns {boolean} whether it may bring another picture */
  function onAttribute({ target, attributeName }) {
    const element = /** @type {Element} */ (target);
    if (isOurs(element)) return false;
    // A class may bring backgrounds anywhere below; what shows is looked at in the next idle moment.
    if (attributeName === "class") return true;
    // Our own badge writes `anchor-name` into an image's style; only another picture is news.
    if (attributeName === "style" && !naturalTrace.scan.hasInlineBackground(element)) return false;
    if (!watched.has(element)) {
      scanning.add(element);
      return true;
    }
    considering.add(element);
    return false;
  }

  function start() {
    if (life) return;
    life = new AbortController();
    closeness = new IntersectionObserver(onCloseness, { rootMargin: `${AHEAD_PX}px 0px` });
    growth = new ResizeObserver((entries) => {
      for (const { target } of entries) considering.add(target);
    });
    changes = new MutationObserver(onChanges);
    observeRoot(document);
    const { signal } = life;
    for (const type of ["scrollend", "resize", "load"])
      window.addEventListener(type, sweepSoon, { passive: true, signal });
    scanning.add(document.documentElement);
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
    for (const line of [considering, scanning, glancing]) line.clear();
    seen = new WeakMap();
    restless = new WeakMap();
    roots = new WeakSet();
  }

  naturalTrace.finder = { start, stop, active: () => life !== null, again, size: () => watched.size };
})();
