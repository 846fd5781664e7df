// A companion that several people share, at an address that the user typed or that their administrator has set. Its
// certificate says who it is; it is asked for its proof all the same, so that a token given to a mistyped address stays
// here. While one is set, nothing goes to the companion on this computer, and nothing falls back to it.

import { cleanAddress } from "../shared/address.js";
import { api, browserName } from "../shared/browser.js";
import { policy } from "../shared/policy.js";
import { settings } from "../shared/settings.js";
import { siteById } from "../shared/sites.js";
import { ProblemError } from "./problem.js";
import { expectedProof, newChallenge, tokenMark } from "./proof.js";

const PROBE_MS = 10_000;
/** TLS says who answers, so a proof need not be renewed as often as on this computer, where ports change hands. */
const PROOF_HOLDS_MS = 60_000;

/**
 * @typedef {{address: string, token: string | null, id: string | null}} Stored
 * @typedef {Stored & import("../shared/address.js").Address & {given: boolean}} Team
 *   `given`: the address is an administrator's; people can't leave it.
 */

/** @returns {Promise<Team | null>} null where this computer's own companion is used */
export async function team() {
  const [{ team: kept }, { companion }] = await Promise.all([api.storage.local.get("team"), policy()]);
  const stored = /** @type {Stored | undefined} */ (kept);
  const address = cleanAddress(companion ?? stored?.address ?? "");
  if (!address || address === "plain") return null;
  // A token belongs to the address that gave it.
  const own = stored?.address === address.address ? stored : { token: null, id: null };
  return { ...address, token: own.token, id: own.id, given: companion !== null };
}

/** @param {Pick<Team, "pattern">} where */
const permitted = ({ pattern }) => api.permissions.contains({ origins: [pattern] });

/**
 * @param {import("../shared/address.js").Address} where
 * @param {{token: string | null, id: string | null}} known
 * @returns {Promise<"knows us" | "there" | "other" | null>} "other": something answers that is no companion. null: nothing
 *   does, or nothing that this browser trusts; it does not say which.
 */
async function probe({ address, port }, { token, id }) {
  const challenge = newChallenge();
  /** @type {Record<string, string>} */
  const headers = id ? { "NaturalTrace-Client": id, "NaturalTrace-Challenge": challenge } : {};
  const signal = AbortSignal.timeout(PROBE_MS);
  const response = await send(`${address}/v1/health`, { headers, signal }).catch(() => null);
  if (!response) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok || body?.name !== "naturaltrace" || body.api !== 1) return "other";
  if (!token || typeof body.proof !== "string") return "there";
  return body.proof === (await expectedProof(token, port, challenge)) ? "knows us" : "there";
}

/**
 * Never to another place than the one that was asked, whatever that one answers.
 * @param {string} url
 * @param {RequestInit} init
 */
const send = (url, init) => fetch(url, { ...init, redirect: "error", cache: "no-store", credentials: "omit" });

/** When the address proved itself last, while this worker lives. */
let provenAt = Number.NEGATIVE_INFINITY;

/** Forgets what was proved: the pairing changed. */
export function distrustTeam() {
  provenAt = Number.NEGATIVE_INFINITY;
}

/**
 * @param {Team} where
 * @returns {Promise<CompanionState>}
 */
export async function teamState(where) {
  const about = { port: null, address: where.address, given: where.given };
  if (!(await permitted(where))) return { ...about, state: "no_permission" };
  const found = await probe(where, where);
  if (found === "knows us") return { ...about, state: "ready" };
  return { ...about, state: found === "there" ? "not_paired" : "missing" };
}

/**
 * Pairs with a shared companion. Only what has proved itself is kept, and used from then on.
 * @param {import("../shared/address.js").Address} where whose permission has been asked for
 * @param {{code: string} | {token: string}} secret the code is for whoever answers there; the token is not sent
 * @returns {Promise<void>} rejects with a ProblemError
 */
export async function pairTeam(where, secret) {
  if (!(await permitted(where))) throw new ProblemError("shared_no_permission");
  const found = await probe(where, { token: null, id: null });
  if (!found) throw new ProblemError("shared_unreachable");
  if (found === "other") throw new ProblemError("shared_other");
  const own =
    "token" in secret ? { token: secret.token, id: await tokenMark(secret.token) } : await redeem(where, secret);
  if ((await probe(where, own)) !== "knows us") throw new ProblemError("shared_unproven");
  distrustTeam();
  await api.storage.local.set({ team: /** @type {Stored} */ ({ address: where.address, ...own }) });
}

/**
 * @param {import("../shared/address.js").Address} where
 * @param {{code: string}} secret
 * @returns {Promise<{token: string, id: string}>}
 */
async function redeem({ address }, { code }) {
  const response = await send(`${address}/v1/pair`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, name: browserName }),
    signal: AbortSignal.timeout(PROBE_MS),
  }).catch(() => null);
  if (!response) throw new ProblemError("shared_unreachable");
  const body = await response.json().catch(() => ({}));
  if (response.ok && typeof body.token === "string" && typeof body.id === "string") return body;
  const type =
    String(body.type ?? "")
      .split(":")
      .pop() ?? "";
  const code_ = { "wrong-code": "wrong_code", "no-code": "code_expired", "rate-limited": "too_many_tries" }[type];
  throw new ProblemError(/** @type {ProblemCode} */ (code_ ?? "companion_error"), body.detail);
}

/** Back to the companion on this computer: address, token and the permission for its host are forgotten. */
export async function leaveTeam() {
  const was = await team();
  distrustTeam();
  await api.storage.local.remove("team");
  if (was && !was.given) await giveBack(was);
}

/**
 * A permission that no site with badges needs either.
 * @param {Pick<Team, "pattern">} where
 */
export async function giveBack({ pattern }) {
  const { sites } = await settings();
  const wanted = sites.map(siteById).flatMap(({ pages, images }) => [...pages, ...images]);
  if (!wanted.includes(pattern)) await api.permissions.remove({ origins: [pattern] }).catch(() => {});
}

/**
 * One request with this browser's token, to a shared companion that has proved itself.
 * @param {Team} where
 * @param {string} path
 * @param {RequestInit & {signal: AbortSignal}} init
 * @returns {Promise<Response>} whatever its status; rejects with a ProblemError, or as the caller's signal aborts
 */
export async function teamRequest(where, path, init) {
  if (!where.token) throw new ProblemError((await permitted(where)) ? "not_paired" : "shared_no_permission");
  if (performance.now() - provenAt > PROOF_HOLDS_MS) await prove(where);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${where.token}`);
  try {
    const response = await send(where.address + path, { ...init, headers });
    if (response.status === 401) distrustTeam();
    return response;
  } catch (error) {
    distrustTeam();
    if (init.signal.aborted) throw error;
    throw new ProblemError("shared_unreachable", String(error));
  }
}

/** @param {Team} where */
async function prove(where) {
  if (!(await permitted(where))) throw new ProblemError("shared_no_permission");
  const found = await probe(where, where);
  if (!found || found === "other") throw new ProblemError("shared_unreachable");
  if (found !== "knows us") throw new ProblemError("not_paired");
  provenAt = performance.now();
}
