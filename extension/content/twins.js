// Twins of an image: some sites lay a see-through <img>, for menus and screen readers, over an element that shows the same
// picture as its background, or a poster's picture over its video. Others fill the frame round a narrow picture with a
// blurred copy of it, larger than itself. They are one image to a person: one badge, and what is done to one is done to all.

/**
 * @typedef {{
 *   of: (element: Element) => Element[],
 *   samePlace: (a: Box, b: Box, share?: "smaller" | "larger") => boolean,
 *   blurred: (element: Element) => boolean,
 * }} TwinsApi
 *   `blurred`: the page shows it out of focus, as such a copy.
 * @typedef {{left: number, top: number, right: number, bottom: number, width: number, height: number}} Box
 */

(() => {
  /** How far up the common card is looked for, and how many elements in it. */
  const LEVELS = 3;
  const MOST = 80;

  /**
   * Whether two boxes lie so much over each other that a person sees one picture: most of the larger one is shared, or, for
   * a copy behind it, most of the smaller one.
   * @type {TwinsApi["samePlace"]}
   */
  function samePlace(a, b, share = "larger") {
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width <= 0 || height <= 0) return false;
    const areas = [a.width * a.height, b.width * b.height];
    return width * height >= 0.8 * (share === "larger" ? Math.max(...areas) : Math.min(...areas));
  }

  /** A copy that is only there to fill a frame is asked for in a smaller size. @param {string} url */
  const file = (url) => url.replace(/[?#].*$/, "");

  /** @type {TwinsApi["blurred"]} */
  const blurred = (element) =>
    !naturalTrace.actions.acted(element) && getComputedStyle(element).filter.includes("blur(");

  /** @type {TwinsApi["of"]} */
  function of(element) {
    const { images } = naturalTrace;
    const url = images.targetOf(element)?.url;
    if (!url) return [];
    const box = element.getBoundingClientRect();
    /** @type {Set<Element>} */
    const found = new Set();
    /** @type {Set<Element>} */
    const looked = new Set([element]);
    /** @type {Element | null} */
    let card = element.parentElement;
    for (let level = 0; card && level < LEVELS; level++, card = card.parentElement) {
      // A card that is much larger than the image holds other things too.
      const around = card.getBoundingClientRect();
      if (around.width * around.height > 2.5 * box.width * box.height) break;
      const inside = card.getElementsByTagName("*");
      for (let i = -1; i < MOST - 1; i++) {
        const other = i < 0 ? card : inside[i];
        if (!other) break;
        if (looked.has(other) || other.localName.startsWith("naturaltrace-")) continue;
        looked.add(other);
        const theirs = other.getBoundingClientRect();
        if (!samePlace(box, theirs, "smaller")) continue;
        const address = images.targetOf(other)?.url ?? "";
        const same = address === url && samePlace(box, theirs);
        if (same || (file(address) === file(url) && blurred(other) !== blurred(element))) found.add(other);
      }
    }
    return [...found];
  }

  naturalTrace.twins = { of, samePlace, blurred };
})();
