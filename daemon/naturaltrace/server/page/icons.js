// The extension's icons (extension/shared/level-icons.js), as paths on a 24 × 24 grid; a test compares the two.

const LINE = {
  fill: "none",
  stroke: "currentColor",
  "stroke-width": "2.2",
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
};
const FULL = { fill: "currentColor", "fill-rule": "evenodd" };

/** @type {Record<string, [tag: string, attributes: Record<string, string>][]>} */
export const SHAPES = {
  ai: [
    [
      "path",
      {
        ...FULL,
        d: "M12 1.2 22.8 12 12 22.8 1.2 12ZM12 6.4c.5 3.4 2.2 5.1 5.6 5.6-3.4.5-5.1 2.2-5.6 5.6-.5-3.4-2.2-5.1-5.6-5.6 3.4-.5 5.1-2.2 5.6-5.600Z",
      },
    ],
  ],
  likely_ai: [
    ["path", { ...LINE, d: "M12 2.6 21.4 12 12 21.4 2.6 12Z" }],
    ["path", { ...FULL, d: "M12 2.6 21.4 12 12 21.400Z" }],
  ],
  unclear: [
    ["circle", { ...LINE, cx: "12", cy: "12", r: "9.5", "stroke-dasharray": "4.2 2.6" }],
    ["path", { ...LINE, d: "M9.3 9.300a2.8 2.8 0 1 1 4.2 2.500c-1 .6-1.5 1.2-1.5 2.2" }],
    ["circle", { ...FULL, cx: "12", cy: "17.3", r: "1.4" }],
  ],
  no_sign: [
    ["circle", { ...LINE, cx: "12", cy: "12", r: "9" }],
    ["path", { ...LINE, d: "M8.5 12h7" }],
  ],
  camera: [
    [
      "path",
      {
        ...LINE,
        d: "M3 8.500A1.5 1.5 0 0 1 4.5 7H7l1.5-2.500h7L17 7h2.500A1.5 1.5 0 0 1 21 8.500v9a1.5 1.5 0 0 1-1.5 1.500h-15A1.5 1.5 0 0 1 3 17.500Z",
      },
    ],
    ["circle", { ...LINE, cx: "12", cy: "12.8", r: "3.4" }],
  ],
  lean_for: [["path", { ...FULL, d: "M12 4 21 19H3Z" }]],
  lean_against: [["path", { ...LINE, d: "M12 19 4 6h16Z" }]],
  lean_neutral: [["circle", { ...FULL, cx: "12", cy: "12", r: "4" }]],
};

/** @param {string} name one of SHAPES @param {string} [label] what it says; without one it is decoration */
export function icon(name, label) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of SHAPES[name] ?? []) {
    const shape = document.createElementNS(namespace, tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}
