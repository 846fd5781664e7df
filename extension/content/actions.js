// What is done to an image that was flagged, if the user chose more than a badge: dim, blur, cover or hide it, until a click
// reveals it. Never before the verdict. Room is never taken away, so nothing on the page moves.

/**
 * @typedef {{
 *   apply: (elements: Element[], action: string) => () => void,
 *   acted: (element: Element) => boolean,
 *   restore: (root: Document | ShadowRoot) => void,
 *   applies: (verdict: Pick<Verdict, "level" | "basis" | "probability"> | undefined,
 *     settings: {action: string, actOn: string, actFrom: number}) => boolean,
 * }} ActionsApi
 *   `restore`: takes back what a predecessor did, which is no longer there to do it.
 */

(() => {
  /** @type {Record<string, Record<string, string>>} */
  const STYLES = {
    dim: { opacity: "0.18" },
    blur: { filter: "blur(28px)", "clip-path": "inset(0)" },
    // Solid, and cheaper to draw than a blur.
    cover: { filter: "contrast(0) brightness(0.55)" },
    // Not `visibility`: a badge that is tied to the image would go with it, and nobody could ask for the image back.
    hide: { opacity: "0" },
  };

  /** Elements whose looks are ours now. @type {WeakSet<Element>} */
  const changed = new WeakSet();

  /** How they were before, as the element itself keeps it: after an update of the extension nobody else may know. */
  const MARK = "data-naturaltrace-before";

  /** @typedef {{name: string, value: string, priority: string}} Before */

  /**
   * @param {HTMLElement} element
   * @param {Before[]} before
   */
  function putBack(element, before) {
    for (const { name, value, priority } of before) {
      if (value) element.style.setProperty(name, value, priority);
      else element.style.removeProperty(name);
    }
    element.removeAttribute(MARK);
    if (element.getAttribute("style") === "") element.removeAttribute("style");
  }

  /** @type {ActionsApi["applies"]} */
  function applies(verdict, { action, actOn, actFrom }) {
    if (!verdict || action === "badge") return false;
    const { level, basis, probability } = verdict;
    if (level !== "ai" && !(level === "likely_ai" && actOn === "likely_ai")) return false;
    return basis !== "pixels" || (probability ?? 1) * 100 >= actFrom;
  }

  /**
   * @param {HTMLElement} element
   * @param {Record<string, string>} style
   */
  function put(element, style) {
    /** @type {Before[]} */
    const before = Object.keys(style).map((name) => ({
      name,
      value: element.style.getPropertyValue(name),
      priority: element.style.getPropertyPriority(name),
    }));
    naturalTrace.placement.important(element, style);
    element.setAttribute(MARK, JSON.stringify(before));
    changed.add(element);
    return () => {
      changed.delete(element);
      putBack(element, before);
    };
  }

  /** Read with suspicion: a page can write the mark as well. @param {string} mark @returns {Before[]} */
  function beforeOf(mark) {
    const names = new Set(Object.values(STYLES).flatMap(Object.keys));
    try {
      return JSON.parse(mark).filter((/** @type {Before} */ { name }) => names.has(name));
    } catch {
      return [];
    }
  }

  /** @type {ActionsApi["restore"]} */
  function restore(root) {
    for (const element of root.querySelectorAll(`[${MARK}]`))
      if (!changed.has(element))
        putBack(/** @type {HTMLElement} */ (element), beforeOf(element.getAttribute(MARK) ?? ""));
  }

  /**
   * Returns what takes it back, to the letter.
   * @type {ActionsApi["apply"]}
   */
  function apply(elements, action) {
    const style = STYLES[action];
    if (!style) return () => {};
    const undo = elements.map((element) => put(/** @type {HTMLElement} */ (element), style));
    return () => {
      for (const each of undo) each();
    };
  }

  naturalTrace.actions = { apply, applies, restore, acted: (element) => changed.has(element) };
})();
