// The badge's style. It lives in a closed shadow root, so it repeats the colours of `shared/tokens.css`; a test compares.

/** @typedef {{css: string}} BadgeStyle */

(() => {
  const css = `
:host {
  color-scheme: light dark;
  --nt-surface: light-dark(#ffffff, #1b1f20);
  --nt-line: light-dark(#dde2e0, #363d3e);
  --nt-ink: light-dark(#16201f, #eef2f1);
  --nt-ink-2: light-dark(#4c5957, #adb8b6);
  --nt-focus: light-dark(#0a5cff, #8ab4ff);
  --nt-ai: light-dark(#a8201a, #ffb4ab);
  --nt-ai-tint: light-dark(#fdecea, #46201d);
  --nt-likely_ai: light-dark(#8a4b00, #ffc069);
  --nt-likely_ai-tint: light-dark(#fff3df, #3d2c10);
  --nt-unclear: light-dark(#4f5a66, #c2ccd6);
  --nt-no_sign: light-dark(#0d645d, #7fd6cb);
  --nt-camera: light-dark(#0b57b0, #9cc5ff);
  --nt-camera-tint: light-dark(#e8f1fd, #172b45);
}
button {
  all: unset;
  /* Here, not on the host: what the host says inline against the page's styles is stronger than any word of ours. */
  color-scheme: light dark;
  box-sizing: border-box;
  pointer-events: auto;
  display: inline-flex;
  align-items: center;
  gap: 6px;
  min-width: 26px;
  min-height: 26px;
  max-width: 100%;
  padding: 3px 10px 3px 7px;
  border: 1px solid var(--nt-line);
  border-radius: 13px;
  background: var(--nt-surface);
  color: var(--nt-ink-2);
  font: 600 12.5px/18px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  white-space: nowrap;
  cursor: pointer;
  box-shadow: 0 0 0 1px light-dark(rgb(255 255 255 / .5), rgb(0 0 0 / .4)), 0 1px 4px rgb(0 0 0 / .3);
  transition: filter .12s;
}
button:hover { filter: brightness(light-dark(.97, 1.12)); }
button:focus-visible { outline: 3px solid var(--nt-focus); outline-offset: 2px; }
.icon { width: 16px; height: 16px; flex: none; }
[data-level="ai"] {
  border-radius: 5px; background: light-dark(#a8201a, #ffb4ab); border-color: transparent; color: light-dark(#ffffff, #2b0704);
}
[data-level="likely_ai"] {
  border-radius: 5px; background: var(--nt-likely_ai-tint); border-color: var(--nt-likely_ai); color: var(--nt-likely_ai);
}
[data-level="unclear"] { border-style: dashed; border-color: var(--nt-unclear); color: var(--nt-unclear); }
[data-level="no_sign"] { color: var(--nt-no_sign); }
[data-level="camera"] { background: var(--nt-camera-tint); border-color: var(--nt-camera); color: var(--nt-camera); }
[data-level="problem"] { border-color: var(--nt-ink-2); }
[data-large] { zoom: 1.4; }
[data-compact] { padding: 4px; gap: 0; }
[data-compact] .words {
  max-width: 0; overflow: hidden; opacity: 0;
}
[data-compact]:hover .words, [data-compact]:focus-visible .words { max-width: 20em; opacity: 1; margin-inline: 6px 4px; }
[data-level="checking"] .icon { animation: turn 1s linear infinite; }
@keyframes turn { to { rotate: 360deg; } }
.reveal { padding: 3px 10px; color: var(--nt-ink); }
.status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { .icon { animation: none !important; } button { transition: none; } }
@media (prefers-contrast: more) { button { border-width: 2px; border-color: currentColor !important; } }
@media (forced-colors: active) {
  button { border: 2px solid ButtonText; background: ButtonFace; color: ButtonText; forced-color-adjust: auto; }
  [data-level="ai"] { border-width: 4px; }
}
`;

  naturalTrace.badgeStyle = { css };
})();
