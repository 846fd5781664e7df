// What is done to an image that was flagged, if the user chose more than a badge: dim, blur or cover it, until a click
// reveals it. Never before the verdict.

/**
 * @typedef {{
 *   apply: (element: Element, action: string) => () => void,
 *   applies: (level: Level | undefined, settings: {action: string, actOn: string}) => boolean,
 * }} ActionsApi
 */

(() => {
  /** @type {Record<string, Record<string, string>>} */
  const STYLES = {
    dim: { opacity: "0.18" },
    blur: { filter: "blur(28px)", "clip-path": "inset(0)" },
    // Solid, and cheaper to draw than a blur.
    cover: { filter: "contrast(0) brightness(0.55)" },
  };

  /** @type {ActionsApi["applies"]} */
  const applies = (level, { action, actOn }) =>
    action !== "badge" && (level === "ai" || (level === "likely_ai" && actOn === "likely_ai"));

  /**
   * Returns what takes it back, to the letter.
   * @type {ActionsApi["apply"]}
   */
  function apply(element, action) {
    const styled = /** @type {HTMLElement} */ (element);
    const before = styled.getAttribute("style");
    naturalTrace.placement.important(styled, STYLES[action] ?? {});
    const names = Object.keys(STYLES[action] ?? {});
    const old = new Map();
    if (before !== null) {
      const probe = document.createElement("i");
      probe.setAttribute("style", before);
      for (const name of names)
        old.set(name, [probe.style.getPropertyValue(name), probe.style.getPropertyPriority(name)]);
    }
    return () => {
      for (const name of names) {
        const [value, priority] = old.get(name) ?? ["", ""];
        if (value) styled.style.setProperty(name, value, priority);
        else styled.style.removeProperty(name);
      }
      if (styled.getAttribute("style") === "") styled.removeAttribute("style");
    };
  }

  naturalTrace.actions = { apply, applies };
})();
