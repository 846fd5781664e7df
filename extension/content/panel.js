// Holds the details panel in the page. The panel itself is a document of the extension's own origin, in a frame: the page
// can neither read nor restyle what it says.

/**
 * @typedef {{
 *   open: (key: string, near: DOMRect, options?: PanelOptions) => void,
 *   openAlone: (key: string) => void,
 *   isOpen: () => boolean,
 *   bytes: (key: string) => Promise<string | undefined> | undefined,
 *   resize: (key: string, height: number) => void,
 *   close: (key?: string) => void,
 * }} PanelApi
 * @typedef {{onClosed?: () => void, bytes?: () => Promise<string | undefined>, image?: DOMRect}} PanelOptions
 *   `image`: where the image is, to be kept in view. `bytes`: its own, base64, where only the page can read them. `openAlone` is for what belongs to no image.
 */

(() => {
  const WIDTH = 372;
  const EDGE = 12;

  /** @type {{key: string, host: HTMLElement, frame: HTMLIFrameElement, near: DOMRect, stop: AbortController,
   *   options: PanelOptions} | null} */
  let current = null;

  /**
   * Beside the image where there is room, so that both are seen.
   * @param {DOMRect | undefined} image
   * @param {number} width
   * @param {number} height
   */
  function besides(image, width, height) {
    if (!image?.width) return null;
    const after = image.right + EDGE;
    const before = image.left - EDGE - width;
    const left = after + width <= innerWidth - EDGE ? after : before >= EDGE ? before : null;
    return left === null ? null : { left, top: Math.min(image.top, innerHeight - EDGE - height) };
  }

  /**
   * Below the badge, or above it.
   * @param {DOMRect} near
   * @param {number} width
   * @param {number} height
   */
  function under(near, width, height) {
    const below = near.bottom + EDGE / 2;
    const above = near.top - EDGE / 2 - height;
    const top = below + height <= innerHeight - EDGE ? below : above >= EDGE ? above : innerHeight - EDGE - height;
    return { left: Math.max(EDGE, Math.min(near.left, innerWidth - EDGE - width)), top };
  }

  /** @param {number} height */
  function place(height) {
    if (!current) return;
    const { near, host, frame, options } = current;
    const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
    const tall = Math.min(height, innerHeight - 2 * EDGE);
    const { left, top } = besides(options.image, width, tall) ?? under(near, width, tall);
    naturalTrace.placement.important(host, {
      left: `${left}px`,
      top: `${Math.max(EDGE, top)}px`,
      width: `${width}px`,
      height: `${tall}px`,
    });
    naturalTrace.placement.important(frame, { height: `${tall}px` });
  }

  /** @type {PanelApi["open"]} */
  function open(key, near, options = {}) {
    close();
    const { link, placement } = naturalTrace;
    const host = document.createElement("naturaltrace-panel");
    const root = host.attachShadow({ mode: "closed" });
    const frame = document.createElement("iframe");
    frame.src = `${link.url("panel/panel.html")}#${key}`;
    frame.title = link.text("panel_title");
    frame.allow = "clipboard-write";
    placement.important(host, {
      all: "initial",
      position: "fixed",
      margin: "0",
      padding: "0",
      border: "0",
      "z-index": "2147483647",
      background: "transparent",
      overflow: "hidden",
      // Seen only where forced colours take the shadow away.
      outline: "1px solid transparent",
      "border-radius": "14px",
      "box-shadow": "0 0 0 1px rgb(0 0 0 / .14), 0 12px 40px rgb(0 0 0 / .32)",
    });
    placement.important(frame, { all: "initial", display: "block", width: "100%", border: "0" });
    root.append(frame);
    // The top layer, where no page's stacking order reaches.
    host.popover = "manual";
    document.documentElement.append(host);
    host.showPopover?.();

    const stop = new AbortController();
    current = { key, host, frame, near, stop, options };
    place(220);
    const early = { capture: true, signal: stop.signal };
    window.addEventListener("pointerdown", (event) => event.target !== host && close(), early);
    window.addEventListener("keydown", (event) => event.key === "Escape" && close(), early);
    const from = scrollY;
    window.addEventListener("scroll", () => Math.abs(scrollY - from) > innerHeight / 2 && close(), {
      passive: true,
      signal: stop.signal,
    });
    frame.addEventListener("load", () => frame.focus(), { once: true });
  }

  /** @type {PanelApi["close"]} */
  function close(key) {
    if (!current || (key && key !== current.key)) return;
    const { host, stop, options } = current;
    current = null;
    stop.abort();
    host.remove();
    options.onClosed?.();
  }

  naturalTrace.panel = {
    open,
    openAlone: (key) => open(key, new DOMRect(innerWidth / 2 - WIDTH / 2, innerHeight / 3, 0, 0)),
    isOpen: () => current !== null,
    bytes: (key) => (current?.key === key ? current.options.bytes?.() : undefined),
    close,
    resize(key, height) {
      if (current?.key === key) place(height);
    },
  };
})();
