// Errors that a person can be told about.

/** Carries a `Problem` through code that throws. */
export class ProblemError extends Error {
  /**
   * @param {ProblemCode} code
   * @param {string} [detail]
   * @param {number} [retryAfter] seconds
   */
  constructor(code, detail, retryAfter) {
    super(detail ?? code);
    this.name = "ProblemError";
    /** @type {Problem} */
    this.problem = { code, detail, retryAfter };
  }
}

/**
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  if (error instanceof ProblemError) return error.problem;
  return { code: "companion_error", detail: error instanceof Error ? error.message : String(error) };
}
