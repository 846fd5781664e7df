// What a picture of the screen would show of an image: where it is, and whether anything lies over it. While the picture
// is taken, whatever is ours steps aside.

/**
 * @typedef {{
 *   begin: (element: Element) => Promise<Sight>,
 *   end: (element: Element) => Sight,
 *   covers: (style: {backgroundColor: string, backgroundImage: string, opacity: string, visibility: string}, tag: string)
 *     => boolean,
 * }} SightApi
 */

(() => {
  const OURS = "naturaltrace-badge, naturaltrace-panel";
  const REPLACED = new Set(["img", "video", "canvas", "iframe", "object", "embed", "image"]);
  /** Along each side. */
  const POINTS = 5;

  /**
   * Whether an element of this kind hides what is under it. A see-through one, such as a link over the whole card, does not.
   * @type {SightApi["covers"]}
   */
  function covers({ backgroundColor, backgroundImage, opacity, visibility }, tag) {
    if (Number(opacity) === 0 || visibility !== "visible") return false;
    const clear = /^(transparent|rgba\(.*,\s*0\)|.*\/ 0\))$/.test(backgroundColor);
    return REPLACED.has(tag) || !clear || backgroundImage !== "none";
  }

  /** @param {Element} element */
  function uncovered(element) {
    const box = element.getBoundingClientRect();
    const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
    const twins = new Set(naturalTrace.twins.of(element));
    for (let i = 0; i < POINTS * POINTS; i++) {
      const x = box.left + (box.width * ((i % POINTS) + 0.5)) / POINTS;
      const y = box.top + (box.height * (Math.floor(i / POINTS) + 0.5)) / POINTS;
      for (const over of root.elementsFromPoint(x, y)) {
        if (over === element || over.contains(element)) break;
        if (over.matches(OURS) || twins.has(over) || element.contains(over)) continue;
        if (covers(getComputedStyle(over), over.localName)) return false;
      }
    }
    return true;
  }

  /** @param {Element} element @returns {Sight} */
  function look(element) {
    const { x, y, width, height, left, top, right, bottom } = element.getBoundingClientRect();
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && width > 0 && height > 0;
    const clear = inside && window === window.top && uncovered(element);
    return { box: { x, y, width, height }, clear, pixelRatio: devicePixelRatio };
  }

  /** @param {boolean} aside */
  function step(aside) {
    for (const each of document.querySelectorAll(OURS)) {
      const host = /** @type {HTMLElement} */ (each);
      if (aside) naturalTrace.placement.important(host, { opacity: "0" });
      else host.style.removeProperty("opacity");
    }
  }

  const drawn = () => new Promise((/** @type {(at: number) => void} */ done) => requestAnimationFrame(done));

  naturalTrace.sight = {
    covers,
    async begin(element) {
      step(true);
      // Twice: the first frame is still being made while the change comes in.
      await drawn();
      await drawn();
      return look(element);
    },
    end(element) {
      step(false);
      return look(element);
    },
  };
})();
