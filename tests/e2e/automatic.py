"""Automatic badges as the user turns them on and off."""

import json
from collections.abc import Iterable

from browsers import Browser, Page, eventually

API = "(globalThis.browser ?? chrome)"


def open_popup(browser: Browser, page: Page) -> Page:
    """The popup as a page, on behalf of another tab."""
    address = page.evaluate("location.href")
    options = browser.open_extension("options/options.html")
    find = f"{API}.tabs.query({{}}).then(ts => ts.find(t => t.url === {json.dumps(address)})?.id)"
    tab = eventually(lambda: options.evaluate(find), "the page's tab")
    options.close()
    popup = browser.open_extension(f"popup/popup.html?tab={tab}")
    eventually(lambda: popup.evaluate("document.querySelector('#pause').textContent"), "the popup")
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
    for name in names:
        row = f"[...document.querySelectorAll('#sites li')].find(li => li.textContent.trim() === {json.dumps(name)})"
        options.evaluate(
            f"(box => {{ document.querySelector('#here')?.removeAttribute('id'); box.id = 'here' }})"
            f"(({row}).querySelector('input'))"
        )
        if not options.evaluate("document.querySelector('#here').checked"):
            options.click("#here")
            kept = f"{API}.storage.local.get('settings').then(s => s.settings?.sites ?? [])"
            before = options.evaluate("document.querySelectorAll('#sites input:checked').length")
            eventually(lambda n=before: len(options.evaluate(kept)) >= n, f"{name} to be on")
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
    return [badge.level for badge in page.badges()]
