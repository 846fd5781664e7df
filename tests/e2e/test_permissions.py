"""The browser asks before a site is turned on; a no leaves everything as it was. For Chromium see test_real_menu.py."""

from collections.abc import Generator

import pytest
from automatic import API, open_popup
from browsers import eventually
from browsers.firefox import FirefoxBrowser
from site_server import Site

from conftest import Couple

PROMPT = "document.getElementById('addon-webext-permissions-notification')"
PREFERENCE = "extensions.webextOptionalPermissionPrompts"


@pytest.fixture
def asking(couple: Couple) -> Generator[FirefoxBrowser]:
    """Firefox with its prompts, which the tests otherwise do without."""
    browser = couple.browser
    if not isinstance(browser, FirefoxBrowser):
        pytest.skip("Chromium shows its prompt in a window only")
    browser.set_preference(PREFERENCE, True)
    yield browser
    browser.set_preference(PREFERENCE, False)


def test_a_site_that_is_not_permitted_stays_off(asking: FirefoxBrowser) -> None:
    with Site("localhost") as site:
        page = asking.open(site.page("/", "<h1>A site</h1>"))
        popup = open_popup(asking, page)
        popup.bring_to_front()
        popup.click("#site-switch")
        chrome = asking.chrome_context()
        eventually(lambda: asking.bidi.evaluate(chrome, f"!!{PROMPT}?.secondaryButton?.isConnected"), "the prompt")
        asking.bidi.evaluate(chrome, f"({PROMPT}.secondaryButton.click(), true)")
        eventually(
            lambda: not popup.evaluate("document.querySelector('#site-switch').checked"), "the switch to go back"
        )
        kept = popup.evaluate(f"{API}.storage.local.get('settings').then(s => s.settings?.sites ?? [])")
        assert kept == []
        assert popup.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == []
        assert "Off" in popup.evaluate("document.querySelector('#site-note').textContent")
        popup.close()
        page.close()
