// One check per image element: its request, its badge, its verdict, until the image goes or becomes another.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   target: ImageTarget,
 *   id: number,
 *   asked: boolean,
 *   badge: import("./badge.js").Badge | null,
 *   outcome: CheckOutcome | null,
 *   stop: AbortController,
 *   undo: (() => void) | null,
 * }} Check
 * @typedef {Pick<import("../shared/settings.js").SettingsNow,
 *   "corner" | "quiet" | "hidden" | "action" | "actOn" | "actFrom" | "paused">} ViewSettings
 * @typedef {{
 *   start: (target: ImageTarget, priority: ImageRequest["priority"]) => Promise<CheckOutcome>,
 *   drop: (element: Element) => void,
 *   has: (element: Element) => boolean,
 *   pending: (element: Element) => boolean,
 *   byId: (id: number) => Element | null,
 *   counts: () => Partial<Record<Level, number>>,
 *   size: () => number,
 *   settings: () => Promise<ViewSettings>,
 *   restyle: () => Promise<void>,
 *   open: (element: Element) => boolean,
 *   focused: () => Element | null,
 *   move: (from: Element | null, by: 1 | -1) => boolean,
 * }} ChecksApi
 *   `start`'s outcome is empty where the image went first. `pending`: no verdict yet. `open` shows the details and `move`
 *   puts the focus on the next badge; both say whether they could. `focused`: whose badge has the focus.
 */

