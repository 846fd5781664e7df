// Which images are near what the user sees. Only these have a badge in the document: in a long feed all the others would
// make every layout of the page dearer.

/**
 * @typedef {{
 *   watch: (element: Element, changed: (near: boolean) => void) => void,
 *   unwatch: (element: Element) => void,
 * }} NearnessApi
 *   `changed` is told first how it stands, then whenever that has changed; the layout is clean then.
 */

(() => {
  /** A screen and a half ahead and behind: a badge stands before its image comes into view. */
  const AROUND = "150% 100%";

  /** @type {Map<Element, (near: boolean) => void>} */
  const watched = new Map();

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) watched.get(target)?.(isIntersecting);
    },
    { rootMargin: AROUND },
  );

  naturalTrace.nearness = {
    watch(element, changed) {
      watched.set(element, changed);
      observer.observe(element);
    },
    unwatch(element) {
      watched.delete(element);
      observer.unobserve(element);
    },
  };
})();
