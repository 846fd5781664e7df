// The one command that gets the companion, per system, and the shorter one that starts it again. Both are for the folder of
// the project, so that nothing has to be on the system's path.

import { api } from "../shared/browser.js";
import { must } from "../shared/dom.js";

/** @typedef {{get: string, again: string}} Start */

/** `cmd /c`: so that it holds in PowerShell as well. @type {Record<"unix" | "windows", Start>} */
export const STARTS = {
  unix: {
    get: "python3 -m venv .venv && .venv/bin/python -m pip install . && .venv/bin/naturaltrace serve",
    again: ".venv/bin/naturaltrace serve",
  },
  windows: {
    get: 'cmd /c "py -m venv .venv && .venv\\Scripts\\python -m pip install . && .venv\\Scripts\\naturaltrace serve"',
    again: ".venv\\Scripts\\naturaltrace serve",
  },
};

/** Shows the commands of this system, and of another one where it is chosen. */
export async function showStart() {
  const system = must("#system", HTMLSelectElement);
  const fill = () => {
    const { get, again } = STARTS[system.value === "windows" ? "windows" : "unix"];
    must("#command", HTMLElement).textContent = get;
    must("#command-again", HTMLElement).textContent = again;
  };
  system.addEventListener("change", fill);
  const { os } = await api.runtime.getPlatformInfo();
  system.value = os === "win" ? "windows" : "unix";
  fill();
}
