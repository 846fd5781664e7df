// The keyboard shortcuts as they are set now, and the way to change them.

import { api, text } from "../shared/browser.js";
import { el, must } from "../shared/dom.js";

const NAMES = ["check-image", "next-badge", "open-details", "toggle-site"];

/** @param {HTMLElement} list */
export async function showShortcuts(list) {
  const commands = await api.commands.getAll();
  const rows = NAMES.map((name) => {
    const shortcut = commands.find((command) => command.name === name)?.shortcut;
    const keys = shortcut ? el("kbd", {}, shortcut) : el("span", { class: "quiet" }, text("options_shortcut_none"));
    return [el("dt", {}, text(`command_${name.replace("-", "_")}`)), el("dd", {}, keys)];
  });
  list.replaceChildren(...rows.flat());
  showWay();
}

function showWay() {
  const open = opener();
  const button = must("#shortcuts-change", HTMLButtonElement);
  button.hidden = open === null;
  must("#shortcuts-where", HTMLElement).hidden = open !== null;
  if (open) button.addEventListener("click", () => void open());
}

/** Firefox has a call for it, Chromium an address; where neither is known, the way is told in words. */
function opener() {
  const commands = /** @type {any} */ (api.commands);
  if (typeof commands.openShortcutSettings === "function") return () => commands.openShortcutSettings();
  if (api.runtime.getURL("").startsWith("chrome-extension:"))
    return () => api.tabs.create({ url: "chrome://extensions/shortcuts" });
  return null;
}
