// Entry of the content scripts: answers the background. Runs once per frame, however often it is injected.

(() => {
  if (naturalTrace.started) return;
  naturalTrace.started = true;
  const stop = new AbortController();

  /**
   * The image that was clicked. Its address says which, but Firefox gives none for a blob that the page has revoked since;
   * then it is the image under the pointer.
   * @param {string} url
   */
  function clicked(url) {
    const { images } = naturalTrace;
    if (url) return images.byUrl(url);
    const under = [...document.querySelectorAll(":hover")].reverse();
    return under.map((element) => images.targetOf(element)).find((target) => target !== null) ?? null;
  }

  naturalTrace.link.onMessage((message) => {
    switch (message?.type) {
      case "check-element": {
        const target = clicked(message.url);
        if (!target) return { problem: { code: "image_gone" } };
        // Not awaited: the menu has done its part once the badge stands.
        void naturalTrace.checks.start(target, "user");
        return { started: true };
      }
      case "page-state": {
        const { finder, checks, queue } = naturalTrace;
        return {
          automatic: finder.active(),
          counts: checks.counts(),
          waiting: queue.waiting(),
          problem: queue.problem(),
        };
      }
      case "stop-finding":
        return naturalTrace.finder.stop();
      case "panel-resize":
        return naturalTrace.panel.resize(message.key, message.height);
      case "panel-close":
        return naturalTrace.panel.close(message.key);
      default:
        return undefined;
    }
  }, stop.signal);
})();
