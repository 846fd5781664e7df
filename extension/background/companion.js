// Where the companion is, and the token that it gave this browser.
//
// The token goes into a header of requests to 127.0.0.1 and nowhere else: never into an address, a page or a log. (A
// companion that several people share has a token of its own; team.js.)
// Requests are made from here only. Browsers hold back content scripts that call loopback (Local Network Access).

import { api } from "../shared/browser.js";
import { fits } from "../shared/code.js";
import { policy } from "../shared/policy.js";
import { ProblemError } from "./problem.js";
import { expectedProof, newChallenge } from "./proof.js";
import { distrustTeam, team, teamRequest, teamState } from "./team.js";

export const FIRST_PORT = 7345;
export const PORTS_TRIED = 10;
export const API_VERSION = 1;
const PROBE_MS = 1500;
/** For the one that proved itself before: it may be busy with a picture. */
const PROBE_AGAIN_MS = 10_000;
/** A proof holds this long. After that the program may have ended, and another one may have taken its port. */
const PROOF_HOLDS_MS = 2000;
/** A companion that says nothing for this long is stuck. */
const ANSWER_MS = 90_000;

/**
 * @typedef {{port: number | null, fixedPort: number | null, token: string | null, id: string | null}} Pairing
 *   `port` is where the companion answered last; `fixedPort` is set by people who chose a port of their own, or by
 *   their administrator.
 * @typedef {{port: number, knowsUs: boolean}} Found `knowsUs`: it proved that it holds this browser's token.
 * @typedef {Found & {rivals: number[]}} Chosen `rivals`: other ports that answer too, where none has proved anything.
 */

/** @returns {Promise<Pairing>} */
export async function pairing() {
  const [kept, { port }] = await Promise.all([stored(), policy()]);
  return port ? { ...kept, fixedPort: port } : kept;
}

/** @returns {Promise<Pairing>} */
async function stored() {
  const { companion } = await api.storage.local.get("companion");
  const empty = { port: null, fixedPort: null, token: null, id: null };
  return { ...empty, .../** @type {Partial<Pairing>} */ (companion ?? {}) };
}

/** @param {Partial<Pairing>} change */
export async function remember(change) {
  await api.storage.local.set({ companion: { ...(await stored()), ...change } });
}

/**
 * Ports to try, the likeliest first.
 * @param {Pick<Pairing, "port" | "fixedPort">} known
 */
export function candidatePorts(known) {
  if (known.fixedPort) return [known.fixedPort];
  const range = Array.from({ length: PORTS_TRIED }, (_, i) => FIRST_PORT + i);
  return known.port ? [known.port, ...range.filter((port) => port !== known.port)] : range;
}

/**
 * Asks a port whether the companion is there, and whether it is the one that this browser was paired with.
 * @param {number} port
 * @param {Pick<Pairing, "token" | "id">} known
 * @param {typeof fetch} [fetcher]
 * @param {number} [patience] milliseconds
 * @returns {Promise<Found | null>} null where there is no companion
 */
export async function probe(port, known, fetcher = fetch, patience = PROBE_MS) {
  const challenge = newChallenge();
  /** @type {Record<string, string>} */
  const headers = known.id ? { "NaturalTrace-Client": known.id, "NaturalTrace-Challenge": challenge } : {};
  try {
    const response = await fetcher(`http://127.0.0.1:${port}/v1/health`, {
      headers,
      signal: AbortSignal.timeout(patience),
      cache: "no-store",
      credentials: "omit",
    });
    const body = response.ok ? await response.json() : null;
    // Another program may well sit on this port.
    if (body?.name !== "naturaltrace" || body.api !== API_VERSION) return null;
    const proof = known.token && typeof body.proof === "string" ? body.proof : null;
    const knowsUs = proof !== null && proof === (await expectedProof(known.token ?? "", port, challenge));
    return { port, knowsUs };
  } catch {
    return null;
  }
}

/**
 * Finds the companion; one that knows this browser goes before one that does not.
 * @returns {Promise<Chosen | null>}
 */
