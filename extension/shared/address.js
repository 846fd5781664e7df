// The address of a shared companion, as people type and paste it.

/** The port that `naturaltrace serve --bind` takes where none is named. */
const USUAL_PORT = 7345;

/**
 * @typedef {{address: string, port: number, pattern: string}} Address
 *   `address`: "https://host:port", always with its port. `pattern`: the match pattern of the permission that it needs;
 *   browsers give permissions for hosts, not for ports.
 */

/**
 * @param {string} typed "https://companion.example:7345", also without the scheme, or with a page such as /admin behind
 * @returns {Address | "plain" | null} "plain" where it would not be encrypted; null where it is no address
 */
export function cleanAddress(typed) {
  const text = typed.trim().normalize("NFKC");
  if (/^http:/i.test(text)) return "plain";
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return null;
  const { protocol, hostname, port, username, password } = new URL(whole);
  // A star would become a permission for every host.
  const isHost = /^([a-z\d]([a-z\d.-]*[a-z\d])?\.?|\[[\da-f:.]+\])$/.test(hostname);
  if (protocol !== "https:" || !isHost || username || password) return null;
  // The address's own form drops ":443", which somebody may well have meant.
  const named = /^https:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(whole)?.[1];
  const number = Number(port || named || USUAL_PORT);
  return number > 0
    ? { address: `https://${hostname}:${number}`, port: number, pattern: `https://${hostname}/*` }
    : null;
}

/**
 * A token as `naturaltrace team add` and the administrators' page give it.
 * @param {string} typed
 * @returns {string | null}
 */
export function cleanToken(typed) {
  const text = typed.trim();
  return /^nt1_[\w-]{20,200}$/.test(text) ? text : null;
}
