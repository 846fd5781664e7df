// Entry of the content scripts: answers the background. Runs once per frame, however often it is injected.

(() => {
  if (naturalTrace.started) return;
  naturalTrace.started = true;
  const stop = new AbortController();

  /** @param {number | undefined} id Firefox names the clicked element */
  function clickedElement(id) {
    const menus = /** @type {any} */ (globalThis).browser?.menus;
    return id === undefined || !menus?.getTargetElement ? null : menus.getTargetElement(id);
  }

  naturalTrace.link.onMessage((message) => {
    switch (message?.type) {
      case "check-element": {
        const { images, checks } = naturalTrace;
        const element = clickedElement(message.elementId);
        const target = (element && images.targetOf(element)) ?? images.byUrl(message.url);
        if (!target) return { problem: { code: "image_gone" } };
        // Not awaited: the menu has done its part once the badge stands.
        void checks.start(target, "user");
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
