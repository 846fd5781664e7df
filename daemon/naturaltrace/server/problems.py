"""Errors as RFC 9457 problem documents. `type` is stable: programs compare it, people read `detail`."""

import json
import logging
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from naturaltrace.imaging.errors import ImagingError

PREFIX = "urn:naturaltrace:problem:"

_log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 (RFC 9457's own word)
    """Ends a request with a problem document.

    `slug` completes `type`; `detail` is one plain sentence; `retry_after` in whole seconds; `close` ends the connection
    after the answer, for callers whose body nobody is going to read.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        title: str | None = None,
        retry_after: int | None = None,
        close: bool = False,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.title = title or HTTPStatus(status).phrase
        self.retry_after = retry_after
        self.close = close
        self.members = dict(members or {})

    def response(self) -> web.Response:
        document = {
            "type": PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        response = web.Response(
            status=self.status,
            body=json.dumps(document, ensure_ascii=False).encode(),
            content_type="application/problem+json",
        )
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, self.retry_after))
        if self.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        if self.close:
            response.force_close()
        return response


def from_imaging(error: ImagingError) -> Problem:
    return Problem(422, error.type, str(error), title=error.title)


_OUR_WORDS = {
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not answer to this method."),
}


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document; what nobody foresaw says nothing of its inside."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except ImagingError as error:
        return from_imaging(error).response()
    except web.HTTPException as error:
        slug, detail = _OUR_WORDS.get(error.status, ("bad-request", error.reason))
        response = Problem(error.status, slug, detail, close=error.status not in _OUR_WORDS).response()
        if allow := error.headers.get("Allow"):
            response.headers["Allow"] = allow
        return response
    except sqlite3.Error as error:
        # A full or failing disk: the caller is told, and all that needs no history goes on.
        _log.warning("the history failed: %s", type(error).__name__)
        return Problem(507, "storage", "The history can't be read or written; is the disk full?").response()
    except Exception:
        _log.exception("a request failed: %s %s", request.method, request.path)
        return Problem(500, "internal", "Something went wrong inside Natural Trace; its log says more.").response()


async def _add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    # aiohttp would name itself, Python and both versions to whoever asks.
    response.headers["Server"] = "naturaltrace"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")


def setup_problems(app: web.Application) -> None:
    """First of all middlewares, so that it sees what the others refuse."""
    app.middlewares.append(problem_middleware)
    app.on_response_prepare.append(_add_headers)
