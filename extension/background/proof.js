// Is the program on this port our companion? Asked before the token is ever sent: any program of any user can listen on a
// port. The companion proves that it knows the token by keying a challenge with it; the token itself stays here.

const utf8 = new TextEncoder();

/** @param {ArrayBuffer | Uint8Array} bytes */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text */
const sha256 = (text) => crypto.subtle.digest("SHA-256", utf8.encode(text));

/** @returns {string} 64 hex digits */
export function newChallenge() {
  return hex(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * HMAC-SHA-256 of "naturaltrace PORT CHALLENGE", keyed with the token's SHA-256.
 * @param {string} token
 * @param {number} port
 * @param {string} challenge
 * @returns {Promise<string>} lower-case hex
 */
export async function expectedProof(token, port, challenge) {
  const secret = await sha256(token);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, utf8.encode(`naturaltrace ${port} ${challenge}`)));
}

/**
 * What a shared companion knows the holder of a token by, where only the token is at hand and not yet to be sent. A hash
 * of the proof's key: neither that nor the token follows from it.
 * @param {string} token
 * @returns {Promise<string>}
 */
export async function tokenMark(token) {
  return `mark-${hex(await sha256(`naturaltrace client ${hex(await sha256(token))}`)).slice(0, 32)}`;
}
