// The verdict's levels, from "made by a model" to "signed by a camera".

/** @type {readonly Level[]} */
export const LEVELS = Object.freeze(["ai", "likely_ai", "unclear", "no_sign", "camera"]);
