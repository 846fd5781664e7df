// The options page.

import { ask, text } from "../shared/browser.js";
import { localise, must } from "../shared/dom.js";

localise();
document.title = text("options_title");
/** @type {CompanionState} */
const companion = await ask({ type: "companion-state" });
must("#companion", HTMLElement).textContent = text(`companion_${companion.state}`);
must("#setup", HTMLButtonElement).addEventListener("click", () => ask({ type: "open-welcome" }));
