// The pill on an image's corner: icon, shape, colour and words.

/**
 * @typedef {Level | "checking" | "problem"} BadgeLevel
 * @typedef {{
 *   show: (level: BadgeLevel, options?: {announce?: boolean, note?: string, label?: string | undefined, quiet?: boolean}) => void,
 *   offerReveal: (reveal: () => void) => void,
 *   focus: () => void,
 *   hasFocus: () => boolean,
 *   hasPointer: () => boolean,
 *   box: () => DOMRect,
 *   remove: () => void,
 * }} Badge
 * @typedef {{onOpen: () => void, onMove: (by: 1 | -1) => void, corner?: import("./placement.js").Corner, large?: boolean}} BadgeOptions
 *   `onMove`: the arrow keys want the next badge, or the one before.
 * @typedef {{create: (element: Element, options: BadgeOptions) => Badge}} BadgeApi
 *   A badge is in the document from the next frame on.
 */

(() => {
  const COMPACT_UNDER = 168;
  /** As in `badge-style.js`. */
  const LARGE = 1.4;
  /** The page must not take what is done to the badge for something done to its image or link. */
  const OWN_EVENTS = [
    "click",
    "auxclick",
    "pointerdown",
    "pointerup",
    "mousedown",
    "mouseup",
    "dblclick",
    "keydown",
    "keyup",
  ];
  /** @type {Record<string, 1 | -1>} */
  const ARROWS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  /** What each badge does with an event inside it, by its host. @type {Map<EventTarget, (event: Event) => void>} */
  const hosts = new Map();
  /** Their roots, which only we can reach. @type {WeakMap<EventTarget, ShadowRoot>} */
  const inside = new WeakMap();

  /** @param {Event} event */
  const stop = (event) => event.stopPropagation();

  /**
   * Badges have no listeners of their own: an event on its way down to one is given them as it passes.
   * @param {Event} event
   */
  function onItsWay(event) {
    const host = event.composedPath().find((each) => hosts.has(each));
    if (!host) return;
    const act = /** @type {(event: Event) => void} */ (hosts.get(host));
    const once = { once: true };
    if (event.type === "click" || event.type === "keydown") inside.get(host)?.addEventListener(event.type, act, once);
    host.addEventListener(event.type, stop, once);
  }

  /** @type {AbortController | null} */
  let listening = null;

  /**
   * @param {HTMLElement} host
   * @param {(event: Event) => void} act
   */
  function listen(host, act) {
    hosts.set(host, act);
    if (listening) return;
    listening = new AbortController();
    const options = { capture: true, signal: listening.signal };
    for (const type of OWN_EVENTS) window.addEventListener(type, onItsWay, options);
  }

  /** @param {HTMLElement} host */
  function unlisten(host) {
    hosts.delete(host);
    if (hosts.size) return;
    listening?.abort();
    listening = null;
  }

  /** @type {CSSStyleSheet | null | undefined} */
  let sheet;

  /** @param {ShadowRoot} root */
  function style(root) {
    try {
      if (sheet === undefined) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(naturalTrace.badgeStyle.css);
      }
      if (sheet) root.adoptedStyleSheets = [sheet];
    } catch {
      // Firefox refuses sheets of another realm; a style element says the same.
      sheet = null;
    }
    if (!sheet)
      root.append(Object.assign(document.createElement("style"), { textContent: naturalTrace.badgeStyle.css }));
  }

  /** @type {Map<BadgeLevel, SVGSVGElement>} */
  const drawn = new Map();

  /** @param {BadgeLevel} level */
  function icon(level) {
    const known = drawn.get(level) ?? naturalTrace.icons.draw(level);
    drawn.set(level, known);
    return known.cloneNode(true);
  }

  /** @param {string} className @param {boolean} large */
  function makeButton(className, large) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = className;
    button.toggleAttribute("data-large", large);
    button.dir = naturalTrace.link.direction();
    return button;
  }

  /** @type {BadgeApi["create"]} */
  function create(element, { onOpen, onMove, corner, large = false }) {
    const { placement, link } = naturalTrace;
    const host = document.createElement("naturaltrace-badge");
    // Closed: the page can tell that there is a badge, not what it says.
    const root = host.attachShadow({ mode: "closed" });
    style(root);

    const button = makeButton("pill", large);
    button.setAttribute("aria-haspopup", "dialog");
    const words = Object.assign(document.createElement("span"), { className: "words" });
    const status = Object.assign(document.createElement("span"), { className: "status" });
    status.setAttribute("role", "status");
    root.append(button, status);

    /** @type {(() => void) | null} */
    let onReveal = null;
    let isQuiet = false;
    let narrow = false;
    const fold = () => button.toggleAttribute("data-compact", isQuiet || narrow);

    /** @param {Event} event */
    function act(event) {
      const at = /** @type {Element} */ (event.target).closest("button");
      if (event.type === "keydown") press(/** @type {KeyboardEvent} */ (event));
      else if (at) {
        event.preventDefault();
        if (at === button) onOpen();
        else onReveal?.();
      }
    }

    /** @param {KeyboardEvent} event */
    function press(event) {
      const by = ARROWS[event.key];
      if (by) {
        event.preventDefault();
        onMove(by);
      } else if (event.key === "Escape") /** @type {HTMLElement | null} */ (root.activeElement)?.blur();
    }

    inside.set(host, root);
    listen(host, act);
    const placed = placement.hold(host, element, {
      corner,
      onWidth(width) {
        narrow = width < COMPACT_UNDER * (large ? LARGE : 1);
        if (button.hasAttribute("data-compact") !== (isQuiet || narrow)) fold();
      },
    });

    return {
      show(level, { announce = false, note = "", quiet = false, label = link.text(`badge_${level}`) } = {}) {
        isQuiet = quiet;
        button.dataset.level = level;
        fold();
        words.textContent = label;
        button.replaceChildren(icon(level), words);
        button.setAttribute("aria-label", link.text("badge_name", label, note).trim());
        if (announce) status.textContent = link.text("badge_announce", label);
        placed.refresh();
      },
      offerReveal(reveal) {
        const show = makeButton("reveal", large);
        show.textContent = link.text("reveal");
        root.append(show);
        onReveal = () => {
          onReveal = null;
          reveal();
          show.remove();
          button.focus();
        };
        placed.refresh();
      },
      focus: () => button.focus(),
      hasFocus: () => root.activeElement !== null,
      hasPointer: () => host.matches(":hover"),
      box: () => button.getBoundingClientRect(),
      remove() {
        unlisten(host);
        placed.release();
      },
    };
  }

  naturalTrace.badge = { create };
})();
