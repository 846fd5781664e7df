// The pill on an image's corner: icon, shape, colour and words.

/**
 * @typedef {Level | "checking" | "problem"} BadgeLevel
 * @typedef {{
 *   show: (level: BadgeLevel, options?: {announce?: boolean, note?: string, label?: string | undefined, quiet?: boolean}) => void,
 *   offerReveal: (reveal: () => void) => void,
 *   focus: () => void,
 *   hasFocus: () => boolean,
 *   box: () => DOMRect,
 *   remove: () => void,
 *   refresh: () => void,
 * }} Badge
 * @typedef {{onOpen: () => void, onMove: (by: 1 | -1) => void, corner?: import("./placement.js").Corner}} BadgeOptions
 *   `onMove`: the arrow keys want the next badge, or the one before.
 * @typedef {{create: (element: Element, options: BadgeOptions) => Badge}} BadgeApi
 */

(() => {
  const COMPACT_UNDER = 168;
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

  /** @type {CSSStyleSheet | null} */
  let sheet = null;
  function styleSheet() {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(naturalTrace.badgeStyle.css);
    }
    return sheet;
  }

  /** @param {ShadowRoot} root */
  function style(root) {
    try {
      root.adoptedStyleSheets = [styleSheet()];
    } catch {
      // Firefox refuses sheets of another realm in some documents; a style element says the same.
      root.append(Object.assign(document.createElement("style"), { textContent: naturalTrace.badgeStyle.css }));
    }
  }

  /**
   * @param {string} className
   * @param {(event: Event) => void} act
   */
  function makeButton(className, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = className;
    button.dir = naturalTrace.link.direction();
    button.addEventListener("click", (event) => {
      event.preventDefault();
      act(event);
    });
    return button;
  }

  /** @type {BadgeApi["create"]} */
  function create(element, { onOpen, onMove, corner }) {
    const { icons, placement, link } = naturalTrace;
    const host = document.createElement("naturaltrace-badge");
    // Closed: the page can tell that there is a badge, not what it says.
    const root = host.attachShadow({ mode: "closed" });
    style(root);
    for (const type of OWN_EVENTS) host.addEventListener(type, (event) => event.stopPropagation());

    const button = makeButton("pill", onOpen);
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("keydown", (event) => {
      const by = ARROWS[event.key];
      if (by) {
        event.preventDefault();
        onMove(by);
      } else if (event.key === "Escape") button.blur();
    });
    const words = Object.assign(document.createElement("span"), { className: "words" });
    const status = Object.assign(document.createElement("span"), { className: "status" });
    status.setAttribute("role", "status");
    root.append(button, status);

    const placed = placement.hold(host, element, corner);
    return {
      show(level, { announce = false, note = "", quiet = false, label = link.text(`badge_${level}`) } = {}) {
        button.dataset.level = level;
        button.toggleAttribute("data-compact", quiet || element.getBoundingClientRect().width < COMPACT_UNDER);
        words.textContent = label;
        button.replaceChildren(icons.draw(level), words);
        button.setAttribute("aria-label", link.text("badge_name", label, note).trim());
        if (announce) status.textContent = link.text("badge_announce", label);
        placed.refresh();
      },
      offerReveal(reveal) {
        const show = makeButton("reveal", () => {
          reveal();
          show.remove();
          button.focus();
        });
        show.textContent = link.text("reveal");
        root.append(show);
        placed.refresh();
      },
      focus: () => button.focus(),
      hasFocus: () => root.activeElement !== null,
      box: () => button.getBoundingClientRect(),
      refresh: () => placed.refresh(),
      remove: () => placed.release(),
    };
  }

  naturalTrace.badge = { create };
})();
