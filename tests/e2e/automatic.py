"""Automatic badges as the user turns them on and off."""

import json
from collections.abc import Iterable, Sequence

from browsers import BadgeSeen, Browser, Page, eventually
from pictures import declared_png, jpeg, photograph
from site_server import Site

API = "(globalThis.browser ?? chrome)"

FEED = """
<style>
  body { margin: 0; font: 16px sans-serif; color-scheme: light dark; }
  header { position: sticky; top: 0; height: 60px; background: Canvas; z-index: 5; }
  article { height: 420px; margin: 16px; position: relative; }
  article img, article .back { width: 400px; height: 300px; display: block; }
  .avatar { width: 40px !important; height: 40px !important; }
</style>
<header>A bar that stays</header>
<main></main>
<script>
  const main = document.querySelector('main');
  let posts = 0;
  function add(count, source) {
    for (let i = 0; i < count; i++) {
      posts += 1;
      const post = document.createElement('article');
      post.innerHTML = `<img class="avatar" src="/avatar.jpg"><p>Post ${posts}</p><img class="picture">`;
      post.querySelector('.picture').src = source(posts);
      main.append(post);
    }
  }
</script>
"""


def put_feed(site: Site) -> str:
    """A feed without posts yet; `add(count, source)` makes some. Returns its address."""
    site.image("/made.png", declared_png(photograph("coffee", (400, 300))), "image/png")
    site.image("/photo.jpg", jpeg(photograph("astronaut", (400, 300))))
    site.image("/avatar.jpg", jpeg(photograph("chelsea", (80, 80))))
    return site.page("/feed", FEED)


def open_popup(browser: Browser, page: Page) -> Page:
    """The popup as a page, on behalf of another tab."""
    address = page.evaluate("location.href")
    options = browser.open_extension("options/options.html")
    find = f"{API}.tabs.query({{}}).then(ts => ts.find(t => t.url === {json.dumps(address)})?.id)"
    tab = eventually(lambda: options.evaluate(find), "the page's tab")
    options.close()
    popup = browser.open_extension(f"popup/popup.html?tab={tab}")
    # All of it: what comes later moves what stands below it, and a click would miss.
    eventually(lambda: popup.evaluate("document.documentElement.dataset.ready") == "true", "the popup")
    return popup


def turn_on(browser: Browser, page: Page) -> None:
    """Turn the page's site on, in the toolbar's popup, as the user does."""
    popup = open_popup(browser, page)
    if not popup.evaluate("document.querySelector('#site-switch').checked"):
        popup.click("#site-switch")
    on = "document.querySelector('#site-note').textContent.startsWith('Images are checked')"
    eventually(lambda: popup.evaluate(on), "the site to be on")
    popup.close()
    # A tab in the background shows nothing, so nothing comes into view there.
    page.bring_to_front()


def turn_on_in_options(browser: Browser, names: Iterable[str]) -> None:
    """Turn sites on by their names, on the options page."""
    options = browser.open_extension("options/options.html")
    eventually(lambda: options.evaluate("document.querySelectorAll('#sites li').length"), "the list of sites")
    # It stands above the list, and comes later: a click would miss what has just moved.
    eventually(lambda: options.evaluate("document.querySelector('#companion').textContent"), "the companion's state")
    kept = f"{API}.storage.local.get('settings').then(s => s.settings?.sites?.length ?? 0)"
    for name in names:
        row = f"[...document.querySelectorAll('#sites li')].find(li => li.textContent.trim() === {json.dumps(name)})"
        options.evaluate(
            f"(box => {{ document.querySelector('#here')?.removeAttribute('id'); box.id = 'here' }})"
            f"(({row}).querySelector('input'))"
        )
        if options.evaluate("document.querySelector('#here').checked"):
            continue
        before = options.evaluate(kept)
        options.click("#here")
        eventually(lambda least=before + 1: options.evaluate(kept) >= least, f"{name} to be on")
    options.close()


def change_settings(browser: Browser, **change: object) -> None:
    """Set what the options page sets."""
    options = browser.open_extension("options/options.html")
    options.evaluate(
        f"{API}.storage.local.get('settings').then(({{settings = {{}}}}) =>"
        f" {API}.storage.local.set({{settings: {{...settings, ...{json.dumps(change)}}}}})).then(() => true)"
    )
    options.close()


def turn_all_off(browser: Browser) -> None:
    """Forget the settings, so that other tests find a browser without automatic badges."""
    options = browser.open_extension("options/options.html")
    options.evaluate(f"{API}.storage.local.remove('settings')")
    eventually(
        lambda: options.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == [], "no registered content script"
    )
    options.close()


def levels(page: Page) -> list[str]:
    """Of the badges on a page, without the buttons beside them that reveal an image."""
    return [badge.level for badge in page.badges() if badge.level]


GAP_PX = 8


def on_its_corner(badge: BadgeSeen, box: Sequence[float]) -> bool:
    """Whether a badge stands on the upper left corner of an image, whose box is x, y, width, height."""
    x, y, width, _ = badge.box
    return abs(x - box[0] - GAP_PX) < 3 and abs(y - box[1] - GAP_PX) < 3 and x + width <= box[0] + box[2]


def popup_says(browser: Browser, page: Page, words: str, deadline_s: float = 45.0) -> None:
    """The popup's lines on the companion and on this page contain these words."""
    popup = open_popup(browser, page)
    eventually(lambda: words in popup.evaluate("document.body?.innerText ?? ''"), f"“{words}” in the popup", deadline_s)
    popup.close()
    page.bring_to_front()
