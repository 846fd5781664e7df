// Finds the images of a page, and goes on finding them: feeds that grow, pictures that are swapped or enlarged, single-page
// navigation. Observers only, no timers; nothing is looked at twice.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{start: () => void, stop: () => void, active: () => boolean, bigEnough: (box: {width: number, height: number}) => boolean}} FinderApi
 */

(() => {
  /** Avatars and icons are smaller, and too small to be judged. CSS pixels. */
  const SMALLEST = 100;
  /** How far outside the viewport an image is looked at ahead of time. */
  const AHEAD = "300px 0px";
  const DIRECT = "img, video[poster], svg image";
  const WITH_BACKGROUND = "[style*='background']";
  const BACKGROUND_TAGS = "div, a, span, li, figure, section, article, button";
  const SWEEP_MOST = 4000;

  /** @type {AbortController | null} */
  let life = null;
  /** Addresses that were handed on, by element. @type {WeakMap<Element, string>} */
  let seen = new WeakMap();
  /** @type {Set<Element>} */
  const watched = new Set();
  /** @type {Set<Element>} */
  let fresh = new Set();
  let sweeping = false;

  /** @type {FinderApi["bigEnough"]} */
  const bigEnough = ({ width, height }) => width >= SMALLEST && height >= SMALLEST;

  /** Of an image and its twin (a site's trick: a see-through <img> over a background) only one is checked. @param {ImageTarget} target */
  function hasTwin(target) {
    const box = target.element.getBoundingClientRect();
    for (const other of watched) {
      if (other === target.element || seen.get(other) !== target.url || !naturalTrace.checks.has(other)) continue;
      const theirs = other.getBoundingClientRect();
      if (Math.abs(theirs.left - box.left) < 8 && Math.abs(theirs.top - box.top) < 8) return true;
    }
    return false;
  }

  /** @param {Element} element */
  function consider(element) {
    if (!bigEnough(element.getBoundingClientRect())) return;
    const target = naturalTrace.images.targetOf(element);
    if (!target || target.url === seen.get(element)) return;
    if (element instanceof HTMLImageElement && !(element.complete && element.naturalWidth)) return;
    if (/^data:image\/svg|\.svg(\?|#|$)/.test(target.url) || hasTwin(target)) return;
    seen.set(element, target.url);
    naturalTrace.queue.add(target);
  }

  const near = () =>
    new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) consider(target);
          else if (!naturalTrace.checks.has(target)) {
            naturalTrace.queue.remove(target);
            seen.delete(target);
          }
        }
      },
      { rootMargin: AHEAD },
    );

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
    changes.observe(root, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["src", "srcset", "poster", "style"],
    });
    root.addEventListener("load", onLoad, { capture: true, signal: /** @type {AbortController} */ (life).signal });
  }

  /** Loading does not bubble, but it can be caught on its way down. @param {Event} event */
  function onLoad({ target }) {
    if (target instanceof HTMLImageElement) {
      watch(target);
      // In reach already? Then no intersection will be reported again.
      const box = target.getBoundingClientRect();
      if (box.bottom > -300 && box.top < innerHeight + 300) consider(target);
    }
  }

  /** @param {Element} element */
  function scan(element) {
    if (element.localName.startsWith("naturaltrace-")) return;
    if (element.matches(DIRECT) || element.matches(WITH_BACKGROUND)) watch(element);
    for (const found of element.querySelectorAll(`${DIRECT}, ${WITH_BACKGROUND}`)) watch(found);
    let looked = 0;
    for (const each of [element, ...element.querySelectorAll("*")]) {
      if (each.shadowRoot) {
        observeRoot(each.shadowRoot);
        for (const child of each.shadowRoot.children) scan(child);
      }
      // Backgrounds from style sheets can only be told by asking, which costs; large boxes near the viewport alone are asked.
      if (looked < SWEEP_MOST && each.matches(BACKGROUND_TAGS) && !each.matches(WITH_BACKGROUND)) {
        looked += 1;
        if (bigEnough({ width: each.clientWidth, height: each.clientHeight }) && background(each)) watch(each);
      }
    }
  }

  /** @param {Element} element */
  const background = (element) => naturalTrace.images.backgroundUrl(getComputedStyle(element).backgroundImage);

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
      if (element.isConnected) scan(element);
      // Long tasks make pages stutter: the rest comes in the next idle moment.
      if (performance.now() - start > 12) break;
    }
    for (const element of watched) if (!element.isConnected) forget(element);
    if (fresh.size) sweepSoon();
  }

  /** @param {MutationRecord[]} records */
  function onChanges(records) {
    let any = false;
    for (const record of records) {
      if (record.type === "attributes") {
        const element = /** @type {Element} */ (record.target);
        // Our own badge writes `anchor-name` into an image's style; only another picture is news.
        if (record.attributeName === "style" && !element.matches(WITH_BACKGROUND)) continue;
        if (watched.has(element)) {
          if (naturalTrace.images.targetOf(element)?.url !== seen.get(element) && seen.has(element)) {
            naturalTrace.checks.drop(element);
            seen.delete(element);
          }
          consider(element);
        } else fresh.add(element);
        any = true;
        continue;
      }
      for (const node of record.addedNodes) {
        if (node instanceof Element && !node.localName.startsWith("naturaltrace-")) fresh.add(node);
      }
      any ||= record.addedNodes.length > 0 || record.removedNodes.length > 0;
    }
    if (any) sweepSoon();
  }

  function start() {
    if (life) return;
    life = new AbortController();
    closeness = near();
    growth = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        const box = target.getBoundingClientRect();
        if (box.bottom > -300 && box.top < innerHeight + 300) consider(target);
      }
    });
    changes = new MutationObserver(onChanges);
    observeRoot(document);
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
  }

  naturalTrace.finder = { start, stop, active: () => life !== null, bigEnough };
})();
