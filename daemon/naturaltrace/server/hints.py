"""What a browser says about a request, in headers. A hint never makes a verdict more certain than the bytes allow."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

from naturaltrace.server.worker import Priority

_PRIORITIES = {"asked": Priority.ASKED, "visible": Priority.VISIBLE, "prefetch": Priority.PREFETCH}
MAX_PAGE = 300


@dataclass(frozen=True, slots=True)
class Hints:
    """`private`: nothing of this request may be kept. `screenshot`: the browser's own picture of the page, whose
    metadata says nothing of the image. `page`: where it was seen, without query and fragment."""

    priority: Priority = Priority.VISIBLE
    private: bool = False
    screenshot: bool = False
    page: str | None = None
    language: str = "en"

    @classmethod
    def of(cls, headers: CIMultiDictProxy[str]) -> "Hints":
        """Unknown words count as not said."""
        private = _yes(headers.get("NaturalTrace-Private"))
        return cls(
            priority=_PRIORITIES.get(headers.get("NaturalTrace-Priority", "").lower(), Priority.VISIBLE),
            private=private,
            screenshot=_yes(headers.get("NaturalTrace-Screenshot")),
            page=None if private else plain_page(headers.get("NaturalTrace-Page")),
            language=_first_language(headers.get("Accept-Language", "")),
        )


def plain_page(address: str | None) -> str | None:
    """The address of a web page as it may be kept: what follows `?` or `#`, and a name or password, may be secret."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    page = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:MAX_PAGE]
    return page if page.isprintable() else None


def _yes(value: str | None) -> bool:
    # "?1" is a structured field's true (RFC 9651); "1" is what people type.
    return value in ("?1", "1")


def _first_language(value: str) -> str:
    tag = value.split(",")[0].split(";")[0].strip()
    return tag if tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= 20 else "en"
