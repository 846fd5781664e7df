// Every control whose form has data-settings is a setting by its name, saved as soon as it changes.

import { attempt, call } from "./api.js";
import { by, make, say } from "./show.js";
import { deviceName, number, speak, t } from "./words.js";

/** @returns {any[]} */
const controls = () =>
  [...document.querySelectorAll("form[data-settings]")]
    .flatMap((form) => [.../** @type {any} */ (form).elements])
    .filter((each) => each.name);

export async function showSettings() {
  const [settings, state] = await Promise.all([call("GET", "/v1/settings"), call("GET", "/v1/control/state")]);
  const devices = [...new Set([...state.devices, settings.device])];
  const device = document.querySelector("select[name=device]");
  device?.replaceChildren(...devices.map((name) => make("option", { value: name }, deviceName(name))));
  const precision = /** @type {HTMLSelectElement} */ (document.querySelector("select[name=precision]"));
  // A choice between two graphs, of which a release may have but one.
  /** @type {HTMLElement} */ (precision.parentElement).hidden = !state.precisions.length;
  const values = { ...settings, start_at_login: state.login.enabled };
  for (const control of controls()) {
    if (control.type === "checkbox") control.checked = values[control.name];
    else if (control.type === "radio") control.checked = control.value === values[control.name];
    else control.value = values[control.name];
    if (control.name === "start_at_login") control.disabled = !state.login.possible;
  }
}

/** The three words with what each means, as measured. @param {any} model the model's card */
export function showChoices(model) {
  by("choices").replaceChildren(...Object.entries(model.sensitivity).map(([name, rates]) => choice(name, rates)));
  const { real_images, generated_images } = model.measured_on;
  const measured = Object.values(model.sensitivity).some((rates) => rates.real !== null);
  by("choices-note").textContent = measured
    ? t("choices_measured", { real: number(real_images ?? 0), generated: number(generated_images ?? 0) })
    : "";
}

/** @param {string} name @param {{ real: number | null, generated: number | null }} rates */
function choice(name, rates) {
  const input = make("input", { type: "radio", name: "sensitivity", value: name });
  const lines =
    rates.real === null || rates.generated === null
      ? [make("span", { class: "small" }, t("not_measured"))]
      : [
          rate("real", t("marks_real", { n: inHundred(rates.real) }), rates.real),
          rate("found", t("finds_generated", { n: inHundred(rates.generated) }), rates.generated),
        ];
  return make(
    "label",
    { class: "choice" },
    input,
    make("span", { class: "name" }, t(name)),
    make("span", { class: "small" }, t(`${name}_words`)),
    ...lines,
  );
}

/** @param {string} kind @param {string} words @param {number} share */
function rate(kind, words, share) {
  const bar = make("span", { class: `bar ${kind}` }, make("span", {}));
  /** @type {HTMLElement} */ (bar.firstChild).style.inlineSize = `${Math.round(share * 100)}%`;
  return make("span", { class: "rate" }, words, bar);
}

/** @param {number} share never 0: a small test set can't promise that */
const inHundred = (share) => number(Math.max(1, Math.round(share * 100)));

/** @param {any} control */
async function change(control) {
  if (control.name === "start_at_login") await call("PUT", "/v1/control/login", { enabled: control.checked });
  else {
    const value =
      control.type === "checkbox" ? control.checked : control.type === "number" ? Number(control.value) : control.value;
    await call("PATCH", "/v1/settings", { [control.name]: value });
  }
  say(t("saved"));
}

/** @param {(language: string) => Promise<void>} onLanguage called when the page's own language changes */
export function listenForSettings(onLanguage) {
  for (const form of document.querySelectorAll("form[data-settings]")) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (/** @type {any} */ event) =>
      attempt(async () => {
        const { name, value } = event.target; // now: what is shown anew meanwhile may change it
        try {
          await change(event.target);
          if (name === "language") {
            await speak(value);
            await onLanguage(value);
          }
        } catch (error) {
          await showSettings(); // what was refused must not stand there as if it held
          throw error;
        }
      }),
    );
  }
}
