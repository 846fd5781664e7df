// Whether a badge's place on its image can be seen: the image is shown, and nothing that stays put lies over it.

/**
 * @typedef {{
 *   isShown: (element: Element) => boolean,
 *   underBar: (element: Element, at: {x: number, y: number}) => boolean,
 *   parentOf: (node: Node) => Node | null,
 * }} CoveredApi
 *   `underBar`: whether a bar that stays put (a sticky header, a dialog) lies over this point of the image. Overlays that
 *   belong to the image's own card, such as a transparent link, do not count.
 */

(() => {
  /** @type {CoveredApi["parentOf"]} */
  const parentOf = (node) => node.parentNode ?? /** @type {Partial<ShadowRoot>} */ (node).host ?? null;

  /** @type {CoveredApi["isShown"]} */
  function isShown(element) {
    const parent = parentOf(element);
    const around = parent instanceof ShadowRoot ? parent.host : /** @type {Element | null} */ (parent);
    return around?.checkVisibility?.({ visibilityProperty: true }) ?? false;
  }

  /** @type {CoveredApi["underBar"]} */
  function underBar(element, { x, y }) {
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false;
    const over = document.elementFromPoint(x, y);
    if (!over || over === element || over.localName.startsWith("naturaltrace-")) return false;
    /** @type {Node | null} */
    let node = over;
    while (node && !node.contains(element)) {
      if (node instanceof Element && ["fixed", "sticky"].includes(getComputedStyle(node).position)) return true;
      node = parentOf(node);
    }
    return false;
  }

  naturalTrace.covered = { isShown, underBar, parentOf };
})();
