"""Each page of the extension in each of its languages, at half again the text size, in a narrow window.

480 pixels at 1.5 times the text are what 320 are at the usual size: nothing may run out of the window or be cut off.
"""

import json

from browsers import EXTENSION, Browser, Page, eventually
from history import HistoryPage
from test_check_image import details_of

LANGUAGES = sorted(folder.name for folder in (EXTENSION / "_locales").iterdir())
WIDTH = 480

# The page is made anew with another language's messages, as the browser would find them. Its own script runs again.
IN_EACH = """(async languages => {
  const api = globalThis.browser ?? globalThis.chrome;
  const source = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), 'text/html');
  const script = source.querySelector('script[type=module]').getAttribute('src');
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  document.documentElement.style.fontSize = `${1.5 * size}px`;
  const wrong = [];
  for (const language of languages) {
    const messages = await (await fetch(`/_locales/${language}/messages.json`)).json();
    api.i18n.getMessage = (key, values = []) => (messages[key]?.message ?? '').replace(/\\$(\\w+)\\$/g, (_, name) =>
      messages[key].placeholders[name.toLowerCase()].content.replace(/\\$(\\d)/g, (_, at) => values[at - 1] ?? ''));
    document.body.replaceWith(document.importNode(source.body, true));
    await import(new URL(`${script}?${language}`, location.href));
    const tag = messages.language_tag.message;
    const said = document.documentElement.lang;
    if (said !== tag) wrong.push(`${language}: the page says ${said}`);
    const words = document.body.innerText.trim();
    if (words.length < 20) wrong.push(`${language}: nearly empty: ${words}`);
    if (document.documentElement.scrollWidth > innerWidth) wrong.push(`${language}: the page is too wide`);
    const edge = Math.min(innerWidth, document.body.getBoundingClientRect().right) + 1;
    for (const element of document.body.querySelectorAll('*')) {
      if (!element.checkVisibility() || element.closest('.visually-hidden, svg')) continue;
      const box = element.getBoundingClientRect();
      const cut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible'
        && element.clientWidth > 0 && !element.matches('input, select');
      if (box.right > edge || box.left < -1 || cut)
        wrong.push(`${language}: ${element.localName}#${element.id} ${element.textContent.trim().slice(0, 60)}`);
    }
  }
  return wrong;
})"""


def complaints(page: Page) -> list[str]:
    found: list[str] = page.evaluate(f"{IN_EACH}({json.dumps(LANGUAGES)})")
    return found[:12]


def test_every_page_holds_in_every_language(browser: Browser, gallery: str) -> None:
    browser.resize(WIDTH, 900)
    try:
        page = browser.open(gallery)
        panel = details_of(page, "#made")
        assert complaints(panel) == [], "the details"
        page.close()
        history = HistoryPage(browser)
        report = history.page.evaluate("document.querySelector('#list a').href").split("/", 3)[3]
        assert complaints(history.page) == [], "history"
        history.close()
        for path in ("welcome/welcome.html", "options/options.html", "popup/popup.html", report):
            page = browser.open_extension(path)
            eventually(lambda page=page: len(page.evaluate("document.body?.innerText.trim() ?? ''")) > 40, path)
            assert complaints(page) == [], path
            page.close()
    finally:
        browser.resize(1280, 800)
