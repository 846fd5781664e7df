"""The history page as a person uses it."""

from browsers import Browser, Page, eventually


class HistoryPage:
    def __init__(self, browser: Browser) -> None:
        self.page: Page = browser.open_extension("history/history.html")
        self._settle()

    def count(self) -> int:
        """Past checks on the first page, fresh."""
        self.page.evaluate("document.querySelector('#said').replaceChildren()")
        self.page.evaluate("document.querySelector('#search').requestSubmit()")
        self._settle()
        return self.page.evaluate("document.querySelectorAll('#list > li').length")

    def says(self) -> str:
        return self.page.evaluate("document.querySelector('#said').textContent.trim()")

    def close(self) -> None:
        self.page.close()

    def _settle(self) -> None:
        eventually(self.says, "the history")
