// Entry of the content scripts: answers the background. Runs once per frame, however often it is injected.

(() => {
  if (naturalTrace.started) return;
  naturalTrace.started = true;
  const stop = new AbortController();

  /** Leaves the page as if we had never been here. */
  naturalTrace.end = () => {
    const { finder, panel, checks } = naturalTrace;
    stop.abort();
    finder.stop();
    panel.close();
    checks.dropAll();
  };
  naturalTrace.succession.takeOver();
  naturalTrace.succession.whenSucceeded(naturalTrace.end, stop.signal);

  const hovered = () => [...document.querySelectorAll(":hover")].reverse();

  /**
   * The image that was clicked. Its address says which, but a canvas and a background have none in the menu, and Firefox
   * gives none for a blob that the page has revoked since; then it is what is under the pointer.
   * @param {string} url
   * @param {number} [elementId] Firefox's number for the element
   */
  function clicked(url, elementId) {
    const { images, link } = naturalTrace;
    const byUrl = url ? images.byUrl(url) : null;
    if (byUrl) return byUrl;
    const element = link.targetElement(elementId);
    const chain = element ? [...parents(element)] : hovered();
    return images.under(chain);
  }

  /** @param {Element} element */
  function* parents(element) {
    for (let each = /** @type {Element | null} */ (element); each; each = each.parentElement) yield each;
  }

  function focused() {
    const { activeElement } = document;
    return activeElement && activeElement !== document.body ? naturalTrace.images.under([activeElement]) : null;
  }

  /** Which image the keyboard means: what has the focus, or what is under the pointer. */
  const pointedAt = () => focused() ?? naturalTrace.images.under(hovered());

  /** @param {ReturnType<typeof pointedAt>} target */
  function check(target) {
    if (!target) return { problem: { code: "image_gone" } };
    // Not awaited: the menu has done its part once the badge stands.
    void naturalTrace.checks.start(target, "user");
    return { started: true };
  }

  /** The largest image in view that has no badge yet, for those who use no pointer. */
  function largestUnchecked() {
    const { images, checks, scan } = naturalTrace;
    /** @type {{target: import("./images.js").ImageTarget, area: number} | null} */
    let best = null;
    for (const element of document.querySelectorAll("img, video[poster], canvas, svg image")) {
      const target = images.targetOf(element);
      const area = images.shownArea(element);
      if (!target || checks.has(element) || !scan.bigEnough(element.getBoundingClientRect())) continue;
      if (area > (best?.area ?? 0)) best = { target, area };
    }
    return best?.target ?? null;
  }

  function openDetails() {
    const { checks, panel } = naturalTrace;
    if (panel.isOpen()) return void panel.close();
    const pointed = () => checks.hovered() ?? naturalTrace.images.under(hovered())?.element;
    const element = checks.focused() ?? focused()?.element ?? pointed();
    if (element && checks.open(element)) return undefined;
    return { moved: checks.move(null, 1) };
  }

  /** The browser permits more than before. */
  function findAgain() {
    const { finder, queue } = naturalTrace;
    if (!finder.active() || !queue.refusedHosts().length) return;
    queue.forgetRefused();
    finder.stop();
    finder.start();
  }

  naturalTrace.pageState = () => {
    const { finder, checks, queue } = naturalTrace;
    return {
      automatic: finder.active(),
      counts: checks.counts(),
      waiting: queue.waiting(),
      problem: queue.problem(),
      refusedHosts: queue.refusedHosts(),
    };
  };

  naturalTrace.link.onSettings(() => void naturalTrace.checks.restyle(), stop.signal);

  naturalTrace.link.onMessage((message) => {
    const { checks, finder, panel, sight } = naturalTrace;
    switch (message?.type) {
      case "check-element":
        return check(clicked(message.url, message.elementId));
      case "check-pointed":
        return check(pointedAt() ?? largestUnchecked());
      case "next-badge":
        return { moved: checks.move(checks.focused(), 1) };
      case "open-details":
        return openDetails();
      case "page-state":
        return naturalTrace.pageState();
      case "stop-finding":
        panel.close();
        return finder.stop();
      case "find-again":
        return findAgain();
      case "sight-begin":
      case "sight-end": {
        const element = checks.byId(message.id);
        if (!element) return null;
        return message.type === "sight-begin" ? sight.begin(element) : sight.end(element);
      }
      case "say-problem":
        return panel.openAlone(message.key);
      case "panel-bytes":
        return panel.bytes(message.key);
      case "panel-resize":
        return panel.resize(message.key, message.height);
      case "panel-close":
        return panel.close(message.key);
      default:
        return undefined;
    }
  }, stop.signal);
})();
