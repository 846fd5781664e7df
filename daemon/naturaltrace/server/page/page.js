// The settings page: what it shows it asks the daemon for, and what it changes the daemon changes.

import { begin, bytes, call, Refused } from "./api.js";
import { definitions, historyRow, make, verdictCard } from "./show.js";
import { listenForTrust, showTrust } from "./trust.js";

/** @param {string} id @returns {any} */
const by = (id) => document.getElementById(id);

let last = /** @type {number | null} */ (null);

/** @param {string} why */
function lock(why) {
  by("open").hidden = true;
  by("locked").hidden = false;
  if (why) by("locked-why").textContent = why;
  by("status").textContent = "Locked";
}

/** Run `work`; a session that has ended locks the page, anything else is said. @param {() => Promise<void>} work */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) lock("The session has ended. Open this page again from Natural Trace.");
    else by("status").textContent = error instanceof Refused ? error.message : "Natural Trace does not answer.";
  }
}

async function showStatus() {
  const stats = await call("GET", "/v1/stats");
  const paused = stats.paused_s !== null;
  by("resume").hidden = !paused;
  const pause = stats.paused_s === -1 ? "Paused until resumed" : `Paused for ${Math.ceil(stats.paused_s / 60)} min`;
  by("status").textContent = stats.problem ?? (paused ? pause : "Running");
  const model = stats.model ? `${stats.model.name} ${stats.model.version}` : "loading";
  const speed = stats.latency_ms.p50 === null ? "no image yet" : `${stats.latency_ms.p50} ms (19 of 20 within ${stats.latency_ms.p95} ms)`;
  definitions(by("figures"), [
    ["Detector", `${model}, on the ${stats.device}`],
    ["Checked since the start", String(stats.checks.judged)],
    ["Time for one image", speed],
    ["Waiting", String(stats.queue.waiting)],
    ["Kept verdicts", String(stats.kept.history)],
    ["Refused callers", String(Object.values(stats.refused).reduce((a, b) => a + b, 0))],
  ]);
  by("notices").replaceChildren(...stats.notices.map((/** @type {string} */ text) => make("li", {}, text)));
}

async function showBrowsers() {
  const { browsers } = await call("GET", "/v1/control/browsers");
  const rows = browsers.map((/** @type {any} */ browser) => {
    const revoke = make("button", { type: "button", "aria-label": `Forget ${browser.name}` }, "Forget");
    revoke.addEventListener("click", () =>
      attempt(async () => {
        await call("DELETE", `/v1/control/browsers/${browser.id}`);
        await showBrowsers();
      }),
    );
    return make("li", {}, make("div", {}, browser.name, make("p", { class: "small" }, `since ${browser.paired_at.slice(0, 10)}`)), revoke);
  });
  by("browsers").replaceChildren(...(rows.length ? rows : [make("li", {}, "No browser is paired yet.")]));
}

async function showSettings() {
  const form = by("settings");
  const settings = await call("GET", "/v1/settings");
  const login = await call("GET", "/v1/control/login");
  for (const name of ["history", "thumbnails"]) form.elements[name].checked = settings[name];
  for (const name of ["history_limit", "language"]) form.elements[name].value = settings[name];
  form.elements.start_at_login.checked = login.enabled;
  form.elements.start_at_login.disabled = !login.possible;
}

/** @param {any} field */
async function changeSetting(field) {
  if (field.name === "start_at_login") await call("PUT", "/v1/control/login", { enabled: field.checked });
  else {
    const value = field.type === "checkbox" ? field.checked : field.type === "number" ? Number(field.value) : field.value;
    await call("PATCH", "/v1/settings", { [field.name]: value });
  }
  by("settings-said").textContent = "Saved.";
}

/** @param {boolean} more whether to add the next page instead of beginning anew */
async function showHistory(more = false) {
  const query = new URLSearchParams({ limit: "30" });
  const search = new FormData(by("search"));
  for (const name of ["text", "level"]) if (search.get(name)) query.set(name, String(search.get(name)));
  if (more && last !== null) query.set("before", String(last));
  const page = await call("GET", `/v1/history?${query}`);
  last = page.next;
  by("more").hidden = last === null;
  if (!more) by("history").replaceChildren();
  for (const entry of page.items) {
    const row = historyRow(entry, () =>
      attempt(async () => {
        await call("DELETE", `/v1/history/${entry.id}`);
        row.remove();
      }),
    );
    by("history").append(row);
    if (entry.thumbnail) void showThumbnail(row, entry.thumbnail);
  }
  if (!by("history").children.length) by("history").append(make("li", {}, "Nothing here."));
}

/** @param {HTMLElement} row @param {string} path */
async function showThumbnail(row, path) {
  const picture = /** @type {HTMLImageElement} */ (row.querySelector("img"));
  picture.src = URL.createObjectURL(await bytes(path));
  picture.onload = () => URL.revokeObjectURL(picture.src);
  picture.hidden = false;
}

/** @param {Blob | null | undefined} image */
async function check(image) {
  if (!image) return;
  by("verdict").replaceChildren(make("p", {}, "Checking…"));
  try {
    const verdict = await call("POST", "/v1/check", image, { "NaturalTrace-Priority": "asked" });
    by("verdict").replaceChildren(verdictCard(verdict, URL.createObjectURL(image)));
    await Promise.all([showHistory(), showStatus()]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) throw error;
    by("verdict").replaceChildren(make("p", {}, error.message));
  }
}

function listen() {
  const drop = by("drop");
  by("file").addEventListener("change", (/** @type {any} */ event) => attempt(() => check(event.target.files[0])));
  document.addEventListener("paste", (event) => attempt(() => check(event.clipboardData?.files[0])));
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
    });
  }
  document.addEventListener("drop", (event) => attempt(() => check(event.dataTransfer?.files[0])));
  by("settings").addEventListener("change", (/** @type {any} */ event) => attempt(() => changeSetting(event.target)));
  for (const form of ["settings", "search"]) by(form).addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  by("search").addEventListener("input", () => attempt(() => showHistory()));
  by("more").addEventListener("click", () => attempt(() => showHistory(true)));
  by("pair").addEventListener("click", () =>
    attempt(async () => {
      const { code } = await call("POST", "/v1/control/code");
      by("code").hidden = false;
      by("code").textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
    }),
  );
  by("forget").addEventListener("click", () =>
    attempt(async () => {
      if (!confirm("Forget all past verdicts and everything you said about them?")) return;
      await call("DELETE", "/v1/history");
      await Promise.all([showHistory(), showStatus()]);
    }),
  );
  for (const button of document.querySelectorAll("[data-pause]")) {
    button.addEventListener("click", () =>
      attempt(async () => {
        const seconds = Number(/** @type {HTMLElement} */ (button).dataset.pause) || null;
        await call("PUT", "/v1/control/pause", { seconds });
        await showStatus();
      }),
    );
  }
  listenForTrust(attempt);
  by("resume").addEventListener("click", () =>
    attempt(async () => {
      await call("DELETE", "/v1/control/pause");
      await showStatus();
    }),
  );
}

try {
  await begin();
  await showStatus();
  by("open").hidden = false;
  listen();
  await attempt(async () => {
    await Promise.all([showBrowsers(), showSettings(), showTrust(), showHistory()]);
  });
  setInterval(() => void attempt(() => Promise.all([showStatus(), showBrowsers()]).then(() => {})), 5000);
} catch (error) {
  lock(error instanceof Refused && error.status !== 401 ? error.message : "");
}
document.documentElement.dataset.ready = "true";
