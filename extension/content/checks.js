// One check per image element: its request, its badge, its verdict, until the image goes.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   target: ImageTarget,
 *   badge: import("./badge.js").Badge | null,
 *   outcome: CheckOutcome | null,
 *   stop: AbortController,
 *   undo: (() => void) | null,
 * }} Check
 * @typedef {{corner: import("./placement.js").Corner, quiet: Level[], hidden: Level[], action: string, actOn: string,
 *   paused: boolean}} ViewSettings
 * @typedef {{
 *   start: (target: ImageTarget, priority: ImageRequest["priority"]) => Promise<CheckOutcome>,
 *   drop: (element: Element) => void,
 *   has: (element: Element) => boolean,
 *   counts: () => Partial<Record<Level, number>>,
 *   size: () => number,
 *   settings: () => Promise<ViewSettings>,
 * }} ChecksApi
 */

(() => {
  /** @type {Map<Element, Check>} */
  const checks = new Map();
  let numbers = 0;

  /** @type {Promise<ViewSettings> | null} */
  let known = null;
  function settings() {
    known ??= naturalTrace.link.ask({ type: "view-settings" });
    return known;
  }

  /** @param {Element} element */
  function whereabouts(element) {
    const box = element.getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    return {
      box: { x: box.x, y: box.y, width: box.width, height: box.height },
      clear: inside && window === window.top,
      pixelRatio: devicePixelRatio,
    };
  }

  /** @param {Element} element */
  function drop(element) {
    const check = checks.get(element);
    if (!check) return;
    check.stop.abort();
    check.undo?.();
    check.badge?.remove();
    checks.delete(element);
    if (checks.size === 0) observer.disconnect();
  }

  // Only what was removed is looked at: feeds remove hundreds of elements a minute.
  const observer = new MutationObserver((records) => {
    if (!records.some((record) => record.removedNodes.length)) return;
    for (const element of checks.keys()) if (!element.isConnected) drop(element);
  });

  /** @param {Check} check */
  async function openPanel(check) {
    const { outcome, target, badge } = check;
    if (!outcome || !badge) return;
    const key = await naturalTrace.link.ask({ type: "panel-open", outcome, url: target.url });
    if (typeof key === "string") naturalTrace.panel.open(key, badge.box(), () => badge.focus());
  }

  /**
   * @param {Check} check
   * @param {ViewSettings} view
   */
  function addBadge(check, view) {
    check.badge ??= naturalTrace.badge.create(check.target.element, () => openPanel(check), view.corner);
    return check.badge;
  }

  /**
   * @param {Check} check
   * @param {ImageRequest["priority"]} priority
   * @returns {Promise<CheckOutcome>}
   */
  async function judge({ target, stop }, priority) {
    const bytes = await naturalTrace.bytes.fromPage(target).catch(() => undefined);
    const id = ++numbers;
    stop.signal.addEventListener(
      "abort",
      () => void naturalTrace.link.ask({ type: "check-cancel", id }).catch(() => {}),
    );
    /** @type {ImageRequest} */
    const image = { ...whereabouts(target.element), kind: target.kind, url: target.url, bytes, priority };
    try {
      return await naturalTrace.link.ask({ type: "check-image", id, image });
    } catch (error) {
      return { problem: { code: "companion_error", detail: String(error) } };
    }
  }

  /**
   * @param {Check} check
   * @param {ViewSettings} view
   * @param {boolean} asked
   */
  function show(check, view, asked) {
    const { verdict } = check.outcome ?? {};
    const level = verdict?.level;
    // A feed full of “not checked” helps nobody; the popup says what is wrong.
    if (!asked && (!level || view.hidden.includes(level))) return;
    const percent = new Intl.NumberFormat(undefined, { style: "percent" });
    // As in the panel: never “100 %”, and no number that would read as a verdict where there is none.
    const share = level === "unclear" ? null : verdict?.probability;
    const chance = typeof share === "number" ? percent.format(Math.min(0.99, Math.max(0.01, share))) : null;
    const badge = addBadge(check, view);
    badge.show(level ?? "problem", {
      announce: asked,
      note: chance ? naturalTrace.link.text("badge_chance", chance) : "",
      // The companion's own words: they can be finer than the level, such as “Partly AI”.
      label: verdict?.label,
      quiet: !asked && level !== undefined && view.quiet.includes(level),
    });
    if (!naturalTrace.actions.applies(level, view)) return;
    check.undo = naturalTrace.actions.apply(check.target.element, view.action);
    badge.offerReveal(() => {
      check.undo?.();
      check.undo = null;
    });
  }

  /** @type {ChecksApi["start"]} */
  async function start(target, priority) {
    const { element } = target;
    const asked = priority === "user";
    drop(element);
    if (checks.size === 0) observer.observe(document, { childList: true, subtree: true });
    /** @type {Check} */
    const check = { target, badge: null, outcome: null, stop: new AbortController(), undo: null };
    const { signal } = check.stop;
    checks.set(element, check);
    if (element instanceof HTMLImageElement) {
      // A carousel that puts another picture into the same element: the old verdict must not stay on it.
      const changed = () => naturalTrace.images.targetOf(element)?.url !== target.url && drop(element);
      element.addEventListener("load", changed, { signal });
    }
    const view = await settings();
    if (asked && !signal.aborted) addBadge(check, view).show("checking");
    const outcome = await judge(check, priority);
    if (signal.aborted) return outcome;
    check.outcome = outcome;
    show(check, view, asked);
    return outcome;
  }

  function counts() {
    /** @type {Partial<Record<Level, number>>} */
    const found = {};
    for (const { outcome } of checks.values()) {
      const level = outcome?.verdict?.level;
      if (level) found[level] = (found[level] ?? 0) + 1;
    }
    return found;
  }

  naturalTrace.checks = {
    start,
    drop,
    has: (element) => checks.has(element),
    counts,
    size: () => checks.size,
    settings,
  };
})();
