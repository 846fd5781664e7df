"""Pairing through the welcome page, as a person does it."""

from browsers import Browser, Page, eventually
from companion import Companion


def open_welcome(browser: Browser) -> Page:
    page = browser.open_extension("welcome/welcome.html")
    eventually(lambda: tone(page, "companion"), "the welcome page to look for the companion")
    return page


def tone(page: Page, which: str) -> str:
    """How the page's line on "companion" or "pair" stands: "wait", "good", "bad" or ""."""
    return page.evaluate(f"document.querySelector('#{which}-status')?.dataset.tone ?? ''")


def words(page: Page, which: str) -> str:
    return page.evaluate(f"document.querySelector('#{which}-status').textContent")


def use_port(page: Page, port: int) -> None:
    """Tell the page on which port the companion runs; tests never use the usual ones."""
    if not page.evaluate("document.querySelector('#port-details').open"):
        page.click("#port-details summary")
    page.type("#port", str(port))
    page.click("#port-form button")


def type_code(page: Page, code: str) -> None:
    page.type("#code", code)
    page.click("#pair-form button")


def pair(browser: Browser, companion: Companion) -> None:
    page = open_welcome(browser)
    use_port(page, companion.port)
    finish_pairing(page, companion)


def pair_again(browser: Browser, companion: Companion) -> None:
    """Where the browser still knows the port."""
    finish_pairing(open_welcome(browser), companion)


def finish_pairing(page: Page, companion: Companion) -> None:
    eventually(lambda: tone(page, "companion") == "good", "the companion to be found")
    type_code(page, companion.a_code())
    try:
        eventually(lambda: tone(page, "pair") == "good", "the browser to be paired")
    except AssertionError as error:
        raise AssertionError(f"{error}; the page says: {words(page, 'companion')} / {words(page, 'pair')}") from None
    page.close()
