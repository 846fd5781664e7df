// The admin page. The token stays in this tab.
const byId = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token") ?? "";

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const document_ = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(document_.detail);
  return document_;
}

const row = (cells) => {
  const element = document.createElement("tr");
  for (const cell of cells) element.insertCell().append(cell);
  return element;
};

async function show() {
  const [{ people }, { entries }] = await Promise.all([
    call("GET", "/v1/team/people"),
    call("GET", "/v1/team/audit"),
  ]);
  byId("people").replaceChildren(
    ...people.map((person) => {
      const remove = document.createElement("button");
      remove.textContent = "Remove";
      remove.setAttribute("aria-label", `Remove ${person.name}`);
      remove.addEventListener("click", () => {
        if (confirm(`Remove ${person.name}?`)) attempt(() => call("DELETE", `/v1/team/people/${person.id}`));
      });
      return row([person.name, person.role, person.paired_at.slice(0, 10), remove]);
    }),
  );
  byId("log").replaceChildren(
    ...entries.map((e) => row([e.time, e.user ?? "", [e.action, e.level, e.name].filter(Boolean).join(" "), e.address ?? ""])),
  );
  byId("enter").hidden = true;
  byId("inside").hidden = false;
}

async function attempt(action) {
  try {
    byId("said").textContent = (await action())?.said ?? "";
    await show();
  } catch (error) {
    byId("said").textContent = error.message;
  }
}

byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  sessionStorage.setItem("token", token);
  attempt(async () => ({}));
});
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const added = await call("POST", "/v1/team/people", { name: byId("name").value });
    byId("add").reset();
    return { said: `The token of ${added.name}, shown this once: ${added.token}` };
  });
});
byId("code").addEventListener("click", () =>
  attempt(async () => ({ said: `Pairing code: ${(await call("POST", "/v1/team/code")).code}` })),
);
if (token) attempt(async () => ({}));
