"""The welcome page: companion missing, found, code wrong, expired, right, forgotten."""

from collections.abc import Callable
from pathlib import Path

from browsers import Browser, eventually
from browsers.chromium import ChromiumBrowser
from browsers.firefox import FirefoxBrowser
from companion import Companion
from pairing import open_welcome, tone, type_code, use_port, words


def test_the_welcome_page_leads_from_nothing_to_paired(
    fresh_browser: Browser, companion: Companion, shoot: Callable[[str], Path]
) -> None:
    page = open_welcome(fresh_browser)
    assert tone(page, "companion") == "wait"
    assert page.evaluate("document.querySelector('#code').disabled")
    assert "naturaltrace serve" in page.evaluate("document.querySelector('#command').textContent")
    page.screenshot(shoot(f"welcome-missing-{fresh_browser.name}"))

    use_port(page, companion.port)
    eventually(lambda: tone(page, "companion") == "good", "the companion to be found")

    type_code(page, "12345")
    eventually(lambda: tone(page, "pair") == "bad", "a code that is too short to be refused")
    assert words(page, "pair") == "The code has six digits."

    code = companion.new_code()
    type_code(page, code[:5] + str((int(code[5]) + 1) % 10))
    eventually(lambda: "another port" in words(page, "pair"), "a code that is for another port to be kept back")
    assert page.evaluate("document.querySelector('#port-note').textContent").startswith("This code belongs to another")

    type_code(page, str((int(code[0]) + 1) % 10) + code[1:])
    eventually(lambda: "Wrong code" in words(page, "pair"), "a wrong code to be refused")
    assert str(companion.port) in page.evaluate("document.querySelector('#port-note').textContent")
    page.screenshot(shoot(f"welcome-wrong-code-{fresh_browser.name}"))

    # The space in the middle is how the terminal shows it.
    type_code(page, f"{code[:3]} {code[3:]}")
    eventually(lambda: tone(page, "pair") == "good", "the right code to pair")

    page.click("#unpair")
    eventually(lambda: not page.evaluate("document.querySelector('#pair-form').hidden"), "the pairing to be forgotten")
    type_code(page, code)
    eventually(lambda: "Code expired" in words(page, "pair"), "a used code to be refused")


def block_local_access(browser: Browser) -> None:
    """As a person who answers no when the browser asks whether this extension may reach programs on the computer."""
    if isinstance(browser, ChromiumBrowser):
        where = f"chrome-extension://{browser.id}"
        for name in ("loopback-network", "local-network-access"):
            browser.cdp.command("Browser.setPermission", permission={"name": name}, setting="denied", origin=where)
    elif isinstance(browser, FirefoxBrowser):
        page = browser.open_extension("options/options.html")
        where = page.evaluate("location.origin")
        page.close()
        principal = f"Services.scriptSecurityManager.createContentPrincipalFromOrigin('{where}')"
        deny = f"Services.perms.addFromPrincipal({principal}, 'loopback-network', Services.perms.DENY_ACTION)"
        browser.bidi.evaluate(browser.chrome_context(), f"({deny}, true)")


def test_a_browser_that_was_revoked_or_blocks_local_access_is_told_what_to_do(
    fresh_browser: Browser, companion: Companion, tmp_path: Path
) -> None:
    with Companion(tmp_path) as own:
        page = open_welcome(fresh_browser)
        use_port(page, own.port)
        eventually(lambda: tone(page, "companion") == "good", "the companion to be found")
        type_code(page, own.code)
        eventually(lambda: tone(page, "pair") == "good", "the browser to be paired")
        own.revoke_all()
        eventually(lambda: not page.evaluate("document.querySelector('#pair-form').hidden"), "the page to notice")
        own.stop()
        eventually(lambda: tone(page, "companion") == "wait", "the page to notice that the companion is gone")
        # From here it can't be reached for another reason, and other advice is called for.
        block_local_access(fresh_browser)
        eventually(lambda: words(page, "companion") == "Blocked by the browser", "the page to say so", 90)
        assert "browser’s settings" in page.evaluate("document.querySelector('#blocked-help').innerText")
        popup = fresh_browser.open_extension("popup/popup.html")
        said = "document.querySelector('.companion').innerText"
        eventually(lambda: "Local network access is denied" in popup.evaluate(said), "the popup to say so", 90)
