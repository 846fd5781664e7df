// One check per image element: from "checking…" to its badge, until the image goes.

/**
 * @typedef {{
 *   target: import("./images.js").ImageTarget,
 *   badge: import("./badge.js").Badge,
 *   outcome: CheckOutcome | null,
 *   stop: AbortController,
 * }} Check
 * @typedef {{
 *   start: (target: import("./images.js").ImageTarget, priority: ImageRequest["priority"]) => Promise<CheckOutcome>,
 *   find: (element: Element) => Check | undefined,
 *   dropGone: () => void,
 *   count: () => number,
 * }} ChecksApi
 */

(() => {
  /** @type {Map<Element, Check>} */
  const checks = new Map();

  /** @param {Element} element */
  function whereabouts(element) {
    const box = element.getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    return {
      box: { x: box.x, y: box.y, width: box.width, height: box.height },
      clear: inside && window === window.top,
    };
  }

  /** @param {Check} check */
  function drop(check) {
    check.stop.abort();
    check.badge.remove();
    checks.delete(check.target.element);
    if (checks.size === 0) observer.disconnect();
  }

  function dropGone() {
    for (const check of checks.values()) if (!check.target.element.isConnected) drop(check);
  }

  const observer = new MutationObserver(() => dropGone());

  /** @param {Check} check */
  async function openPanel(check) {
    const { outcome, target, badge } = check;
    if (!outcome) return;
    const key = await naturalTrace.link.ask({ type: "panel-open", outcome, url: target.url });
    if (typeof key === "string") naturalTrace.panel.open(key, badge.box(), () => badge.focus());
  }

  /** @type {ChecksApi["start"]} */
  async function start(target, priority) {
    const { element } = target;
    const known = checks.get(element);
    if (known) drop(known);
    if (checks.size === 0) observer.observe(document, { childList: true, subtree: true });

    const stop = new AbortController();
    const badge = naturalTrace.badge.create(element, () => openPanel(check));
    /** @type {Check} */
    const check = { target, badge, outcome: null, stop };
    checks.set(element, check);
    badge.show("checking");

    if (element instanceof HTMLImageElement) {
      // A carousel that puts another picture into the same element: the old verdict must not stay on it.
      const changed = () => naturalTrace.images.targetOf(element)?.url !== target.url && drop(check);
      element.addEventListener("load", changed, { signal: stop.signal });
    }

    const bytes = await naturalTrace.bytes.fromPage(target);
    /** @type {CheckOutcome} */
    let outcome;
    try {
      /** @type {ImageRequest} */
      const image = {
        ...whereabouts(element),
        kind: target.kind,
        url: target.url,
        bytes,
        priority,
        pixelRatio: devicePixelRatio,
      };
      outcome = await naturalTrace.link.ask({ type: "check-image", image });
    } catch (error) {
      outcome = { problem: { code: "companion_error", detail: String(error) } };
    }
    if (stop.signal.aborted) return outcome;
    check.outcome = outcome;
    const level = outcome.verdict?.level ?? "problem";
    const { probability } = outcome.verdict ?? {};
    const percent = new Intl.NumberFormat(undefined, { style: "percent" });
    const note =
      typeof probability === "number" ? naturalTrace.link.text("badge_chance", percent.format(probability)) : "";
    // The companion's own words: they can be finer than the level, such as “Partly AI”.
    badge.show(level, { announce: priority === "user", note, label: outcome.verdict?.label });
    return outcome;
  }

  naturalTrace.checks = { start, find: (element) => checks.get(element), dropGone, count: () => checks.size };
})();
