// The toolbar popup.

import { ask, text } from "../shared/browser.js";
import { localise, must } from "../shared/dom.js";

localise();
const setup = must("#setup", HTMLButtonElement);
setup.addEventListener("click", async () => {
  await ask({ type: "open-welcome" });
  window.close();
});

/** @type {CompanionState} */
const companion = await ask({ type: "companion-state" });
must("#dot", HTMLElement).dataset.state = companion.state;
must("#companion-title", HTMLElement).textContent = text(`companion_${companion.state}`);
must("#companion-advice", HTMLElement).textContent = text(`companion_${companion.state}_more`, companion.port ?? "");
setup.hidden = companion.state === "ready";
