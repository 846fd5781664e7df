import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const extension = fileURLToPath(new URL("../../extension/", import.meta.url));

/**
 * @param {string} language
 * @returns {Record<string, {message: string, placeholders?: Record<string, {content: string}>}>}
 */
const messages = (language) => JSON.parse(readFileSync(join(extension, "_locales", language, "messages.json"), "utf8"));

/** @returns {string[]} paths of the extension's files, from its folder */
const files = () => readdirSync(extension, { recursive: true, encoding: "utf8" });

const languages = readdirSync(join(extension, "_locales"));
const english = messages("en");

/** @param {string} message */
const used = (message) => [...message.matchAll(/\$([a-z_]+)\$/gi)].map((m) => (m[1] ?? "").toLowerCase()).sort();

for (const language of languages) {
  test(`${language} has every message, none more, with the same placeholders`, () => {
    const theirs = messages(language);
    assert.deepEqual(Object.keys(theirs).sort(), Object.keys(english).sort());
    for (const [key, { message, placeholders }] of Object.entries(theirs)) {
      assert.ok(message.trim(), `${key} is empty`);
      assert.deepEqual(used(message), used(english[key]?.message ?? ""), `${key}: placeholders`);
      const declared = Object.entries(placeholders ?? {}).map(([name, { content }]) => [name.toLowerCase(), content]);
      const original = Object.entries(english[key]?.placeholders ?? {}).map(([name, { content }]) => [name, content]);
      assert.deepEqual(declared.sort(), original.sort(), `${key}: declared placeholders`);
    }
  });

  test(`${language} keeps to the stores' lengths`, () => {
    assert.ok((messages(language).app_description?.message.length ?? 0) <= 132);
    assert.ok((messages(language).app_name?.message.length ?? 0) <= 45);
  });
}

test("every message that the code asks for exists, and every message is asked for", () => {
  const source = files()
    .filter((path) => /\.(js|html|json)$/.test(path) && !path.startsWith("_locales"))
    .map((path) => readFileSync(join(extension, path), "utf8"))
    .join("\n");
  const html = files()
    .filter((path) => path.endsWith(".html"))
    .map((path) => readFileSync(join(extension, path), "utf8"))
    .join("\n");
  const literal = [
    ...source.matchAll(/\btext\(\s*"([a-z_]+)"/g),
    ...html.matchAll(/data-i18n(?:-label)?="([a-z_]+)"/g),
    ...source.matchAll(/__MSG_([a-z_]+?)__/g),
  ].map((m) => m[1] ?? "");
  for (const [, key = ""] of source.matchAll(/\bplural\(\s*"([a-z_]+)"/g)) literal.push(`${key}_one`, `${key}_other`);
  for (const key of literal) assert.ok(key in english, `no message ${key}`);
  // `badge_${level}` and the like ask for a family.
  const families = [...source.matchAll(/text\(`([a-z_]+_)\$\{[^}]+\}(_[a-z]+)?`/g)].map((m) => [
    m[1] ?? "",
    m[2] ?? "",
  ]);
  for (const key of Object.keys(english)) {
    const asked =
      source.includes(`"${key}"`) ||
      literal.includes(key) ||
      families.some(([start = "", end = ""]) => key.startsWith(start) && key.endsWith(end));
    assert.ok(asked, `nobody asks for ${key}`);
  }
});

test("nothing is promised that cannot be known", () => {
  for (const language of languages)
    assert.doesNotMatch(messages(language).badge_no_sign?.message ?? "", /\breal\b|authentic/i);
});

test("a level has one name: on badges, where the companion gives it, and in the extension's own words", () => {
  const wording = new URL("../../daemon/naturaltrace/verdicts/wording/", import.meta.url);
  const sections = {
    ai: "pixels_ai",
    likely_ai: "pixels_likely_ai",
    unclear: "pixels_unclear",
    no_sign: "pixels_no_sign",
    camera: "signed_capture",
  };
  for (const language of languages) {
    const theirs = readFileSync(new URL(`${language}.toml`, wording), "utf8");
    for (const [level, section] of Object.entries(sections)) {
      const [, label] = new RegExp(`\\[verdict\\.${section}\\]\\s+label = "([^"]+)"`).exec(theirs) ?? [];
      assert.equal(messages(language)[`badge_${level}`]?.message, label, `${language}: ${level}`);
    }
  }
});
