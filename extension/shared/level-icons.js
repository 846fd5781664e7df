// Icons of levels and states, as data, so that pages and content scripts draw the same ones.
// A classic script on purpose: content scripts cannot import. Pages load it for its side effect.

/**
 * Each entry is a list of SVG shapes on a 24 × 24 grid. No shape is told from another by colour alone.
 * @typedef {[tag: string, attributes: Record<string, string>][]} Icon
 * @typedef {"checking" | "problem" | "screenshot" | "mark" | "lean_for" | "lean_against" | "lean_neutral" | "done"} IconName
 * @typedef {{
 *   shapes: Record<Level | IconName, Icon>,
 *   draw: (name: keyof IconTable["shapes"], doc?: Document) => SVGSVGElement,
 * }} IconTable
 */

(() => {
  const line = {
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2.2",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };

  /** @type {IconTable["shapes"]} */
  const shapes = {
    // A full diamond with a spark cut out of it.
    ai: [
      [
        "path",
        {
          fill: "currentColor",
          "fill-rule": "evenodd",
          d: "M12 1.2 22.8 12 12 22.8 1.2 12ZM12 6.4c.5 3.4 2.2 5.1 5.6 5.6-3.4.5-5.1 2.2-5.6 5.6-.5-3.4-2.2-5.1-5.6-5.6 3.4-.5 5.1-2.2 5.6-5.600Z",
        },
      ],
    ],
    // The same diamond, half full.
    likely_ai: [
      ["path", { ...line, d: "M12 2.6 21.4 12 12 21.4 2.6 12Z" }],
      ["path", { fill: "currentColor", d: "M12 2.6 21.4 12 12 21.400Z" }],
    ],
    unclear: [
      ["circle", { ...line, cx: "12", cy: "12", r: "9.5", "stroke-dasharray": "4.2 2.6" }],
      ["path", { ...line, d: "M9.3 9.300a2.8 2.8 0 1 1 4.2 2.500c-1 .6-1.5 1.2-1.5 2.2" }],
      ["circle", { fill: "currentColor", cx: "12", cy: "17.3", r: "1.4" }],
    ],
    // An empty ring: nothing was found. Deliberately no tick.
    no_sign: [
      ["circle", { ...line, cx: "12", cy: "12", r: "9" }],
      ["path", { ...line, d: "M8.5 12h7" }],
    ],
    camera: [
      [
        "path",
        {
          ...line,
          d: "M3 8.500A1.5 1.5 0 0 1 4.5 7H7l1.5-2.500h7L17 7h2.500A1.5 1.5 0 0 1 21 8.500v9a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 17.500Z",
        },
      ],
      ["circle", { ...line, cx: "12", cy: "12.8", r: "3.4" }],
    ],
    checking: [
      ["circle", { ...line, cx: "12", cy: "12", r: "9", opacity: ".3" }],
      ["path", { ...line, d: "M12 3a9 9 0 0 1 9 9" }],
    ],
    problem: [
      ["path", { ...line, d: "M12 3.5 22 20.500H2Z" }],
      ["path", { ...line, d: "M12 10v4.5" }],
      ["circle", { fill: "currentColor", cx: "12", cy: "17.4", r: "1.3" }],
    ],
    screenshot: [
      [
        "path",
        {
          ...line,
          d: "M4 9V6a2 2 0 0 1 2-2h3M15 4h3a2 2 0 0 1 2 2v3M20 15v3a2 2 0 0 1-2 2h-3M9 20H6a2 2 0 0 1-2-2v-3",
        },
      ],
      ["circle", { ...line, cx: "12", cy: "12", r: "3" }],
    ],
    // Evidence: towards generated, away from it, neither.
    lean_for: [["path", { fill: "currentColor", d: "M12 4 21 19H3Z" }]],
    lean_against: [["path", { ...line, d: "M12 19 4 6h16Z" }]],
    lean_neutral: [["circle", { fill: "currentColor", cx: "12", cy: "12", r: "4" }]],
    done: [["path", { ...line, d: "M5 12.5 10 17.5 19.5 7" }]],
    // The product's own mark: a trace, seen through a lens.
    mark: [
      [
        "path",
        {
          ...line,
          d: "M5 18.500C4 16.6 3.5 14.4 3.5 12a8.5 8.5 0 0 1 17 0c0 1.5-.1 2.9-.5 4.200M8.2 20.500C7.2 18 6.8 15 6.8 12a5.2 5.2 0 0 1 10.4 0c0 2.8-.3 5.2-1 7.500M11.8 21.500C10.6 18.5 10.1 15.2 10.1 12a1.9 1.9 0 0 1 3.8 0c0 3.4-.3 6-1 8.6",
        },
      ],
    ],
  };

  /** @type {IconTable["draw"]} */
  function draw(name, doc = document) {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = doc.createElementNS(namespace, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("icon", `icon-${name}`);
    for (const [tag, attributes] of shapes[name]) {
      const shape = doc.createElementNS(namespace, tag);
      for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      svg.append(shape);
    }
    return svg;
  }

  const shared = /** @type {any} */ (globalThis);
  shared.naturalTrace ??= {};
  shared.naturalTrace.icons = { shapes, draw };
})();
