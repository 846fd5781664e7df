// Addresses on this computer or in its own network. A page on the web has no business there, and an extension that
// fetches whatever a page names must not be its way in. Names that only the resolver knows are not looked up.

/** @param {string} hostname as `URL` writes it: numbers in any other form have become dotted ones */
export function isLocalHost(hostname) {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  if (host.startsWith("[")) return isLocalV6(host.slice(1, -1));
  const parts = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  return parts ? isLocalV4(Number(parts[1]), Number(parts[2])) : false;
}

/**
 * @param {number} a the first byte
 * @param {number} b the second
 */
function isLocalV4(a, b) {
  if (a === 0 || a === 10 || a === 127) return true;
  return (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254);
}

/** @param {string} host without its brackets, shortened as `URL` does */
function isLocalV6(host) {
  if (host === "::" || host === "::1" || /^(f[cd]..|fe[89ab].):/.test(host)) return true;
  // An IPv4 address inside an IPv6 one.
  const mapped = /^::ffff:([\da-f]+):[\da-f]+$/.exec(host);
  const high = mapped ? Number.parseInt(mapped[1] ?? "", 16) : -1;
  return high >= 0 && isLocalV4(high >> 8, high & 255);
}

/** @param {string} address */
export function isLocal(address) {
  return URL.canParse(address) && isLocalHost(new URL(address).hostname);
}
