import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BUNDLES, covers, siteById, siteOf } from "../../extension/shared/sites.js";

const manifest = JSON.parse(readFileSync(new URL("../../extension/manifest.json", import.meta.url), "utf8"));

test("a pattern covers its host, and with a star its subdomains, and nothing that only looks like it", () => {
  assert.ok(covers("https://x.com/*", "https://x.com/home"));
  assert.ok(covers("https://*.reddit.com/*", "https://old.reddit.com/r/pics"));
  assert.ok(covers("https://*.reddit.com/*", "https://reddit.com/"));
  assert.ok(!covers("https://x.com/*", "http://x.com/home"));
  assert.ok(!covers("https://x.com/*", "https://netflix.com/"));
  assert.ok(!covers("https://*.reddit.com/*", "https://reddit.com.evil.example/"));
});

test("a page belongs to its bundle, or to a site of its own", () => {
  assert.equal(siteOf("https://twitter.com/someone")?.id, "x");
  const own = siteOf("https://blog.example:8443/post?id=1");
  assert.deepEqual(own?.pages, ["https://blog.example/*"]);
  assert.equal(siteById(own?.id ?? "").name, "blog.example");
  assert.equal(siteOf("chrome://settings"), null);
  assert.equal(siteOf("about:blank"), null);
  assert.equal(siteOf(""), null);
});

test("bundles are complete, and ask for no more than the manifest lets them", () => {
  assert.equal(new Set(BUNDLES.map(({ id }) => id)).size, BUNDLES.length);
  for (const { id, pages, images } of BUNDLES) {
    assert.ok(pages.length && images.length, id);
    for (const pattern of [...pages, ...images]) assert.match(pattern, /^https:\/\/(\*\.)?[a-z0-9.-]+\/\*$/, id);
  }
  assert.deepEqual(manifest.optional_host_permissions, ["https://*/*", "http://*/*"]);
  assert.deepEqual(manifest.host_permissions, ["http://127.0.0.1/*"]);
});

test("each site has a page of the tests that mimics it, twins and all", () => {
  for (const { id, twins } of BUNDLES) {
    const page = readFileSync(new URL(`../e2e/feeds/${id}.html`, import.meta.url), "utf8");
    assert.match(page, /data-image/, id);
    // A second copy in the same place: a background, or one that is out of focus.
    const found = /filter: blur\(/.test(page) ? "blurred" : /data-background/.test(page) ? "background" : undefined;
    assert.equal(found, twins, id);
  }
});

test("both hosts of Bing's small pictures are asked for", () => {
  const { images } = siteById("bing-images");
  for (const address of ["https://tse4.mm.bing.net/th/id/OIP.1", "https://th.bing.com/th/id/OIP.1"])
    assert.ok(
      images.some((pattern) => covers(pattern, address)),
      address,
    );
});
