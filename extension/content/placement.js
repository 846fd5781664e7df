// Keeps a host element on the corner of an image without touching the page's layout: an element of our own, out of flow,
// tied to the image by CSS anchor positioning, or moved by hand where that cannot reach.

/**
 * @typedef {{release: () => void, refresh: () => void}} Placed
 * @typedef {"top-left" | "top-right" | "bottom-left" | "bottom-right"} Corner
 * @typedef {{
 *   hold: (host: HTMLElement, element: Element, corner?: Corner) => Placed,
 *   coveredByBar: (host: HTMLElement, element: Element) => boolean,
 *   important: (element: HTMLElement | SVGElement, style: Record<string, string>) => void,
 * }} PlacementApi
 */

(() => {
  const GAP = 8;
  const TOP_LAYER = "dialog:modal, :popover-open, :fullscreen";
  const canAnchor = CSS.supports("anchor-name", "--x") && CSS.supports("position-anchor", "--x");
  let names = 0;

  /**
   * `look`: whether it should show now, null where nobody can see. `put`: that it does.
   * @type {Set<{host: HTMLElement, element: Element, place: () => void, look: () => boolean | null,
   *   put: (shown: boolean | null) => void}>}
   */
  const held = new Set();

  /**
   * Inline and important, through the object model: no style of the page is stronger, and no policy of the page forbids it.
   * @type {PlacementApi["important"]}
   */
  function important(element, style) {
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value, "important");
  }

  /** @param {Node} node */
  const parentOf = (node) => node.parentNode ?? /** @type {Partial<ShadowRoot>} */ (node).host ?? null;

  /**
   * Whether a bar that stays put (a sticky header, a dialog) lies over this corner of the image. Overlays that belong to the
   * image's own card, such as a transparent link, do not count.
   * @type {PlacementApi["coveredByBar"]}
   */
  function coveredByBar(host, element) {
    const box = host.getBoundingClientRect();
    const x = box.left + box.width / 2;
    const y = box.top + box.height / 2;
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false;
    const over = document.elementsFromPoint(x, y).find((each) => !each.localName.startsWith("naturaltrace-"));
    if (!over || over === element) return false;
    /** @type {Node | null} */
    let node = over;
    while (node && !node.contains(element)) {
      if (node instanceof Element && ["fixed", "sticky"].includes(getComputedStyle(node).position)) return true;
      node = parentOf(node);
    }
    return false;
  }

  let waiting = false;
  function refreshSoon() {
    if (waiting || held.size === 0) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      // All is measured before anything is changed: in turns, each change would lay the page out anew.
      const found = [...held].map((each) => ({ each, shown: each.look() }));
      for (const { each, shown } of found) each.put(shown);
    });
  }

  /** @type {AbortController | null} */
  let listening = null;
  function listen() {
    if (listening) return;
    listening = new AbortController();
    const options = { capture: true, passive: true, signal: listening.signal };
    for (const type of ["scroll", "resize", "transitionend", "fullscreenchange", "toggle"])
      window.addEventListener(type, refreshSoon, options);
  }

  let frame = 0;
  function followByHand() {
    frame = 0;
    let any = false;
    for (const each of held) {
      if (!each.host.dataset.byHand) continue;
      any = true;
      each.place();
    }
    if (any) frame = requestAnimationFrame(followByHand);
  }

  /** @type {PlacementApi["hold"]} */
  function hold(host, element, corner = "top-left") {
    const [block, inline] = /** @type {[string, string]} */ (corner.split("-"));
    const styled = /** @type {HTMLElement | SVGElement} */ (element);
    const name = `--naturaltrace-${++names}`;
    const before = canAnchor ? styled.style.getPropertyValue("anchor-name") : "";

    important(host, {
      all: "initial",
      position: "absolute",
      display: "flex",
      "flex-wrap": "wrap",
      "align-items": "center",
      gap: "6px",
      // Not part of "all"; the page's own direction is not that of our words.
      direction: naturalTrace.link.direction(),
      "z-index": "2147483646",
      "pointer-events": "none",
      contain: "layout style",
    });

    const anchored = canAnchor && element.getRootNode() === document;
    if (anchored) {
      styled.style.setProperty("anchor-name", before && before !== "none" ? `${before}, ${name}` : name);
      important(host, {
        "position-anchor": name,
        "position-visibility": "anchors-visible",
        [block]: `anchor(${block})`,
        [inline]: `anchor(${inline})`,
        margin: `${GAP}px`,
      });
    }

    const place = () => {
      const box = element.getBoundingClientRect();
      const own = host.getBoundingClientRect();
      const left = inline === "left" ? box.left + GAP : box.right - GAP - own.width;
      const top = block === "top" ? box.top + GAP : box.bottom - GAP - own.height;
      important(host, { translate: `${left}px ${top}px` });
    };

    const byHand = () => {
      host.dataset.byHand = "1";
      for (const property of ["top", "bottom", "left", "right", "margin", "position-anchor"])
        host.style.removeProperty(property);
      important(host, { position: "fixed", top: "0", left: "0" });
      place();
      if (!frame) frame = requestAnimationFrame(followByHand);
    };

    const look = () => {
      const box = element.getBoundingClientRect();
      const gone =
        box.width === 0 || box.height === 0 || !element.parentElement?.checkVisibility({ visibilityProperty: true });
      const far = box.bottom < -innerHeight || box.top > 2 * innerHeight;
      // Measured only near the viewport: reading layout for hundreds of badges on each scroll is what makes pages slow.
      return !gone && far ? null : !gone && !coveredByBar(host, element);
    };
    /** @type {boolean | null} */
    let now = null;
    const put = (/** @type {boolean | null} */ shown) => {
      if (shown === null || shown === now) return;
      now = shown;
      important(host, { visibility: shown ? "visible" : "hidden" });
    };

    const layer = () => element.closest(TOP_LAYER) ?? document.documentElement;
    layer().append(host);
    const entry = { host, element, place, look, put };
    held.add(entry);
    listen();

    if (!anchored) byHand();
    else {
      const box = element.getBoundingClientRect();
      const own = host.getBoundingClientRect();
      const near = block === "top" ? Math.abs(own.top - GAP - box.top) : Math.abs(own.bottom + GAP - box.bottom);
      // An anchor that did not resolve leaves the host at its static place.
      if (box.width > 0 && near > 2) byHand();
    }
    put(look());

    return {
      refresh() {
        if (layer() !== host.parentNode) layer().append(host);
        put(look());
      },
      release() {
        held.delete(entry);
        host.remove();
        if (anchored) {
          const rest = styled.style
            .getPropertyValue("anchor-name")
            .split(",")
            .map((each) => each.trim())
            .filter((each) => each && each !== name);
          if (rest.length) styled.style.setProperty("anchor-name", rest.join(", "));
          else styled.style.removeProperty("anchor-name");
          if (styled.getAttribute("style") === "") styled.removeAttribute("style");
        }
        if (held.size === 0) {
          listening?.abort();
          listening = null;
        }
      },
    };
  }

  naturalTrace.placement = { hold, coveredByBar, important };
})();
