// The companion's API, one function per call. Turns HTTP answers into verdicts or problems.

import { api, browserName } from "../shared/browser.js";
import { distrust, portForCode, remember, request } from "./companion.js";
import { ProblemError } from "./problem.js";
import { forgetRecent } from "./recent.js";
import { giveBack, leaveTeam, pairTeam, team } from "./team.js";

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
  "not-found": "not_kept",
  "not-allowed": "not_allowed",
});

/** A shared companion has fewer routes, and its limits are on checks, not on codes. @type {Record<number, ProblemCode>} */
const SHARED = { 404: "not_offered", 429: "companion_busy" };

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
 * @param {Record<number, ProblemCode>} [others] what a status means here, whatever its type
 * @returns {Promise<never>}
 */
async function fail(response, others = {}) {
  const body = await response.json().catch(() => ({}));
  const detail = body.detail ?? `HTTP ${response.status}`;
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  const code = others[response.status] ?? problemCode(response.status, String(body.type ?? ""));
  throw new ProblemError(code, detail, retryAfter);
}

/**
 * @param {string} code six digits, as the companion shows them
 * @returns {Promise<void>}
 */
export async function pair(code) {
  const port = await portForCode(code);
  const response = await fetch(`http://127.0.0.1:${port}/v1/pair`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, name: browserName }),
    credentials: "omit",
  });
  if (!response.ok) await fail(response);
  const { token, id } = await response.json();
  distrust();
  await forgetRecent();
  await remember({ token, id, port });
}

/**
 * One request that has to succeed.
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function call(path, init) {
  const response = await request(path, init);
  if (!response.ok) await fail(response, (await team()) ? SHARED : {});
  return response;
}

/** Forgets the pairing on this side, or both where there is one with a shared companion as well. */
export async function unpair() {
  distrust();
  await forgetRecent();
  await remember({ token: null, id: null });
  await leaveTeam();
}

/**
 * Pairs with a companion that several people share; from then on every image goes there.
 * @param {import("../shared/address.js").Address} where
 * @param {{code: string} | {token: string}} secret
 */
export async function shareWith(where, secret) {
  const before = await team();
  try {
    await pairTeam(where, secret);
  } catch (error) {
    // A mistyped address keeps no permission; one that is right is about to be tried again.
    const gone = error instanceof ProblemError && ["shared_unreachable", "shared_other"].includes(error.problem.code);
    if (gone && before?.pattern !== where.pattern) await giveBack(where);
    throw error;
  }
  if (before && before.pattern !== where.pattern) await giveBack(before);
  await forgetRecent();
}

/** Back to the companion on this computer. */
export async function shareNoMore() {
  await leaveTeam();
  await forgetRecent();
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
  const response = await call("/v1/check", { method: "POST", headers, body: bytes, signal: hints.signal ?? null });
  return response.json();
}

/**
 * The picture that shows where an image's pixels look generated.
 * @param {string} path as in the verdict's `heatmap`
 * @returns {Promise<Blob>} PNG with alpha, in the image's own proportions
 */
export async function heatmap(path) {
  // The verdict came from the companion; still, its token goes to no other call than this one.
  if (!/^\/v1\/heatmaps\/[\w-]+$/.test(path)) throw new ProblemError("companion_error", "no heat map's address");
  return (await call(path)).blob();
}

/** @typedef {{name: string, version: string}} Model */

/** @returns {Promise<{model: Model | null, paused_s: number | null, queue: {waiting: number}, device?: string}>} */
export async function stats() {
  // Not asked in vain before every picture.
  if (await team()) throw new ProblemError("not_offered");
  return (await call("/v1/stats")).json();
}

/** @typedef {{id: number, at: number, page: string | null, thumbnail: string | null, feedback: string | null,
 *   verdict: Verdict}} PastVerdict */

/**
 * @param {{limit?: number, before?: number | null, level?: string, text?: string}} query
 * @returns {Promise<{items: PastVerdict[], next: number | null}>}
 */
export async function history({ limit = 30, before, level, text }) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (before) query.set("before", String(before));
  if (level) query.set("level", level);
  if (text) query.set("text", text.slice(0, 200));
  return (await call(`/v1/history?${query}`)).json();
}

/** @param {number} id @returns {Promise<Blob>} */
export async function thumbnail(id) {
  return (await call(`/v1/history/${Math.trunc(id)}/thumbnail`)).blob();
}

/** @param {number} id */
export async function forgetPast(id) {
  await call(`/v1/history/${Math.trunc(id)}`, { method: "DELETE" });
}

/** @returns {Promise<{forgotten: number}>} */
export async function forgetAllPast() {
  return (await call("/v1/history", { method: "DELETE" })).json();
}

/** @returns {Promise<Record<string, unknown>>} the companion's own settings */
export async function companionSettings() {
  return (await call("/v1/settings")).json();
}

/** @param {Record<string, unknown>} change */
export async function changeCompanionSettings(change) {
  const headers = { "Content-Type": "application/json" };
  return (await call("/v1/settings", { method: "PATCH", headers, body: JSON.stringify(change) })).json();
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
  await call("/v1/feedback", { method: "POST", headers, body });
}
