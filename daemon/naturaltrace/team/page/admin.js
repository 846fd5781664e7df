// The admin page. The administrator's token stays in this tab, and is forgotten with it.

import { day, moment, speak, t, tOr } from "/admin/words.js";

const byId = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token") ?? "";
let ticking = 0;

/** What the companion refused. `type` is the last part of its problem's name. */
class Refused extends Error {
  constructor(type, detail) {
    super(tOr(`problem_${type.replaceAll("-", "_")}`, detail));
    this.type = type;
  }
}

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error(t("no_answer"));
  }
  if (answer.status === 204) return {};
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(String(found.type ?? "").split(":").pop(), found.detail ?? `HTTP ${answer.status}`);
  return found;
}

function row(...cells) {
  const element = document.createElement("tr");
  for (const cell of cells) element.insertCell().append(cell);
  return element;
}

function personRow(person) {
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = t("remove");
  remove.setAttribute("aria-label", t("remove_named", { name: person.name }));
  remove.addEventListener("click", async () => {
    if (!(await agreed(t("remove_sure", { name: person.name })))) return;
    await attempt(async () => {
      await call("DELETE", `/v1/team/people/${encodeURIComponent(person.id)}`);
      return t("removed", { name: person.name });
    });
    byId("h-people").focus(); // the button that had the focus is gone
  });
  return row(person.name, t(`role_${person.role}`), day(person.paired_at), remove);
}

function logRow(entry) {
  const level = entry.level && tOr(`level_${entry.level}`, entry.level);
  const what = [tOr(`did_${entry.action.replaceAll(" ", "_")}`, entry.action), level ?? entry.name].filter(Boolean);
  return row(moment(entry.time), entry.user ?? "", what.join(": "), entry.address ?? "");
}

/** @returns {Promise<boolean>} */
function agreed(question) {
  const dialog = byId("ask");
  byId("question").textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

async function show() {
  const [{ people }, { entries }] = await Promise.all([call("GET", "/v1/team/people"), call("GET", "/v1/team/audit")]);
  byId("people").replaceChildren(...people.map(personRow));
  byId("log").replaceChildren(...entries.map(logRow));
  inside(true);
}

function inside(yes) {
  byId("enter").hidden = yes;
  byId("inside").hidden = byId("leave").hidden = !yes;
}

/** Runs `action`, says what it returns, and shows the lists anew; says why where it fails. */
async function attempt(action) {
  try {
    const said = await action();
    await show();
    say(said ?? "");
    return true;
  } catch (error) {
    if (["no-token", "wrong-token", "not-allowed"].includes(error.type)) forget();
    say(error.message);
    return false;
  }
}

const say = (text) => {
  byId("said").textContent = text;
};

function forget() {
  token = "";
  sessionStorage.removeItem("token");
  clearInterval(ticking);
  for (const id of ["people", "log", "digits", "left", "new-token"]) byId(id).replaceChildren();
  byId("new").hidden = true;
  inside(false);
  byId("token").value = "";
  byId("token").focus();
}

/** Shows the code in two groups, and how long it works. */
function showCode(code, seconds) {
  const until = Date.now() + 1000 * seconds;
  byId("digits").textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
  clearInterval(ticking);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    byId("left").textContent = left > 0 ? t("code_left", { seconds: left }) : t("code_over");
    if (left > 0) return;
    byId("digits").textContent = "";
    clearInterval(ticking);
  };
  tick();
  ticking = setInterval(tick, 1000);
}

byId("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  if (!(await attempt(async () => {}))) return;
  sessionStorage.setItem("token", token);
  byId("token").value = "";
  byId("content").focus();
});
byId("leave").addEventListener("click", () => {
  forget();
  say("");
});
byId("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("new").hidden = true;
  await attempt(async () => {
    const added = await call("POST", "/v1/team/people", { name: byId("name").value });
    byId("add").reset();
    byId("new-why").textContent = t("token_once", { name: added.name });
    byId("new-token").textContent = added.token;
    byId("new").hidden = false;
    return t("added", { name: added.name });
  });
});
byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("new-token").textContent);
  say(t("copied"));
});
byId("code").addEventListener("click", () =>
  attempt(async () => {
    const { code, expires_in } = await call("POST", "/v1/team/code");
    showCode(code, expires_in);
  }),
);

await speak();
document.body.classList.add("ready");
if (token) attempt(async () => {});
