// Sites with automatic badges, as a table: which pages, and which hosts their images come from. A page's permission does
// not cover the hosts of its images, so both are asked for together.

/**
 * @typedef {{id: string, name: string, pages: string[], images: string[], twins?: "background" | "blurred"}} SiteBundle
 *   `pages` and `images` are match patterns. `twins`: how the site shows one picture twice in the same place; twins are
 *   found by their looks (`content/twins.js`), and the tests' page of such a site has them.
 */

/** @type {readonly SiteBundle[]} */
export const BUNDLES = Object.freeze([
  {
    id: "x",
    name: "X",
    pages: ["https://x.com/*", "https://twitter.com/*"],
    images: ["https://*.twimg.com/*"],
    twins: "background",
  },
  {
    id: "instagram",
    name: "Instagram",
    pages: ["https://www.instagram.com/*"],
    images: ["https://*.cdninstagram.com/*", "https://*.fbcdn.net/*"],
  },
  {
    id: "facebook",
    name: "Facebook",
    pages: ["https://*.facebook.com/*"],
    images: ["https://*.fbcdn.net/*"],
    twins: "blurred",
  },
  {
    id: "threads",
    name: "Threads",
    pages: ["https://*.threads.net/*", "https://*.threads.com/*"],
    images: ["https://*.cdninstagram.com/*", "https://*.fbcdn.net/*"],
  },
  {
    id: "reddit",
    name: "Reddit",
    pages: ["https://*.reddit.com/*"],
    images: ["https://*.redd.it/*", "https://*.redditmedia.com/*"],
    twins: "blurred",
  },
  { id: "pinterest", name: "Pinterest", pages: ["https://*.pinterest.com/*"], images: ["https://*.pinimg.com/*"] },
  {
    id: "linkedin",
    name: "LinkedIn",
    pages: ["https://www.linkedin.com/*"],
    images: ["https://*.licdn.com/*"],
    twins: "blurred",
  },
  { id: "bluesky", name: "Bluesky", pages: ["https://bsky.app/*"], images: ["https://cdn.bsky.app/*"] },
  {
    id: "mastodon",
    name: "Mastodon",
    pages: ["https://mastodon.social/*", "https://mastodon.online/*", "https://mstdn.social/*"],
    images: ["https://files.mastodon.social/*", "https://files.mastodon.online/*", "https://media.mstdn.social/*"],
  },
  {
    id: "tiktok",
    name: "TikTok",
    pages: ["https://www.tiktok.com/*"],
    images: ["https://*.tiktokcdn.com/*", "https://*.tiktokcdn-us.com/*", "https://*.tiktokcdn-eu.com/*"],
  },
  { id: "tumblr", name: "Tumblr", pages: ["https://*.tumblr.com/*"], images: ["https://*.media.tumblr.com/*"] },
  {
    id: "deviantart",
    name: "DeviantArt",
    pages: ["https://www.deviantart.com/*"],
    images: ["https://*.wixmp.com/*", "https://*.deviantart.net/*"],
  },
  {
    id: "google-images",
    name: "Google Images",
    pages: ["https://www.google.com/*"],
    images: ["https://*.gstatic.com/*"],
  },
  {
    id: "bing-images",
    name: "Bing Images",
    pages: ["https://www.bing.com/*"],
    images: ["https://*.mm.bing.net/*", "https://th.bing.com/*"],
  },
]);

/**
 * Whether a match pattern covers an address; only the forms used above and `siteOf` are understood.
 * @param {string} pattern
 * @param {string} address
 */
export function covers(pattern, address) {
  const parts = /^(https?):\/\/(\*\.)?([^/*]+)\/\*$/.exec(pattern);
  if (!parts || !URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  const [, scheme, wild, host = ""] = parts;
  return protocol === `${scheme}:` && (hostname === host || (Boolean(wild) && hostname.endsWith(`.${host}`)));
}

/**
 * Whether this can be a site's id: a bundle's, or a match pattern as `siteOf` makes them.
 * @param {string} id
 */
export function isSiteId(id) {
  return BUNDLES.some((bundle) => bundle.id === id) || /^https?:\/\/(\*\.)?[^/*:\s]+\/\*$/.test(id);
}

/**
 * The match pattern of an address's host; a permission for it lets the background fetch images from there.
 * @param {string} address
 * @returns {string | null}
 */
export function hostPattern(address) {
  if (!/^https?:/.test(address) || !URL.canParse(address)) return null;
  const { protocol, hostname } = new URL(address);
  return `${protocol}//${hostname}/*`;
}

/**
 * The site that an address belongs to: a bundle, or the page's own host. Where the images of such a page come from, only
 * the page itself knows: the popup asks it.
 * @param {string} address
 * @returns {SiteBundle | null} null where no extension may run
 */
export function siteOf(address) {
  if (!/^https?:/.test(address) || !URL.canParse(address)) return null;
  const bundle = BUNDLES.find(({ pages }) => pages.some((pattern) => covers(pattern, address)));
  if (bundle) return bundle;
  const pattern = hostPattern(address) ?? "";
  return { id: pattern, name: new URL(address).hostname, pages: [pattern], images: [] };
}

/**
 * @param {string} id as in `siteOf(…).id`
 * @returns {SiteBundle}
 */
export function siteById(id) {
  const bundle = BUNDLES.find((each) => each.id === id);
  return bundle ?? { id, name: id.replace(/^https?:\/\/(\*\.)?|\/\*$/g, ""), pages: [id], images: [] };
}
