import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fakeBrowser } from "./fake-browser.js";

const { manage, storage } = fakeBrowser();
const { policy, readPolicy } = await import("../../extension/shared/policy.js");
const { changeSettings, combine, DEFAULTS, settings, turnSite } = await import("../../extension/shared/settings.js");
const { pairing, remember } = await import("../../extension/background/companion.js");

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../extension/${path}`, import.meta.url), "utf8");
const schema = JSON.parse(read("managed-schema.json"));

test("without an administrator nothing is decided", async () => {
  assert.deepEqual(await policy(), { sitesOnly: false, port: null, companion: null, settings: {} });
  assert.deepEqual((await settings()).locked, []);
});

test("every property of the schema is read, and the manifest names the schema", () => {
  const values = {
    sites: ["x"],
    sitesOnly: true,
    port: 7345,
    companion: "https://companion.example:7345",
    action: "hide",
    actOn: "likely_ai",
    actFrom: 90,
    hidden: ["no_sign"],
    quiet: [],
    corner: "top-right",
    size: "large",
  };
  assert.deepEqual(Object.keys(values).sort(), Object.keys(schema.properties).sort());
  const { sitesOnly, port, companion, settings: decided } = readPolicy(values);
  assert.deepEqual({ ...decided, sitesOnly, port, companion }, values);
  assert.equal(JSON.parse(read("manifest.json")).storage.managed_schema, "managed-schema.json");
});

test("the schema offers what the settings know, and no more", () => {
  for (const name of ["action", "actOn", "corner", "size"]) {
    for (const value of schema.properties[name].enum) assert.ok(name in readPolicy({ [name]: value }).settings, value);
  }
  for (const level of schema.properties.hidden.items.enum)
    assert.deepEqual(readPolicy({ hidden: [level] }).settings.hidden, [level]);
});

test("what makes no sense counts as not set", () => {
  const nonsense = {
    sites: "x",
    sitesOnly: "yes",
    port: 80,
    companion: "http://companion.example",
    action: "delete",
    actOn: 1,
    actFrom: 100,
    hidden: ["all"],
    quiet: "ai",
    corner: "middle",
    size: "huge",
  };
  assert.deepEqual(readPolicy(nonsense), { sitesOnly: false, port: null, companion: null, settings: {} });
});

test("one mistyped site does not cost the others", () => {
  const { sites } = readPolicy({
    sites: ["x", "no-such", "https://intranet.example/*", "<all_urls>", "https://*/*", 7],
  }).settings;
  assert.deepEqual(sites, ["x", "https://intranet.example/*"]);
});

test("what an administrator has decided goes before the user's choice, and the rest stays theirs", () => {
  const given = readPolicy({ action: "blur", sites: ["x"] });
  const now = combine({ action: "badge", corner: "top-right", sites: ["reddit"] }, given);
  assert.equal(now.action, "blur");
  assert.equal(now.corner, "top-right");
  assert.deepEqual(now.sites, ["x", "reddit"]);
  assert.deepEqual(now.locked, ["action"]);
  assert.deepEqual(combine({ sites: ["reddit"] }, readPolicy({ sites: ["x"], sitesOnly: true })).sites, ["x"]);
});

test("only what the user changes is stored, so that a policy that goes leaves no trace", async () => {
  manage({ sites: ["x"], action: "blur" });
  await turnSite("reddit", true);
  await changeSettings({ corner: "top-right" });
  assert.deepEqual(storage.settings, { sites: ["reddit"], corner: "top-right" });
  assert.equal((await settings()).action, "blur");
  manage(null);
  assert.equal((await settings()).action, DEFAULTS.action);
});

test("a port that is decided is the only one tried, and is not stored", async () => {
  manage({ port: 8000 });
  await remember({ port: 7350 });
  assert.equal((await pairing()).fixedPort, 8000);
  assert.equal(storage.companion.fixedPort, null);
});
