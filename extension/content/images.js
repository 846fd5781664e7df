// What on a page is an image, and under which address its bytes are.

/**
 * @typedef {{element: Element, kind: ImageKind, url: string, fresh?: boolean}} ImageTarget
 *   `fresh`: the page has loaded the picture again under the same address.
 * @typedef {{
 *   targetOf: (element: Element) => ImageTarget | null,
 *   backgroundUrl: (backgroundImage: string) => string | null,
 *   byUrl: (url: string, root?: Document | ShadowRoot) => ImageTarget | null,
 *   everyRoot: (root?: Document | ShadowRoot) => Generator<Document | ShadowRoot>,
 *   shownArea: (element: Element) => number,
 *   under: (elements: Element[]) => ImageTarget | null,
 * }} ImagesApi
 */

(() => {
  const CANDIDATES = "img, video[poster], canvas, svg image";

  /**
   * The address in a computed `background-image`; the last one, for gradients are laid over the picture.
   * @type {ImagesApi["backgroundUrl"]}
   */
  function backgroundUrl(backgroundImage) {
    const found = [...backgroundImage.matchAll(/url\((?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^"')]*))\)/g)].pop();
    if (!found) return null;
    return (found[1] ?? found[2] ?? found[3] ?? "").replace(/\\(.)/g, "$1") || null;
  }

  /** @type {ImagesApi["targetOf"]} */
  function targetOf(element) {
    if (element instanceof HTMLImageElement) {
      const url = element.currentSrc || element.src;
      return url ? { element, kind: "img", url } : null;
    }
    if (element instanceof HTMLVideoElement) {
      return element.poster ? { element, kind: "poster", url: element.poster } : null;
    }
    if (element instanceof HTMLCanvasElement) return { element, kind: "canvas", url: "" };
    if (element instanceof SVGImageElement) {
      const url = element.href.baseVal;
      return url ? { element, kind: "svg", url: new URL(url, document.baseURI).href } : null;
    }
    const url = backgroundUrl(getComputedStyle(element).backgroundImage);
    return url ? { element, kind: "css", url } : null;
  }

  /**
   * The document and every open shadow root in it.
   * @type {ImagesApi["everyRoot"]}
   */
  function* everyRoot(root = document) {
    yield root;
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) yield* everyRoot(element.shadowRoot);
    }
  }

  /**
   * How much of it the viewport shows, in square CSS pixels.
   * @type {ImagesApi["shownArea"]}
   */
  function shownArea(element) {
    const box = element.getBoundingClientRect();
    const width = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
    const height = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    return width > 0 && height > 0 ? width * height : 0;
  }

  /**
   * The image with this address; of several, the one that shows the most of itself.
   * @type {ImagesApi["byUrl"]}
   */
  function byUrl(url, root = document) {
    /** @type {{target: ImageTarget, area: number} | null} */
    let best = null;
    for (const each of everyRoot(root)) {
      for (const element of each.querySelectorAll(CANDIDATES)) {
        const target = targetOf(element);
        if (target?.url !== url) continue;
        const area = shownArea(element);
        if (!best || area > best.area) best = { target, area };
      }
    }
    return best?.target ?? null;
  }

  /**
   * The image that a person means who points at these elements, the innermost first: one of them, or one that shows in the
   * same card, for many sites lay a see-through link over their images.
   * @type {ImagesApi["under"]}
   */
  function under(elements) {
    // A page's own background is meant only by who points at nothing else.
    const ground = [document.body, document.documentElement];
    const meant = elements.filter((element, i) => i === 0 || !ground.includes(/** @type {HTMLElement} */ (element)));
    const direct = meant.map(targetOf).find((target) => target !== null);
    if (direct) return direct;
    for (const card of meant.slice(0, 4)) {
      if (ground.includes(/** @type {HTMLElement} */ (card))) break;
      const { width, height } = card.getBoundingClientRect();
      const inside = [...card.querySelectorAll(CANDIDATES)].map(targetOf).filter((target) => target !== null);
      // Words in a corner of a large section do not mean the picture in another.
      const shown = inside.filter(({ element }) => shownArea(element) > 0.25 * width * height);
      // More than a few, and nobody can say which one was meant.
      if (shown.length && shown.length <= 3)
        return shown.reduce((a, b) => (shownArea(b.element) > shownArea(a.element) ? b : a));
    }
    return null;
  }

  naturalTrace.images = { targetOf, backgroundUrl, byUrl, everyRoot, shownArea, under };
})();
