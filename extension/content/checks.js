// One check per image element: its request, its verdict, until the image goes or becomes another. Its badge is there as long
// as the image is near what the user sees.

/**
 * @typedef {import("./images.js").ImageTarget} ImageTarget
 * @typedef {{
 *   target: ImageTarget,
 *   id: number,
 *   asked: boolean,
 *   badge: import("./badge.js").Badge | null,
 *   outcome: CheckOutcome | null,
 *   sent: boolean,
 *   gone: boolean,
 *   near: boolean,
 *   shows: boolean,
 *   undo: (() => void) | null,
 * }} Check
 *   `shows`: has a badge whenever it is `near`. `undo`: takes back what was done to a flagged image.
 * @typedef {Pick<import("../shared/settings.js").SettingsNow,
 *   "corner" | "size" | "quiet" | "hidden" | "action" | "actOn" | "actFrom" | "paused">} ViewSettings
 * @typedef {{
 *   start: (target: ImageTarget, priority: ImageRequest["priority"]) => Promise<CheckOutcome>,
 *   drop: (element: Element) => void,
 *   dropAll: () => void,
 *   has: (element: Element) => boolean,
 *   pending: (element: Element) => boolean,
 *   near: (element: Element) => boolean,
 *   byId: (id: number) => Element | null,
 *   counts: () => Partial<Record<Level, number>>,
 *   size: () => number,
 *   settings: () => Promise<ViewSettings>,
 *   restyle: () => Promise<void>,
 *   open: (element: Element) => boolean,
 *   focused: () => Element | null,
 *   hovered: () => Element | null,
 *   move: (from: Element | null, by: 1 | -1) => boolean,
 * }} ChecksApi
 *   `start`'s outcome is empty where the image went first. `pending`: no verdict yet. `open` shows the details and `move`
 *   puts the focus on the next badge; both say whether they could. `focused`: whose badge has the focus; `hovered`: whose
 *   is under the pointer.
 */

