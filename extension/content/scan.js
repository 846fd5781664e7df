// Which elements of a page may be images. Most can be told by a selector; backgrounds from style sheets only by asking for
// computed styles, which costs, so that only large boxes are asked. Both go step by step, for the caller to interrupt.

/**
 * @typedef {{
 *   bigEnough: (box: {width: number, height: number}) => boolean,
 *   hasInlineBackground: (element: Element) => boolean,
 *   scan: (element: Element, found: (element: Element) => void, rootFound: (root: ShadowRoot) => void) => Generator<void>,
 *   inView: (found: (element: Element) => void) => Generator<void>,
 * }} ScanApi
 *   `scan` looks at an element and all that is in it, open shadow roots too. `inView` looks at what shows now, for
 *   backgrounds that came with a class or a style sheet.
 */

(() => {
  /** Avatars and icons are smaller, and too small to be judged. CSS pixels. */
  const SMALLEST = 100;
  const DIRECT = "img, video[poster], canvas, svg image";
  const INLINE = "[style*='background']";
  const BACKGROUND_TAGS = new Set("div a span li figure section article button header picture p i".split(" "));
  const SWEEP_MOST = 4000;
  /** Elements per step. */
  const STRIDE = 16;
  /** Points along each side of the viewport. */
  const GRID = 7;

  /** @type {ScanApi["bigEnough"]} */
  const bigEnough = ({ width, height }) => width >= SMALLEST && height >= SMALLEST;

  /** @param {Element} element */
  const hasBackground = (element) =>
    BACKGROUND_TAGS.has(element.localName) &&
    bigEnough({ width: element.clientWidth, height: element.clientHeight }) &&
    naturalTrace.images.backgroundUrl(getComputedStyle(element).backgroundImage) !== null;

  /** @type {ScanApi["scan"]} */
  function* scan(element, found, rootFound) {
    if (element.localName.startsWith("naturaltrace-")) return;
    let steps = 0;
    if (element.matches(`${DIRECT}, ${INLINE}`)) found(element);
    // First what a selector can tell: these are most of the images, and they are there at once.
    for (const each of element.querySelectorAll(`${DIRECT}, ${INLINE}`)) {
      found(each);
      if (++steps % STRIDE === 0) yield;
    }
    // An iterator that keeps its place when the page removes elements between two steps.
    const all = document.createNodeIterator(element, NodeFilter.SHOW_ELEMENT);
    let looked = 0;
    for (let node = all.nextNode(); node; node = all.nextNode()) {
      const each = /** @type {Element} */ (node);
      if (each.shadowRoot) {
        rootFound(each.shadowRoot);
        for (const child of each.shadowRoot.children) yield* scan(child, found, rootFound);
      }
      if (looked < SWEEP_MOST && BACKGROUND_TAGS.has(each.localName)) {
        looked += 1;
        if (hasBackground(each)) found(each);
      }
      if (++steps % STRIDE === 0) yield;
    }
  }

  /** @type {ScanApi["inView"]} */
  function* inView(found) {
    /** @type {Set<Element>} */
    const asked = new Set();
    for (let i = 0; i < GRID * GRID; i++) {
      const x = (innerWidth * ((i % GRID) + 0.5)) / GRID;
      const y = (innerHeight * (Math.floor(i / GRID) + 0.5)) / GRID;
      for (const element of document.elementsFromPoint(x, y)) {
        if (asked.has(element)) continue;
        asked.add(element);
        if (hasBackground(element)) found(element);
      }
      yield;
    }
  }

  naturalTrace.scan = { bigEnough, scan, inView, hasInlineBackground: (element) => element.matches(INLINE) };
})();
