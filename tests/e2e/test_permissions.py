"""The browser asks before a site is turned on; a no leaves everything as it was. In Firefox."""

from collections.abc import Generator

import pytest
from automatic import API
from browsers import eventually
from browsers.firefox import FirefoxBrowser

from conftest import start_browser

PROMPT = "document.getElementById('addon-webext-permissions-notification')"
PREFERENCE = "extensions.webextOptionalPermissionPrompts"


@pytest.fixture
def asking() -> Generator[FirefoxBrowser]:
    """Firefox with its prompts, which the tests otherwise do without; its own, for the others have granted sites."""
    with start_browser("firefox") as browser:
        assert isinstance(browser, FirefoxBrowser)
        browser.set_preference(PREFERENCE, True)
        yield browser


def test_a_site_that_is_not_permitted_stays_off(asking: FirefoxBrowser) -> None:
    page = asking.open_extension("options/options.html")
    checked = "document.querySelector('#sites input').checked"
    eventually(lambda: page.evaluate("document.querySelectorAll('#sites input').length"), "the sites")
    page.click("#sites input")
    chrome = asking.chrome_context()
    eventually(lambda: asking.bidi.evaluate(chrome, f"!!{PROMPT}?.secondaryButton?.isConnected"), "the prompt")
    asking.bidi.evaluate(chrome, f"({PROMPT}.secondaryButton.click(), true)")
    eventually(lambda: not page.evaluate(checked), "the switch to go back")
    kept = f"{API}.storage.local.get('settings').then(s => s.settings?.sites ?? [])"
    eventually(lambda: page.evaluate(kept) == [], "the wish to be forgotten")
    assert page.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == []
    page.close()
