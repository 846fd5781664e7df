"""The web as the tests see it: every https address leads to one server on loopback, under its true name.

So the extension's table of sites is tested with the addresses that stand in it. A browser that is opened with this port
resolves all names to it; nothing leaves the machine.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from site_server import Reply, Site

Answer = Callable[[str, str], Reply | None]


class Web(Site):
    """Asks `answers`, one after the other, for a host and a path; the first reply that is not None counts."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self._server.socket = _tls().wrap_socket(
            # The handshake belongs into the connection's own thread: browsers open connections that they never use.
            self._server.socket,
            server_side=True,
            do_handshake_on_connect=False,
        )

    @property
    def port(self) -> int:
        return self._server.server_port

    def reply(self, host: str, path: str) -> Reply | None:
        return next((reply for answer in self.answers if (reply := answer(host, path))), None)


def _tls() -> ssl.SSLContext:
    """A certificate that nobody vouches for; the browsers are told to take it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests of Natural Trace")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
    signed = builder.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "certificate.pem"
        file.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        context.load_cert_chain(file)
    return context