(() => {
  /** @type {Map<Element, Check>} */
  const checks = new Map();
  let numbers = 0;

  /** Pictures that the user has had shown: a feed that brings one back must not hide it again. @type {Set<string>} */
  const revealed = new Set();

  /** @type {Promise<ViewSettings> | null} */
  let known = null;
  /** The last that was known, for what can't wait. @type {ViewSettings | null} */
  let view = null;
  async function settings() {
    known ??= naturalTrace.link.ask({ type: "view-settings" });
    view = await known;
    return view;
  }

  /** @param {Element} element */
  function drop(element) {
    const check = checks.get(element);
    if (!check) return;
    check.gone = true;
    if (check.sent && !check.outcome && naturalTrace.link.alive())
      void naturalTrace.link.ask({ type: "check-cancel", id: check.id }).catch(() => {});
    naturalTrace.changes.unwatch(element);
    naturalTrace.nearness.unwatch(element);
    drawing.remove(check);
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
    // At once: a badge must not outlive its image by a frame.
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
    const { outcome, target } = check;
    if (!outcome) return;
    const key = await naturalTrace.link.ask({ type: "panel-open", outcome, url: target.url });
    if (typeof key !== "string") return;
    const bytes = () => naturalTrace.bytes.fromPage(target);
    const image = target.element.getBoundingClientRect();
    const badge = check.badge?.box();
    naturalTrace.panel.open(key, badge?.width ? badge : image, { onClosed: () => check.badge?.focus(), bytes, image });
  }

  /**
   * @param {Check} check
   * @param {ImageRequest["priority"]} priority
   * @returns {Promise<CheckOutcome>}
   */
  async function judge(check, priority) {
    const { target, id } = check;
    const bytes = await naturalTrace.bytes.fromPage(target).catch(() => undefined);
    if (check.gone) return {};
    check.sent = true;
    /** @type {ImageRequest} */
    const image = { kind: target.kind, url: target.url, bytes, priority, fresh: target.fresh };
    try {
      return await naturalTrace.link.ask({ type: "check-image", id, image });
    } catch (error) {
      return { problem: { code: "companion_error", detail: String(error) } };
    }
  }

  /** @type {Intl.NumberFormat | undefined} */
  let percent;

  /** @param {Verdict | undefined} verdict */
  function chanceOf(verdict) {
    // As in the panel: never “100 %”, and no number that would read as a verdict where there is none.
    if (!verdict || verdict.level === "unclear" || typeof verdict.probability !== "number") return "";
    percent ??= new Intl.NumberFormat(naturalTrace.link.text("language_tag"), { style: "percent" });
    const share = Math.min(0.99, Math.max(0.01, verdict.probability));
    return naturalTrace.link.text("badge_chance", percent.format(share));
  }

  /**
   * What follows from the outcome: whether there is a badge, and whether something is done to the image.
   * @param {Check} check
   * @param {ViewSettings} view
   */
  function show(check, view) {
    const { asked, target } = check;
    const { verdict } = check.outcome ?? {};
    const acts = naturalTrace.actions.applies(verdict, view) && !revealed.has(target.url);
    // A feed full of “not checked” helps nobody; the popup says what is wrong. What is hidden keeps its badge: it is the
    // way to the image.
    check.shows = asked || acts || (verdict !== undefined && !view.hidden.includes(verdict.level));
    if (acts) {
      const { element } = target;
      check.undo = naturalTrace.actions.apply([element, ...naturalTrace.twins.of(element)], view.action);
    }
    if (check.shows && check.near) draw(check, view);
  }

  /**
   * @param {Check} check
   * @param {ViewSettings} view
   */
  function draw(check, view) {
    const { asked, outcome, target } = check;
    const { element } = target;
    const again = check.badge !== null;
    check.badge ??= naturalTrace.badge.create(element, {
      onOpen: () => void openPanel(check),
      onMove: (by) => void move(element, by),
      corner: view.corner,
      large: view.size === "large",
    });
    if (!outcome) return check.badge.show("checking");
    const { verdict } = outcome;
    check.badge.show(verdict?.level ?? "problem", {
      announce: asked && again,
      note: chanceOf(verdict),
      // The companion's own words: they can be finer than the level, such as “Partly AI”.
      label: verdict?.label,
      quiet: !asked && verdict !== undefined && view.quiet.includes(verdict.level),
    });
    if (check.undo) check.badge.offerReveal(() => reveal(check));
  }

  /** @param {Check} check */
  function reveal(check) {
    const { url } = check.target;
    check.undo?.();
    check.undo = null;
    if (url && revealed.size < 2000) revealed.add(url);
  }

  const drawing = naturalTrace.slices.line((/** @type {Check} */ check) => {
    if (view && check.shows && check.near && !check.badge && !check.gone) draw(check, view);
    return undefined;
  });

  /**
   * @param {Check} check
   * @param {boolean} near
   */
  function approach(check, near) {
    check.near = near;
    if (near) {
      if (check.shows && !check.badge) drawing.add(check);
      // Nobody has looked at it while it was away.
      if (check.target.kind === "css" || check.target.kind === "canvas")
        naturalTrace.changes.look(check.target.element);
    } else if (check.badge && !check.badge.hasFocus()) {
      check.badge.remove();
      check.badge = null;
    }
  }

  /** @type {ChecksApi["start"]} */
  async function start(target, priority) {
    const { element } = target;
    drop(element);
    const asked = priority === "user";
    /** @type {Check} */
    const check = {
      ...{ target, id: ++numbers, asked, badge: null, outcome: null, undo: null },
      ...{ sent: false, gone: false, near: true, shows: asked },
    };
    checks.set(element, check);
    followRemoval(element);
    naturalTrace.changes.watch(target, () => {
      drop(element);
      naturalTrace.finder.again(element);
    });
    naturalTrace.nearness.watch(element, (near) => approach(check, near));
    const view = await settings();
    if (check.gone) return {};
    if (check.shows && check.near) draw(check, view);
    const outcome = await judge(check, priority);
    if (check.gone) return {};
    check.outcome = outcome;
    // They may have changed meanwhile; and while they are asked for, the image may go.
    const now = await settings();
    if (!check.gone) show(check, now);
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
    if (!check?.shows || !check.outcome) return false;
    void openPanel(check);
    return true;
  }

  /** @param {(badge: import("./badge.js").Badge) => boolean} is */
  const whose = (is) => [...checks.values()].find(({ badge }) => badge && is(badge))?.target.element ?? null;

  /** @type {ChecksApi["move"]} */
  function move(from, by) {
    const shown = [...checks.values()].filter(({ shows }) => shows);
    if (!shown.length || !view) return false;
    const follows = Node.DOCUMENT_POSITION_FOLLOWING;
    shown.sort((a, b) => (a.target.element.compareDocumentPosition(b.target.element) & follows ? -1 : 1));
    const at = shown.findIndex(({ target }) => target.element === from);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    if (!next) return false;
    next.target.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    next.near = true;
    if (!next.badge) draw(next, view);
    focusSoon(next, 12);
    return true;
  }

  /**
   * A badge that has only just come, or that a sticky bar hid a moment ago, can take the focus only once it shows.
   * @param {Check} check
   * @param {number} frames
   */
  function focusSoon(check, frames) {
    requestAnimationFrame(() => {
      check.badge?.focus();
      if (check.badge && !check.badge.hasFocus() && frames) focusSoon(check, frames - 1);
    });
  }

  naturalTrace.checks = {
    start,
    drop,
    dropAll() {
      for (const element of [...checks.keys()]) drop(element);
    },
    has: (element) => checks.has(element),
    pending: (element) => checks.get(element)?.outcome === null,
    near: (element) => checks.get(element)?.near ?? false,
    byId: (id) => [...checks.values()].find((check) => check.id === id)?.target.element ?? null,
    counts,
    size: () => checks.size,
    settings,
    restyle,
    open,
    focused: () => whose((badge) => badge.hasFocus()),
    hovered: () => whose((badge) => badge.hasPointer()),
    move,
  };
})();
