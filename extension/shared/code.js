// The six-digit code as people type and paste it.

/**
 * @param {string} typed
 * @returns {string | null} six ASCII digits, or null
 */
export function cleanCode(typed) {
  // Full-width digits come from Japanese and Chinese keyboards.
  const digits = typed.normalize("NFKC").replace(/[\s\-–.·]/g, "");
  return /^\d{6}$/.test(digits) ? digits : null;
}

/**
 * Whether a code can be that of the companion on this port: its last digit is the port's.
 * @param {string} code
 * @param {number} port
 */
export const fits = (code, port) => code.at(-1) === String(port % 10);