(() => {
  /** @type {Map<Element, Check>} */
  const checks = new Map();
  let numbers = 0;

  /** Pictures that the user has had shown: a feed that brings one back must not hide it again. @type {Set<string>} */
  const revealed = new Set();

  /** @type {Promise<ViewSettings> | null} */
  let known = null;
  function settings() {
    known ??= naturalTrace.link.ask({ type: "view-settings" });
    return known;
  }

  /** @param {Element} element */
  function drop(element) {
    const check = checks.get(element);
    if (!check) return;
    check.stop.abort();
    check.undo?.();
    check.badge?.remove();
    checks.delete(element);
    if (checks.size > 0) return;
    removals.disconnect();
    roots = new Set();
  }

  // Only what was removed is looked at: feeds remove hundreds of elements a minute.
  const removals = new MutationObserver((records) => {
    if (!records.some((record) => record.removedNodes.length)) return;
    for (const element of checks.keys()) if (!element.isConnected) drop(element);
  });
  /** @type {Set<Node>} */
  let roots = new Set();

  /** @param {Element} element */
  function followRemoval(element) {
    for (const root of [document, element.getRootNode()]) {
      if (!roots.has(root)) removals.observe(root, { childList: true, subtree: true });
      roots.add(root);
    }
  }

  /** @param {Check} check */
  async function openPanel(check) {
    const { outcome, target, badge } = check;
    if (!outcome || !badge) return;
    const key = await naturalTrace.link.ask({ type: "panel-open", outcome, url: target.url });
    if (typeof key !== "string") return;
    const bytes = () => naturalTrace.bytes.fromPage(target);
    const image = target.element.getBoundingClientRect();
    naturalTrace.panel.open(key, badge.box(), { onClosed: () => badge.focus(), bytes, image });
  }

  /**
   * @param {Check} check
   * @param {ViewSettings} view
   */
  function addBadge(check, view) {
    const { element } = check.target;
    check.badge ??= naturalTrace.badge.create(element, {
      onOpen: () => void openPanel(check),
      onMove: (by) => void move(element, by),
      corner: view.corner,
    });
    return check.badge;
  }

  /**
   * @param {Check} check
   * @param {ImageRequest["priority"]} priority
   * @returns {Promise<CheckOutcome>}
   */
  async function judge({ target, stop, id }, priority) {
    const bytes = await naturalTrace.bytes.fromPage(target).catch(() => undefined);
    stop.signal.addEventListener(
      "abort",
      () => void naturalTrace.link.ask({ type: "check-cancel", id }).catch(() => {}),
    );
    /** @type {ImageRequest} */
    const image = { kind: target.kind, url: target.url, bytes, priority, fresh: target.fresh };
    try {
      return await naturalTrace.link.ask({ type: "check-image", id, image });
    } catch (error) {
      return { problem: { code: "companion_error", detail: String(error) } };
    }
  }

  /** @param {Verdict | undefined} verdict */
  function chanceOf(verdict) {
    // As in the panel: never “100 %”, and no number that would read as a verdict where there is none.
    if (!verdict || verdict.level === "unclear" || typeof verdict.probability !== "number") return "";
    const percent = new Intl.NumberFormat(naturalTrace.link.text("language_tag"), { style: "percent" });
    const share = Math.min(0.99, Math.max(0.01, verdict.probability));
    return naturalTrace.link.text("badge_chance", percent.format(share));
  }

  /**
   * @param {Check} check
   * @param {ViewSettings} view
   */
  function show(check, view) {
    const { asked, target } = check;
    const { verdict } = check.outcome ?? {};
    const level = verdict?.level;
    const acts = naturalTrace.actions.applies(verdict, view) && !revealed.has(target.url);
    // A feed full of “not checked” helps nobody; the popup says what is wrong. What is hidden keeps its badge: it is the
    // way to the image.
    if (!asked && !acts && (!level || view.hidden.includes(level))) return;
    const badge = addBadge(check, view);
    badge.show(level ?? "problem", {
      announce: asked,
      note: chanceOf(verdict),
      // The companion's own words: they can be finer than the level, such as “Partly AI”.
      label: verdict?.label,
      quiet: !asked && level !== undefined && view.quiet.includes(level),
    });
    if (acts) act(check, badge, view.action);
  }

  /**
   * @param {Check} check
   * @param {import("./badge.js").Badge} badge
   * @param {string} action
   */
  function act(check, badge, action) {
    const { element, url } = check.target;
    check.undo = naturalTrace.actions.apply([element, ...naturalTrace.twins.of(element)], action);
    badge.offerReveal(() => {
      check.undo?.();
      check.undo = null;
      if (url && revealed.size < 2000) revealed.add(url);
    });
  }

  /** @type {ChecksApi["start"]} */
  async function start(target, priority) {
    const { element } = target;
    drop(element);
    const stop = new AbortController();
    /** @type {Check} */
    const check = { target, id: ++numbers, asked: priority === "user", badge: null, outcome: null, stop, undo: null };
    checks.set(element, check);
    followRemoval(element);
    const changed = () => {
      drop(element);
      naturalTrace.finder.again(element);
    };
    naturalTrace.changes.watch(target, changed, stop.signal);
    const view = await settings();
    if (stop.signal.aborted) return {};
    if (check.asked) addBadge(check, view).show("checking");
    const outcome = await judge(check, priority);
    if (stop.signal.aborted) return {};
    check.outcome = outcome;
    show(check, view);
    return outcome;
  }

  /** Shows everything anew: the settings have changed. */
  async function restyle() {
    known = null;
    const view = await settings();
    for (const check of checks.values()) {
      if (!check.outcome) continue;
      check.undo?.();
      check.undo = null;
      check.badge?.remove();
      check.badge = null;
      show(check, view);
    }
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

  /** @type {ChecksApi["open"]} */
  function open(element) {
    const check = checks.get(element);
    if (!check?.badge || !check.outcome) return false;
    void openPanel(check);
    return true;
  }

  /** @type {ChecksApi["move"]} */
  function move(from, by) {
    const shown = [...checks.values()].filter(({ badge }) => badge);
    if (!shown.length) return false;
    const follows = Node.DOCUMENT_POSITION_FOLLOWING;
    shown.sort((a, b) => (a.target.element.compareDocumentPosition(b.target.element) & follows ? -1 : 1));
    const at = shown.findIndex(({ target }) => target.element === from);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    next?.target.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    // A badge that a sticky bar hid a moment ago can take the focus only once it shows again.
    requestAnimationFrame(() => requestAnimationFrame(() => next?.badge?.focus()));
    return true;
  }

  naturalTrace.checks = {
    start,
    drop,
    has: (element) => checks.has(element),
    pending: (element) => checks.get(element)?.outcome === null,
    byId: (id) => [...checks.values()].find((check) => check.id === id)?.target.element ?? null,
    counts,
    size: () => checks.size,
    settings,
    restyle,
    open,
    focused: () => [...checks.values()].find(({ badge }) => badge?.hasFocus())?.target.element ?? null,
    move,
  };
})();
