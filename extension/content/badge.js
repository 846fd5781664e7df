// The pill on an image's corner: icon, shape, colour and words.

/**
 * @typedef {Level | "checking" | "problem"} BadgeLevel
 * @typedef {{
 *   show: (level: BadgeLevel, options?: {announce?: boolean, note?: string, label?: string | undefined, quiet?: boolean}) => void,
 *   offerReveal: (reveal: () => void) => void,
 *   focus: () => void,
 *   box: () => DOMRect,
 *   remove: () => void,
 *   refresh: () => void,
 * }} Badge
 * @typedef {{
 *   create: (element: Element, onOpen: () => void, corner?: import("./placement.js").Corner) => Badge,
 * }} BadgeApi
 */

(() => {
  const COMPACT_UNDER = 168;

  /** @type {CSSStyleSheet | null} */
  let sheet = null;
  function styleSheet() {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(naturalTrace.badgeStyle.css);
    }
    return sheet;
  }

  /** @type {BadgeApi["create"]} */
  function create(element, onOpen, corner) {
    const { icons, placement, link } = naturalTrace;
    const host = document.createElement("naturaltrace-badge");
    // Closed: the page can tell that there is a badge, not what it says.
    const root = host.attachShadow({ mode: "closed" });
    try {
      root.adoptedStyleSheets = [styleSheet()];
    } catch {
      // Firefox refuses sheets of another realm in some documents; a style element says the same.
      root.append(Object.assign(document.createElement("style"), { textContent: naturalTrace.badgeStyle.css }));
    }

    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-haspopup", "dialog");
    const words = Object.assign(document.createElement("span"), { className: "words" });
    const status = Object.assign(document.createElement("span"), { className: "status" });
    status.setAttribute("role", "status");
    root.append(button, status);
    // The page must not take a click on the badge for a click on its image or link.
    for (const type of ["click", "pointerdown", "pointerup", "mousedown", "mouseup", "dblclick", "keydown", "keyup"])
      host.addEventListener(type, (event) => event.stopPropagation());
    button.addEventListener("click", (event) => {
      event.preventDefault();
      onOpen();
    });

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
        const show = document.createElement("button");
        show.type = "button";
        show.className = "reveal";
        show.textContent = link.text("reveal");
        show.addEventListener("click", (event) => {
          event.preventDefault();
          reveal();
          show.remove();
          button.focus();
        });
        root.append(show);
        placed.refresh();
      },
      focus: () => button.focus(),
      box: () => button.getBoundingClientRect(),
      refresh: () => placed.refresh(),
      remove: () => placed.release(),
    };
  }

  naturalTrace.badge = { create };
})();
