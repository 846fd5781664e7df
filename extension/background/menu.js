// Right-click → "Check this image".

import { api, text } from "../shared/browser.js";
import { tellFrame } from "./inject.js";

const CHECK_ITEM = "check-image";

export function createMenu() {
  api.contextMenus.removeAll(() => {
    api.contextMenus.create({ id: CHECK_ITEM, title: text("menu_check"), contexts: ["image", "video"] });
  });
}

/**
 * @param {chrome.contextMenus.OnClickData} info
 * @param {chrome.tabs.Tab} [tab]
 */
export async function onMenuClicked(info, tab) {
  if (info.menuItemId !== CHECK_ITEM || tab?.id === undefined) return;
  await tellFrame(tab.id, info.frameId ?? 0, {
    type: "check-element",
    url: info.srcUrl ?? "",
  });
}
