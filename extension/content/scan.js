// Which elements of a page may be images. Most can be told by a selector; backgrounds from style sheets only by asking for
// computed styles, which costs, so that only large boxes are asked.

/**
 * @typedef {{
 *   bigEnough: (box: {width: number, height: number}) => boolean,
 *   hasInlineBackground: (element: Element) => boolean,
 *   scan: (element: Element, found: (element: Element) => void, rootFound: (root: ShadowRoot) => void) => void,
 *   inView: (found: (element: Element) => void) => void,
 * }} ScanApi
 *   `scan` looks at an element and all that is in it, open shadow roots too. `inView` looks at what shows now, for
 *   backgrounds that came with a class or a style sheet.
 */

(() => {
  /** Avatars and icons are smaller, and too small to be judged. CSS pixels. */
  const SMALLEST = 100;
  const DIRECT = "img, video[poster], canvas, svg image";
  const INLINE = "[style*='background']";
  const BACKGROUND_TAGS = "div, a, span, li, figure, section, article, button, header, picture, p, i";
  const SWEEP_MOST = 4000;
  /** Points along each side of the viewport. */
  const GRID = 7;

  /** @type {ScanApi["bigEnough"]} */
  const bigEnough = ({ width, height }) => width >= SMALLEST && height >= SMALLEST;

  /** @param {Element} element */
  const background = (element) => naturalTrace.images.backgroundUrl(getComputedStyle(element).backgroundImage);

  /** @type {ScanApi["scan"]} */
  function scan(element, found, rootFound) {
    if (element.localName.startsWith("naturaltrace-")) return;
    if (element.matches(`${DIRECT}, ${INLINE}`)) found(element);
    for (const each of element.querySelectorAll(`${DIRECT}, ${INLINE}`)) found(each);
    let looked = 0;
    for (const each of [element, ...element.querySelectorAll("*")]) {
      if (each.shadowRoot) {
        rootFound(each.shadowRoot);
        for (const child of each.shadowRoot.children) scan(child, found, rootFound);
      }
      if (looked >= SWEEP_MOST || !each.matches(BACKGROUND_TAGS) || each.matches(INLINE)) continue;
      looked += 1;
      if (bigEnough({ width: each.clientWidth, height: each.clientHeight }) && background(each)) found(each);
    }
  }

  /** @type {ScanApi["inView"]} */
  function inView(found) {
    /** @type {Set<Element>} */
    const asked = new Set();
    for (let i = 0; i < GRID * GRID; i++) {
      const x = (innerWidth * ((i % GRID) + 0.5)) / GRID;
      const y = (innerHeight * (Math.floor(i / GRID) + 0.5)) / GRID;
      for (const element of document.elementsFromPoint(x, y)) {
        if (asked.has(element)) continue;
        asked.add(element);
        if (!element.matches(BACKGROUND_TAGS) || element.localName.startsWith("naturaltrace-")) continue;
        if (bigEnough({ width: element.clientWidth, height: element.clientHeight }) && background(element))
          found(element);
      }
    }
  }

  naturalTrace.scan = { bigEnough, scan, inView, hasInlineBackground: (element) => element.matches(INLINE) };
})();
