// The companion's API, one function per call. Turns HTTP answers into verdicts or problems.

import { api, browserName } from "../shared/browser.js";
import { discover, distrust, remember, request } from "./companion.js";
import { ProblemError } from "./problem.js";
import { forgetRecent } from "./recent.js";

/** The companion's problem types (the last part of the URN) that mean something of their own here. */
const BY_TYPE = /** @type {Record<string, ProblemCode>} */ ({
  "no-token": "not_paired",
  "wrong-token": "not_paired",
  "too-large": "too_large",
  "too-many-pixels": "too_large",
  "unsupported-format": "not_an_image",
  "damaged-image": "not_an_image",
  empty: "not_an_image",
  "wrong-code": "wrong_code",
  "no-code": "code_expired",
  "rate-limited": "too_many_tries",
  "no-detector": "companion_error",
  busy: "companion_busy",
  paused: "companion_paused",
});

/** @type {Record<number, ProblemCode>} */
const BY_STATUS = {
  401: "not_paired",
  413: "too_large",
  422: "cannot_judge",
  429: "companion_busy",
  503: "companion_busy",
};

/**
 * @param {number} status
 * @param {string} type an RFC 9457 problem type, "urn:naturaltrace:problem:…"
 * @returns {ProblemCode}
 */
export function problemCode(status, type) {
  const slug = type.split(":").pop() ?? "";
  return BY_TYPE[slug] ?? BY_STATUS[status] ?? "companion_error";
}

/**
 * @param {Response} response
 * @returns {Promise<never>}
 */
async function fail(response) {
  const body = await response.json().catch(() => ({}));
  const detail = body.detail ?? `HTTP ${response.status}`;
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  throw new ProblemError(problemCode(response.status, String(body.type ?? "")), detail, retryAfter);
}

/**
 * @param {string} code six digits, as the companion shows them
 * @returns {Promise<void>}
 */
export async function pair(code) {
  const found = await discover();
  if (!found) throw new ProblemError("companion_missing");
  const response = await fetch(`http://127.0.0.1:${found.port}/v1/pair`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, name: browserName }),
    credentials: "omit",
  });
  if (!response.ok) await fail(response);
  const { token, id } = await response.json();
  distrust();
  forgetRecent();
  await remember({ token, id, port: found.port });
}

/** Forgets the pairing on this side. */
export async function unpair() {
  distrust();
  forgetRecent();
  await remember({ token: null, id: null });
}

/** What the companion calls the three urgencies. */
const PRIORITY = { user: "asked", visible: "visible", near: "prefetch" };

/**
 * @param {Blob} bytes the image file, as it came
 * @param {{priority?: ImageRequest["priority"], private?: boolean, screenshot?: boolean, signal?: AbortSignal}} hints
 * @returns {Promise<Verdict>}
 */
export async function check(bytes, hints) {
  const headers = new Headers({ "Content-Type": bytes.type || "application/octet-stream" });
  headers.set("Accept-Language", api.i18n.getUILanguage());
  headers.set("NaturalTrace-Priority", PRIORITY[hints.priority ?? "visible"]);
  if (hints.private) headers.set("NaturalTrace-Private", "?1");
  if (hints.screenshot) headers.set("NaturalTrace-Screenshot", "?1");
  const response = await request("/v1/check", { method: "POST", headers, body: bytes, signal: hints.signal ?? null });
  if (!response.ok) await fail(response);
  return response.json();
}

/**
 * Tells the companion what the user says that an image is. It stays on this computer.
 * @param {Verdict} verdict
 * @param {"generated" | "not_generated"} says
 * @param {boolean} isPrivate
 */
export async function giveFeedback(verdict, says, isPrivate) {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (isPrivate) headers.set("NaturalTrace-Private", "?1");
  const model = `${verdict.model.name} ${verdict.model.version}`;
  const body = JSON.stringify({ sha256: verdict.image.sha256, says, level: verdict.level, model });
  const response = await request("/v1/feedback", { method: "POST", headers, body });
  if (!response.ok) await fail(response);
}
