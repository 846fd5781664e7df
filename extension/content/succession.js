// After an update of the extension its scripts of the version before are still in the pages that are open. In Chromium they
// live on, cut off from the extension; in Firefox they were stopped at a stroke, and what they had put there stayed. Whoever
// comes next takes it all away, or else an image would have two badges, one of them dead.

/**
 * @typedef {{
 *   takeOver: () => void,
 *   whenSucceeded: (end: () => void, signal: AbortSignal) => void,
 * }} SuccessionApi
 *   `whenSucceeded`: `end` is called as a successor takes over.
 */

(() => {
  const EVENT = "naturaltrace-succeeded";
  const OURS = "naturaltrace-badge, naturaltrace-panel";

  naturalTrace.succession = {
    takeOver() {
      document.dispatchEvent(new Event(EVENT));
      for (const host of document.querySelectorAll(OURS)) host.remove();
      naturalTrace.actions.restore(document);
    },
    whenSucceeded(end, signal) {
      // A page can send this event as well. As long as the extension is there, it means nothing.
      document.addEventListener(EVENT, () => naturalTrace.link.alive() || end(), { signal });
    },
  };
})();
