"""A small web site on loopback: pages and images that tests put there, and a record of who asked for what."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    headers: dict[str, str]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in mid-answer is nothing to report."""


class Site:
    """Answers from `replies`, by path without its query. `host` is the name in `url`: "127.0.0.1" is covered by the
    extension's own host permission, "localhost" and "127.0.0.2" are not."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                site.asked.append(Asked(path, {k.lower(): v for k, v in self.headers.items()}))
                host = self.headers.get("Host", "").split(":")[0]
                reply = site.reply(host, path) or Reply(b"not here", "text/plain", 404)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.send_header("Cache-Control", "no-store")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = _Server(("127.0.0.2" if host == "127.0.0.2" else "127.0.0.1", 0), Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reply(self, host: str, path: str) -> Reply | None:
        """What `path` of `host` answers; None: not found."""
        return self.replies.get(path)

    def page(self, path: str, body: str, **headers: str) -> str:
        """Put an HTML page there and return its address."""
        document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>{body}'
        self.replies[path] = Reply(document.encode(), "text/html; charset=utf-8", headers=headers)
        return self.url + path

    def image(self, path: str, data: bytes, type: str = "image/jpeg", **headers: str) -> str:
        """Put an image there and return its address."""
        self.replies[path] = Reply(data, type, headers=headers)
        return self.url + path

    def requests_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
