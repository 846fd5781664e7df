// Keeps a host element on the corner of an image without touching the page's layout: an element of our own, out of flow,
// tied to the image by CSS anchor positioning, so that scrolling costs nothing; or moved by hand where that cannot reach.
// All hosts are placed together, at most once per frame: new ones are put in, then all is measured, then all is changed. In
// turns, each change would have the page laid out anew.

/**
 * @typedef {{release: () => void, refresh: () => void}} Placed
 * @typedef {"top-left" | "top-right" | "bottom-left" | "bottom-right"} Corner
 * @typedef {{corner?: Corner | undefined, onWidth?: (width: number) => void}} HoldOptions
 *   `onWidth` is told how wide the image is, in a moment when it costs nothing to change the host.
 * @typedef {{
 *   hold: (host: HTMLElement, element: Element, options?: HoldOptions) => Placed,
 *   refreshSoon: () => void,
 *   important: (element: HTMLElement | SVGElement, style: Record<string, string>) => void,
 * }} PlacementApi
 */

(() => {
  const GAP = 8;
  const TOP_LAYER = "dialog:modal, :popover-open, :fullscreen";
  const canAnchor = CSS.supports("anchor-name", "--x") && CSS.supports("position-anchor", "--x");
  /** Looking again takes a twelfth of the page's time at most, but never waits for longer than this. */
  const REST = 11;
  const LONGEST_REST_MS = 200;
  /** As far from its place a badge still counts as in it. */
  const IN_PLACE_PX = 2;
  /** What is new per frame; the rest comes in the next ones. */
  const NEW_AT_ONCE = 8;
  /** Where a badge is moved by hand: frame by frame until the image has been still for a while, then now and then. */
  const STILL_MS = 400;
  const LOOK_EVERY_MS = 250;

  /**
   * @typedef {{
   *   host: HTMLElement, element: Element, block: string, inline: string, onWidth: (width: number) => void,
   *   name: string, anchored: boolean, shown: boolean, left: number, top: number,
   * }} Held
   *   `left`, `top`: by how much it was moved by hand.
   */
  /** @type {Set<Held>} */
  const held = new Set();
  /** Not in the document yet. @type {Set<Held>} */
  const fresh = new Set();
  let names = 0;

  /**
   * Inline and important, through the object model: no style of the page is stronger, and no policy of the page forbids it.
   * @type {PlacementApi["important"]}
   */
  function important(element, style) {
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value, "important");
  }

  /** @param {Record<string, string>} style */
  const asText = (style) =>
    Object.entries(style)
      .map(([name, value]) => `${name}: ${value} !important;`)
      .join("");

  /** The host's own style, hidden until it is in its place. @param {Held} each */
  const styleOf = ({ anchored, name, block, inline }) =>
    asText({
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
      visibility: "hidden",
      ...(anchored
        ? {
            "position-anchor": name,
            "position-visibility": "anchors-visible",
            [block]: `anchor(${block})`,
            [inline]: `anchor(${inline})`,
            margin: `${GAP}px`,
          }
        : { top: "0", left: "0" }),
    });

  /** @param {Element} element */
  const anchorsOf = (element) =>
    /** @type {HTMLElement} */ (element).style
      .getPropertyValue("anchor-name")
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each && each !== "none");

  /** @param {Held} each */
  function tie({ element, name }) {
    const before = anchorsOf(element);
    if (!before.includes(name))
      /** @type {HTMLElement} */ (element).style.setProperty("anchor-name", [...before, name].join(", "));
  }

  /** @param {Held} each */
  function untie({ element, name }) {
    const { style } = /** @type {HTMLElement} */ (element);
    const rest = anchorsOf(element).filter((each) => each !== name);
    if (rest.length) style.setProperty("anchor-name", rest.join(", "));
    else style.removeProperty("anchor-name");
    if (element.getAttribute("style") === "") element.removeAttribute("style");
  }

  /** @param {Held} each */
  function byHand(each) {
    if (each.anchored) untie(each);
    each.anchored = false;
    each.shown = false;
    each.left = 0;
    each.top = 0;
    each.host.style.cssText = styleOf(each);
  }

  /** @param {Held} each */
  function putIn({ element, host }) {
    const layer = element.closest(TOP_LAYER) ?? document.documentElement;
    if (layer !== host.parentNode) layer.append(host);
  }

  /** @param {{left: number, top: number}} off */
  const inPlace = ({ left, top }) => Math.hypot(left, top) <= IN_PLACE_PX;

  /** How far the host is from where it belongs. @param {Held} each @param {DOMRect} box @param {DOMRect} own */
  function amiss({ block, inline }, box, own) {
    return {
      left: inline === "left" ? box.left + GAP - own.left : box.right - GAP - own.right,
      top: block === "top" ? box.top + GAP - own.top : box.bottom - GAP - own.bottom,
    };
  }

  /** Reads only. @param {Held} each */
  function measure(each) {
    const { element, host, inline, anchored } = each;
    const away = { width: 0, inView: false, off: { left: 0, top: 0 }, visible: false };
    // Asking for the box of something that the browser does not lay out at present would make it do so.
    if (!element.checkVisibility({ contentVisibilityAuto: true })) return away;
    const box = element.getBoundingClientRect();
    const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    const own = host.getBoundingClientRect();
    const off = amiss(each, box, own);
    // Far from where anybody looks only its place has to be known: an anchor that does not reach its image (Firefox takes
    // no account of transforms) leaves the badge somewhere else, perhaps in full view on another picture.
    if (!inView) return { ...away, off, width: box.width, visible: anchored && box.width > 0 && inPlace(off) };
    // Beside the badge, for on it there is nothing but the badge.
    const x = (inline === "left" ? own.left - GAP / 2 : own.right + GAP / 2) + off.left;
    const at = { x, y: own.top + own.height / 2 + off.top };
    const { covered } = naturalTrace;
    const visible = box.width > 0 && box.height > 0 && covered.isShown(element) && !covered.underBar(element, at);
    return { width: box.width, inView, off, visible };
  }

  /** Writes only. @param {Held} each @param {ReturnType<typeof measure>} found */
  function settle(each, { width, inView, off, visible }) {
    if (width) each.onWidth(width);
    const astray = !inPlace(off);
    if (astray && each.anchored) {
      // The page has rewritten the image's style: once more. Or else the anchor does not reach.
      if (anchorsOf(each.element).includes(each.name)) byHand(each);
      else tie(each);
      next();
      return;
    }
    if (astray && inView) move(each, off);
    if (visible === each.shown) return;
    each.shown = visible;
    important(each.host, { visibility: visible ? "visible" : "hidden" });
  }

  /** @param {Held} each @param {{left: number, top: number}} off */
  function move(each, off) {
    each.left += off.left;
    each.top += off.top;
    important(each.host, { translate: `${each.left}px ${each.top}px` });
    stillAt = performance.now() + STILL_MS;
  }

  let layersChanged = false;
  let restUntil = 0;

  function pass() {
    frame = 0;
    const start = performance.now();
    let some = 0;
    for (const each of fresh) {
      if (some++ === NEW_AT_ONCE) break;
      fresh.delete(each);
      held.add(each);
      if (each.anchored) tie(each);
      putIn(each);
    }
    if (layersChanged) for (const each of held) putIn(each);
    layersChanged = false;
    const found = [...held].map((each) => ({ each, seen: measure(each) }));
    for (const { each, seen } of found) settle(each, seen);
    const end = performance.now();
    restUntil = end + Math.min(LONGEST_REST_MS, REST * (end - start));
    if (fresh.size) next();
    else if (!following) follow();
  }

  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  function next() {
    clearTimeout(resting);
    resting = undefined;
    // A page that nobody sees has no frames.
    if (!frame) frame = document.hidden ? Number(setTimeout(pass)) : requestAnimationFrame(pass);
  }

  /** @type {PlacementApi["refreshSoon"]} */
  function refreshSoon() {
    if (frame || resting !== undefined || held.size === 0) return;
    const wait = restUntil - performance.now();
    if (wait > 0) resting = setTimeout(next, wait);
    else next();
  }

  let stillAt = 0;
  let following = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let looking;

  /** Whatever is moved by hand, until nothing moves; then a look now and then. */
  function follow() {
    const mine = [...held].filter(({ anchored }) => !anchored);
    following = mine.length > 0;
    if (!following) return;
    const found = mine.map((each) => ({
      each,
      off: amiss(each, each.element.getBoundingClientRect(), each.host.getBoundingClientRect()),
    }));
    for (const { each, off } of found) if (each.shown && Math.hypot(off.left, off.top) > 0.5) move(each, off);
    looking = undefined;
    if (performance.now() < stillAt) requestAnimationFrame(follow);
    else looking = setTimeout(lookAgain, LOOK_EVERY_MS);
  }

  function lookAgain() {
    looking = undefined;
    refreshSoon();
    follow();
  }

  /** @param {Event} event */
  function onMotion({ type }) {
    if (type === "toggle" || type === "fullscreenchange") layersChanged = true;
    else stillAt = performance.now() + STILL_MS;
    refreshSoon();
    if (looking === undefined) return;
    clearTimeout(looking);
    looking = undefined;
    requestAnimationFrame(follow);
  }

  /** @type {AbortController | null} */
  let listening = null;
  function listen() {
    if (listening) return;
    listening = new AbortController();
    const options = { capture: true, passive: true, signal: listening.signal };
    for (const type of ["scroll", "resize", "transitionend", "fullscreenchange", "toggle"])
      window.addEventListener(type, onMotion, options);
  }

  /** @type {PlacementApi["hold"]} */
  function hold(host, element, { corner = "top-left", onWidth = () => {} } = {}) {
    const [block, inline] = /** @type {[string, string]} */ (corner.split("-"));
    const anchored = canAnchor && element.getRootNode() === document;
    const name = `--naturaltrace-${++names}`;
    /** @type {Held} */
    const each = { host, element, block, inline, onWidth, name, anchored, shown: false, left: 0, top: 0 };
    host.style.cssText = styleOf(each);
    fresh.add(each);
    listen();
    next();
    return {
      refresh: refreshSoon,
      release() {
        const wasIn = held.delete(each);
        fresh.delete(each);
        host.remove();
        if (wasIn && each.anchored) untie(each);
        if (held.size || fresh.size) return;
        listening?.abort();
        listening = null;
      },
    };
  }

  naturalTrace.placement = { hold, refreshSoon, important };
})();
