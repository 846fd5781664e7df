// Another picture in the same place: a carousel, a camera that reloads one address, a class that brings another background,
// a canvas that is drawn on. A verdict must not stay on a picture that it is not about.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   watch: (target: ImageTarget, changed: () => void, signal: AbortSignal) => void,
 *   lookSoon: () => void,
 *   fingerprint: (canvas: HTMLCanvasElement) => string | null,
 *   size: () => number,
 * }} ChangesApi
 *   `changed` is called once at most. `fingerprint`: null where the canvas can't be read or is empty.
 */

(() => {
  const ATTRIBUTES = ["src", "srcset", "poster", "href", "style", "class"];
  const LOOK_EVERY_MS = 250;
  /** Nothing tells when a canvas is drawn on, so it is looked at now and then, while one is checked and in view. */
  const CANVAS_EVERY_MS = 1000;
  const GRID = 16;

  /** @type {Map<Element, {target: ImageTarget, print: string | null, changed: () => void}>} */
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

  /** @param {(target: ImageTarget) => boolean} which */
  function look(which) {
    for (const [element, { target, print, changed }] of [...watched]) {
      if (!which(target)) continue;
      if (naturalTrace.images.targetOf(element)?.url !== target.url || printOf(element) !== print) changed();
    }
  }

  let lookingSoon = false;
  function lookSoon() {
    if (lookingSoon || watched.size === 0) return;
    lookingSoon = true;
    // A page that writes styles in every frame must not make us ask for computed ones in every frame.
    setTimeout(() => {
      lookingSoon = false;
      look(({ kind }) => kind === "css");
    }, LOOK_EVERY_MS);
  }

  const observer = new MutationObserver((records) => {
    for (const { target } of records) {
      const entry = watched.get(/** @type {Element} */ (target));
      if (entry && entry.target.kind !== "css") look((each) => each.element === target);
    }
    lookSoon();
  });

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let canvases;

  /** @type {AbortController | null} */
  let life = null;

  /** @param {Element} element */
  function begin(element) {
    const root = element.getRootNode();
    if (!roots.has(root)) {
      roots.add(root);
      observer.observe(root, { subtree: true, attributes: true, attributeFilter: ATTRIBUTES });
    }
    if (element instanceof HTMLCanvasElement)
      canvases ??= setInterval(() => document.hidden || look(({ kind }) => kind === "canvas"), CANVAS_EVERY_MS);
    if (life) return;
    life = new AbortController();
    const { signal } = life;
    for (const type of ["transitionend", "resize"]) window.addEventListener(type, lookSoon, { passive: true, signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", lookSoon, { signal });
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
  function watch(target, changed, signal) {
    const { element } = target;
    if (element instanceof HTMLImageElement) {
      // The load that a picture is still waiting for is its own; any later one brings another, under whatever address.
      let own = !element.complete;
      const since = performance.now();
      /** @param {Event} event */
      const loaded = (event) => {
        // The finder hears of a load on its way down: then this is the one that brought us here.
        if (event.timeStamp <= since) return;
        if (own && naturalTrace.images.targetOf(element)?.url === target.url) own = false;
        else changed();
      };
      element.addEventListener("load", loaded, { signal });
    }
    // What plays shows its poster no more.
    if (element instanceof HTMLVideoElement) element.addEventListener("playing", changed, { signal });
    watched.set(element, { target, print: printOf(element), changed });
    begin(element);
    signal.addEventListener("abort", () => {
      watched.delete(element);
      if (watched.size === 0) end();
    });
  }

  naturalTrace.changes = { watch, lookSoon, fingerprint, size: () => watched.size };
})();
