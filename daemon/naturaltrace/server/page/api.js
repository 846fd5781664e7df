// The daemon's API as this page uses it. The session's token lives in this tab only.

const KEY = "naturaltrace.session";

export class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * Begin a session with the key behind "#", which is taken out of the address at once; or go on with this tab's own.
 * What stands behind a "/" names the section to show.
 * @returns {Promise<string>} that section, or ""; rejects with Refused
 */
export async function begin() {
  const [key = "", section = ""] = location.hash.slice(1).split("/");
  if (key.length < 32) return key; // no key: a section that the reader went to
  history.replaceState(null, "", section ? `/#${section}` : "/");
  sessionStorage.removeItem(KEY);
  const { token } = await call("POST", "/v1/session", { key });
  sessionStorage.setItem(KEY, token);
  return section;
}

let onTrouble = /** @type {(error: unknown) => void} */ (() => {});

/** @param {(error: unknown) => void} tell called with whatever `attempt` met */
export function tellTrouble(tell) {
  onTrouble = tell;
}

/** Run `work`; what goes wrong is said on the page. @param {() => Promise<unknown>} work */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    onTrouble(error);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object | Blob} [body] an image's bytes, or what becomes JSON
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} the JSON that came back; null where nothing did
 */
export async function call(method, path, body, headers = {}) {
  const answer = await send(method, path, body, headers);
  return answer.status === 204 ? null : answer.json();
}

/** @param {string} path @returns {Promise<Blob>} */
export async function bytes(path) {
  return (await send("GET", path)).blob();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object | Blob} [body]
 * @param {Record<string, string>} [headers]
 */
async function send(method, path, body, headers = {}) {
  const token = sessionStorage.getItem(KEY);
  /** @type {Record<string, string>} */
  const all = { ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const isBlob = body instanceof Blob;
  if (body && !isBlob) all["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method,
    headers: all,
    body: body ? (isBlob ? body : JSON.stringify(body)) : null,
    credentials: "omit",
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? `HTTP ${answer.status}`);
}
