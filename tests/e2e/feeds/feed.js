// Runs a fixture: makes posts of its template, more when the end comes near, and loads images as late as the site does.
// It also watches what must not happen: anything of the page that moves.
//
// In the template, {n} is the post's number. data-src, data-srcset, data-poster, data-href and data-background are what the
// site's own script sets once the post is near. data-shadow: the children stand in an open shadow root.

const template = document.querySelector("#post");
const list = document.querySelector("[data-feed]");
const FIRST = Number(list.dataset.feed || 4);
/** Height of a post in a feed that keeps only those in view, or 0. */
const virtual = Number(list.dataset.virtual || 0);
let posts = 0;
window.shift = 0;

if (PerformanceObserver.supportedEntryTypes.includes("layout-shift"))
  new PerformanceObserver((found) => {
    for (const entry of found.getEntries()) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });

const LATE = "[data-src], [data-srcset], [data-poster], [data-href], [data-background]";

function load(element) {
  const { src, srcset, poster, href, background } = element.dataset;
  if (srcset) element.srcset = srcset;
  if (src) element.src = src;
  if (poster) element.poster = poster;
  if (href) element.setAttribute("href", href);
  if (background) element.style.backgroundImage = `url("${background}")`;
}

const nearby = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      nearby.unobserve(target);
      load(target);
    }
  },
  { rootMargin: "250px" },
);

function prepare(root, n) {
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes])
      if (value.includes("{n}")) element.setAttribute(name, value.replaceAll("{n}", n));
    for (const node of element.childNodes)
      if (node.nodeType === Node.TEXT_NODE) node.data = node.data.replaceAll("{n}", n);
    if (element.matches(LATE)) nearby.observe(element);
  }
  for (const host of root.querySelectorAll("[data-shadow]")) {
    const shadow = host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [...document.styleSheets].map((sheet) => {
      const copy = new CSSStyleSheet();
      copy.replaceSync([...sheet.cssRules].map((rule) => rule.cssText).join(""));
      return copy;
    });
    shadow.append(...host.childNodes);
  }
}

function make(n) {
  const post = document.importNode(template.content, true);
  prepare(post, n);
  const element = post.firstElementChild;
  element.dataset.n = n;
  return element;
}

function add(count) {
  for (let i = 0; i < count; i++) {
    posts += 1;
    if (!virtual) list.append(make(posts));
  }
  if (virtual) render();
  for (const element of everything()) if (!places.has(element)) places.set(element, placeOf(element));
}

/** A virtual feed: only the posts round the viewport are in the document. */
function render() {
  list.style.height = `${posts * virtual}px`;
  const top = scrollY - list.offsetTop;
  const first = Math.max(1, Math.floor((top - innerHeight) / virtual));
  const last = Math.min(posts, Math.ceil((top + 2 * innerHeight) / virtual));
  const there = new Map([...list.children].map((child) => [Number(child.dataset.n), child]));
  for (const [n, child] of there) if (n < first || n > last) child.remove();
  for (let n = first; n <= last; n++) {
    if (there.has(n)) continue;
    const post = make(n);
    post.style.transform = `translateY(${(n - 1) * virtual}px)`;
    list.append(post);
  }
}

const placeOf = (element) => {
  const box = element.getBoundingClientRect();
  return [box.x + scrollX, box.y + scrollY, box.width, box.height].map(Math.round).join(" ");
};
const everything = () => [...list.querySelectorAll("*")].filter((each) => each.localName !== "svg");
const places = new Map();
/** Elements of the feed that are not where they were when they came. */
window.moved = () =>
  everything()
    .filter((element) => places.has(element) && places.get(element) !== placeOf(element))
    .filter((element) => element.getClientRects().length) // "display: contents" has no place
    .map((element) => `${element.localName}.${element.className}: ${places.get(element)} -> ${placeOf(element)}`);

/** The elements on which a badge belongs, in shadow roots too. */
function images() {
  const roots = [document, ...[...document.querySelectorAll("[data-shadow]")].map((host) => host.shadowRoot)];
  return roots.flatMap((root) => [...root.querySelectorAll("[data-image]")]);
}

/** Where badges may be, as [x, y, width, height]; without `all`, where they must be: images wholly in view. */
window.expected = (all = false) => {
  const bars = [...document.querySelectorAll("[data-bar]")].map((bar) => bar.getBoundingClientRect().bottom);
  const top = Math.max(0, ...bars);
  return images()
    .map((element) => element.getBoundingClientRect())
    .filter((box) => all || (box.top >= top && box.bottom <= innerHeight && box.width > 0))
    .map((box) => [box.x, box.y, box.width, box.height]);
};

window.showLast = () => images().at(-1).scrollIntoView({ block: "center" });

add(FIRST);
window.addEventListener(
  "scroll",
  () => {
    if (virtual) render();
    if (posts < 60 && scrollY + innerHeight > document.documentElement.scrollHeight - 200) add(FIRST);
  },
  { passive: true },
);
