// Another picture in the same place: a carousel, a camera that reloads one address, a class that brings another background,
// a canvas that is drawn on. A verdict must not stay on a picture that it is not about.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   watch: (target: ImageTarget, changed: () => void) => void,
 *   unwatch: (element: Element) => void,
 *   look: (element: Element) => void,
 *   lookSoon: () => void,
 *   fingerprint: (canvas: HTMLCanvasElement) => string | null,
 *   size: () => number,
 * }} ChangesApi
 *   `changed` is called once at most. `look`: at this one, now; `lookSoon`: at whatever only looking can tell of, as far as
 *   it is near what the user sees. `fingerprint`: null where the canvas can't be read or is empty.
 */

(() => {
  const ATTRIBUTES = ["src", "srcset", "poster", "href", "style", "class"];
  const LOOK_EVERY_MS = 250;
  /** Nothing tells when a canvas is drawn on, so it is looked at now and then, while one is checked and in view. */
  const CANVAS_EVERY_MS = 1000;
  const GRID = 16;

  /**
   * `loading`: the load that the picture still waits for is its own; any later one brings another, under whatever address.
   * @typedef {{target: ImageTarget, print: string | null, changed: () => void, loading: boolean, since: number}} Watched
   */
  /** @type {Map<Element, Watched>} */
  const watched = new Map();
  /** @type {Set<Node>} */
  let roots = new Set();

  /** @type {ChangesApi["fingerprint"]} */
  function fingerprint(canvas) {
    if (!canvas.width || !canvas.height) return null;
    const small = document.createElement("canvas");
    small.width = GRID;
    small.height = GRID;
    const pen = small.getContext("2d", { willReadFrequently: true });
    if (!pen) return null;
    try {
      pen.drawImage(canvas, 0, 0, GRID, GRID);
      const { data } = pen.getImageData(0, 0, GRID, GRID);
      return data.some((value) => value !== 0) ? data.join() : null;
    } catch {
      return null; // Drawn from another site's picture.
    }
  }

  /** @param {Element} element */
  const printOf = (element) => (element instanceof HTMLCanvasElement ? fingerprint(element) : null);

  /** @type {ChangesApi["look"]} */
  function look(element) {
    const entry = watched.get(element);
    if (!entry) return;
    const same = naturalTrace.images.targetOf(element)?.url === entry.target.url && printOf(element) === entry.print;
    if (!same) entry.changed();
  }

  const looking = naturalTrace.slices.line((/** @type {Element} */ element) => void look(element));

  /** @param {ImageKind} kind */
  function lookAtNear(kind) {
    for (const [element, { target }] of watched)
      if (target.kind === kind && naturalTrace.checks.near(element)) looking.add(element);
  }

  let lookingSoon = false;
  function lookSoon() {
    if (lookingSoon || watched.size === 0) return;
    lookingSoon = true;
    // A page that writes styles in every frame must not make us ask for computed ones in every frame.
    setTimeout(() => {
      lookingSoon = false;
      lookAtNear("css");
    }, LOOK_EVERY_MS);
  }

  const observer = new MutationObserver((records) => {
    for (const { target } of records) {
      const element = /** @type {Element} */ (target);
      const entry = watched.get(element);
      if (!entry) continue;
      // Its badge may have lost its hold: a page that rewrites an element's style takes ours away with it.
      naturalTrace.placement.refreshSoon();
      if (entry.target.kind !== "css") look(element);
    }
    lookSoon();
  });

  /** Loading and playing do not bubble, but they can be caught on their way down. @param {Event} event */
  function onLoad(event) {
    const element = /** @type {Element} */ (event.target);
    const entry = watched.get(element);
    // A load that is older than the check is the one that brought us here.
    if (!entry || event.timeStamp <= entry.since) return;
    if (entry.loading && naturalTrace.images.targetOf(element)?.url === entry.target.url) entry.loading = false;
    else entry.changed();
  }

  /** What plays shows its poster no more. @param {Event} event */
  function onPlaying({ target }) {
    if (target instanceof HTMLVideoElement) watched.get(target)?.changed();
  }

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let canvases;

  /** @type {AbortController | null} */
  let life = null;

  /** @param {Element} element */
  function begin(element) {
    if (!life) {
      life = new AbortController();
      const { signal } = life;
      for (const type of ["transitionend", "resize"])
        window.addEventListener(type, lookSoon, { passive: true, signal });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", lookSoon, { signal });
    }
    if (element instanceof HTMLCanvasElement)
      canvases ??= setInterval(() => document.hidden || lookAtNear("canvas"), CANVAS_EVERY_MS);
    const root = element.getRootNode();
    if (roots.has(root)) return;
    roots.add(root);
    observer.observe(root, { subtree: true, attributes: true, attributeFilter: ATTRIBUTES });
    root.addEventListener("load", onLoad, { capture: true, signal: life.signal });
    root.addEventListener("playing", onPlaying, { capture: true, signal: life.signal });
  }

  function end() {
    life?.abort();
    life = null;
    observer.disconnect();
    roots = new Set();
    clearInterval(canvases);
    canvases = undefined;
  }

  /** @type {ChangesApi["watch"]} */
  function watch(target, changed) {
    const { element } = target;
    const loading = element instanceof HTMLImageElement && !element.complete;
    watched.set(element, { target, print: printOf(element), changed, loading, since: performance.now() });
    begin(element);
  }

  /** @type {ChangesApi["unwatch"]} */
  function unwatch(element) {
    watched.delete(element);
    if (watched.size === 0 && life) end();
  }

  naturalTrace.changes = { watch, unwatch, look, lookSoon, fingerprint, size: () => watched.size };
})();
