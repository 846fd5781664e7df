// What on a page is an image, and under which address its bytes are.

/**
 * @typedef {{element: Element, kind: ImageKind, url: string}} ImageTarget
 * @typedef {{
 *   targetOf: (element: Element) => ImageTarget | null,
 *   backgroundUrl: (backgroundImage: string) => string | null,
 *   byUrl: (url: string, root?: Document | ShadowRoot) => ImageTarget | null,
 *   everyRoot: (root?: Document | ShadowRoot) => Generator<Document | ShadowRoot>,
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

  /** @param {Element} element */
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

  naturalTrace.images = { targetOf, backgroundUrl, byUrl, everyRoot };
})();
