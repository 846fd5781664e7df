// Verdicts of the last minutes by address, so that a picture that stands on a page five times is fetched and asked for
// once. In memory only: nothing about pages is written anywhere, and private windows leave nothing behind.

const MOST = 400;
const MINUTES = 10;

/** @type {Map<string, {outcome: Promise<CheckOutcome>, at: number}>} */
const recent = new Map();

/**
 * @param {string} key
 * @param {() => Promise<CheckOutcome>} check
 * @returns {Promise<CheckOutcome>}
 */
export function remembered(key, check) {
  const now = Date.now();
  const known = recent.get(key);
  if (known && now - known.at < MINUTES * 60_000) return known.outcome;
  const outcome = check();
  recent.delete(key);
  recent.set(key, { outcome, at: now });
  outcome.then(
    ({ verdict }) => !verdict && recent.delete(key),
    () => recent.delete(key),
  );
  for (const oldest of recent.keys()) {
    if (recent.size <= MOST) break;
    recent.delete(oldest);
  }
  return outcome;
}

/** Forgets everything: the pairing or the companion's settings changed. */
export function forgetRecent() {
  recent.clear();
}
