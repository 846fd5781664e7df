// Small pieces of the page. Text is only ever set as text: nothing that a file or a page says becomes markup.

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {any} verdict @param {string} [picture] an address for `<img>` */
export function verdictCard(verdict, picture) {
  const evidence = verdict.evidence.map((/** @type {any} */ each) => make("li", {}, each.text));
  const chance = verdict.probability === null ? "" : ` Estimated chance: ${Math.round(verdict.probability * 100)} %.`;
  const image = verdict.image;
  return make(
    "div",
    { class: "verdict" },
    picture ? make("img", { src: picture, alt: "The checked image" }) : "",
    make(
      "div",
      {},
      make("p", { class: "level", "data-level": verdict.level }, verdict.label),
      make("p", {}, verdict.summary + (verdict.level === "unclear" ? "" : chance)),
      make("ul", { class: "notices" }, ...evidence),
      make("p", { class: "small" }, `${image.width} × ${image.height}, ${image.format}, ${verdict.model.name} ${verdict.model.version}`),
    ),
  );
}

/** @param {any} entry @param {() => void} onForget */
export function historyRow(entry, onForget) {
  const when = new Date(entry.at * 1000).toLocaleString();
  const forget = make("button", { type: "button", "aria-label": `Forget the verdict of ${when}` }, "Forget");
  forget.addEventListener("click", onForget);
  return make(
    "li",
    {},
    make("img", { alt: "", width: "64", height: "64", hidden: "" }),
    make(
      "div",
      {},
      make("span", { class: "level", "data-level": entry.verdict.level }, entry.verdict.label),
      make("p", { class: "small" }, [when, entry.page, entry.feedback && `you said: ${entry.feedback.replace("_", " ")}`].filter(Boolean).join(" · ")),
    ),
    forget,
  );
}

/** @param {HTMLElement} list @param {[string, string][]} rows */
export function definitions(list, rows) {
  list.replaceChildren(...rows.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]));
}