export async function discover() {
  const known = await pairing();
  const [first, ...others] = candidatePorts(known);
  const last = await probe(/** @type {number} */ (first), known);
  if (last?.knowsUs) return { ...last, rivals: [] };
  // All at once: a closed loopback port answers in well under a millisecond.
  const rest = await Promise.all(others.map((port) => probe(port, known)));
  const found = [last, ...rest].filter((each) => each !== null);
  const best = found.find((each) => each.knowsUs) ?? found[0] ?? null;
  if (!best) return null;
  if (best.port !== known.port) await remember({ port: best.port });
  const rivals = best.knowsUs ? [] : found.filter((each) => each !== best).map(({ port }) => port);
  return { ...best, rivals };
}

/**
 * The one port that a code may be sent to. A code's last digit is its port's, and each of the ten usual ports has a digit
 * of its own: a program that sits on another of them is never handed the code.
 * @param {string} code six digits
 * @returns {Promise<number>} rejects with a ProblemError where no companion answers on a port that fits
 */
export async function portForCode(code) {
  const known = await pairing();
  const fitting = candidatePorts(known).filter((port) => fits(code, port));
  const found = await Promise.all(fitting.map((port) => probe(port, known, fetch, PROBE_AGAIN_MS)));
  const port = found.find((each) => each !== null)?.port;
  if (port) return port;
  if (await discover()) throw new ProblemError("code_of_other_port");
  throw new ProblemError((await localAccessDenied()) ? "companion_blocked" : "companion_missing");
}

/** Chromium and Firefox can refuse local addresses; a bare fetch error does not say so, the permission does. */
async function localAccessDenied() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      const status = await navigator.permissions.query(/** @type {any} */ ({ name }));
      if (status.state === "denied") return true;
    } catch {
      // A browser that does not know this permission does not use it to refuse either.
    }
  }
  return false;
}

/** @returns {Promise<CompanionState>} */
export async function companionState() {
  const shared = await team();
  if (shared) return teamState(shared);
  const found = await discover();
  if (!found) return { state: (await localAccessDenied()) ? "blocked" : "missing", port: null };
  return { state: found.knowsUs ? "ready" : "not_paired", port: found.port, rivals: found.rivals };
}

/** The port that proved itself last, while this worker lives, and when it did. */
let proven = 0;
let provenAt = 0;

const proofHolds = () => proven !== 0 && performance.now() - provenAt < PROOF_HOLDS_MS;

/** @returns {Promise<number>} */
async function provenPort() {
  if (proofHolds()) return proven;
  const again = proven ? await probe(proven, await pairing(), fetch, PROBE_AGAIN_MS) : null;
  const found = again?.knowsUs ? again : await discover();
  if (!found) throw new ProblemError((await localAccessDenied()) ? "companion_blocked" : "companion_missing");
  if (!found.knowsUs) throw new ProblemError("not_paired");
  proven = found.port;
  provenAt = performance.now();
  return found.port;
}

/** Forgets what was proved: the pairing changed. */
export function distrust() {
  proven = 0;
  distrustTeam();
}

/**
 * One request with this browser's token, to a companion that has proved itself. Looked for anew where it has moved.
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} whatever its status
 */
export async function request(path, init = {}) {
  const deadline = AbortSignal.timeout(ANSWER_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
  const shared = await team();
  if (shared) return teamRequest(shared, path, { ...init, signal }).catch(stuck(deadline, init.signal));
  for (;;) {
    const { token } = await pairing();
    if (!token) throw new ProblemError("not_paired");
    const wasProven = proofHolds();
    const port = await provenPort();
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${token}`);
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        signal,
        headers,
        redirect: "error",
        cache: "no-store",
        credentials: "omit",
      });
      if (response.status === 401) distrust();
      return response;
    } catch (error) {
      distrust();
      if (init.signal?.aborted || deadline.aborted) stuck(deadline, init.signal)(error);
      // It was there a moment ago or is gone: one look round, unless that was just done.
      if (!wasProven) throw new ProblemError("companion_missing", String(error));
    }
  }
}

/**
 * What becomes of an error: one that is the deadline's says so.
 * @param {AbortSignal} deadline
 * @param {AbortSignal | null | undefined} asker
 * @returns {(error: unknown) => never}
 */
const stuck = (deadline, asker) => (error) => {
  if (!deadline.aborted || asker?.aborted) throw error;
  throw new ProblemError("companion_busy", `no answer within ${ANSWER_MS / 1000} s`);
};
