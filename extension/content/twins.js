// Twins of an image: some sites lay a see-through <img>, for menus and screen readers, over an element that shows the same
// picture as its background, or a poster's picture over its video. They are one image to a person: one badge, and what is
// done to one is done to all.

/**
 * @typedef {{
 *   of: (element: Element) => Element[],
 *   samePlace: (a: Box, b: Box) => boolean,
 * }} TwinsApi
 * @typedef {{left: number, top: number, right: number, bottom: number, width: number, height: number}} Box
 */

(() => {
  /** How far up the common card is looked for, and how many elements in it. */
  const LEVELS = 3;
  const MOST = 80;

  /**
   * Whether two boxes lie so much over each other that a person sees one picture.
   * @type {TwinsApi["samePlace"]}
   */
  function samePlace(a, b) {
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width <= 0 || height <= 0) return false;
    return width * height >= 0.8 * Math.max(a.width * a.height, b.width * b.height);
  }

  /** @type {TwinsApi["of"]} */
  function of(element) {
    const { images } = naturalTrace;
    const url = images.targetOf(element)?.url;
    if (!url) return [];
    const box = element.getBoundingClientRect();
    /** @type {Set<Element>} */
    const found = new Set();
    /** @type {Element | null} */
    let card = element.parentElement;
    for (let level = 0; card && level < LEVELS; level++, card = card.parentElement) {
      // A card that is much larger than the image holds other things too.
      const around = card.getBoundingClientRect();
      if (around.width * around.height > 2.5 * box.width * box.height) break;
      const inside = [card, ...card.querySelectorAll("*")].slice(0, MOST);
      for (const other of inside) {
        if (other === element || other.localName.startsWith("naturaltrace-")) continue;
        if (!samePlace(box, other.getBoundingClientRect())) continue;
        if (images.targetOf(other)?.url === url) found.add(other);
      }
    }
    return [...found];
  }

  naturalTrace.twins = { of, samePlace };
})();
