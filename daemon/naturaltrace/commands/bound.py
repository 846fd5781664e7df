"""What `naturaltrace serve --bind` and `naturaltrace team serve` share: serving a network, over TLS and with tokens."""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace.commands.steered import command
from naturaltrace.storage.paths import DataFolder

if TYPE_CHECKING:
    from naturaltrace.detection.runtime.wanted import Wanted
    from naturaltrace.pipeline import Pipeline

DEFAULT_PORT = 7345
PER_MINUTE = 120.0


@dataclass(frozen=True, slots=True)
class Address:
    host: str  # without brackets
    port: int  # 0: any free one

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """HOST[:PORT], where an IPv6 address with a port stands in brackets. Raises ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or _is_ipv6(text):
        host, port = text, str(DEFAULT_PORT)
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or any(c in bare for c in "[]/ ") or (":" in bare and not _is_ipv6(bare)):
        raise argparse.ArgumentTypeError(f"{text} is no address such as 0.0.0.0:7345, [::]:7345 or images.example.org")
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return Address(bare, int(port))


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def add_options(parser: argparse._ActionsContainer, *, bind_required: bool) -> None:  # pyright: ignore[reportPrivateUsage]
    parser.add_argument(
        "--bind", type=address, required=bind_required, metavar="HOST[:PORT]",
        help=f"the address that others reach, e.g. 0.0.0.0:7345 or [::] (port {DEFAULT_PORT} where none is named)",
    )  # fmt: skip
    parser.add_argument(
        "--certificate", "--tls-cert", dest="certificate", type=Path, metavar="FILE", help="certificate chain, PEM"
    )
    parser.add_argument("--key", "--tls-key", dest="key", type=Path, metavar="FILE", help="its private key, PEM")
    parser.add_argument(
        "--per-minute", type=_rate, metavar="N", help=f"checks of one user in a minute (default: {PER_MINUTE:.0f})"
    )
    parser.add_argument("--backend", metavar="URL", help="a KServe v2 or Triton server that runs the network")


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError("a rate is a number above 0")
    return number


def idle_options(options: argparse.Namespace) -> list[str]:
    """Which of the options were given that mean nothing without --bind."""
    names = {"certificate": "--certificate", "key": "--key", "per_minute": "--per-minute", "backend": "--backend"}
    return [option for name, option in names.items() if getattr(options, name) is not None]


def serve(options: argparse.Namespace, *, as_json: bool) -> int:
    """Serve `options.bind` until a signal; the exit status. Refuses without TLS (2) and without anybody's token (2)."""
    from naturaltrace.team.people import People
    from naturaltrace.team.serve import BadCertificate, Options, run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    speaker = _Speaker(as_json, options.data_dir)
    bind: Address = options.bind
    missing = [name for name in ("certificate", "key") if getattr(options, name) is None]
    if missing:
        wanted = " and ".join(f"--{name} FILE" for name in missing)
        why = f"--bind serves a network over TLS only: it needs {wanted}. Without --bind only this machine is served."
        return speaker.failed("no-tls", why, 2)
    folder = DataFolder.at(options.data_dir)
    if not People(folder).all():
        first = command("team add --admin YOUR-NAME", options.data_dir)
        why = f"Nobody has a token yet, so nobody could use this. The first administrator gets one with: {first}"
        return speaker.failed("no-tokens", why, 2)
    load: Callable[[Wanted], Pipeline] | None = None
    if options.backend is not None:
        from naturaltrace.detectors.remote import BackendFailed, pipeline_by

        try:
            pipeline_by(options.backend, folder.root)  # better to know now than at the first image
        except BackendFailed as error:
            return speaker.failed("backend", str(error), 1)

        def remote(_wanted: "Wanted") -> "Pipeline":
            return pipeline_by(options.backend, folder.root)

        load = remote

    def ready(port: int) -> None:
        speaker.ready(Address(bind.host, port), folder)

    per_minute = PER_MINUTE if options.per_minute is None else options.per_minute
    plan = Options(folder, bind.host, bind.port, options.certificate, options.key, per_minute, load, ready)
    try:
        asyncio.run(run(plan))
    except BadCertificate as error:
        return speaker.failed("bad-certificate", str(error), 1)
    except OSError as error:
        return speaker.failed("no-port", f"{bind} can't be served: {error.strerror or error}.", 1)
    return 0


@dataclass(frozen=True, slots=True)
class _Speaker:
    """One JSON line on standard output for programs, sentences for people. Troubles go to standard error as well."""

    as_json: bool
    data_dir: Path | None

    def ready(self, at: Address, folder: DataFolder) -> None:
        if self.as_json:
            event = {"event": "ready", "host": at.host, "port": at.port, "data_dir": str(folder.root)}
            print(json.dumps(event), flush=True)
            return
        print(f"Natural Trace serves {at} over TLS. Stop it with Ctrl+C.")
        print(f"Administrators: https://HOST:{at.port}/admin, HOST being a name in the certificate.", flush=True)

    def failed(self, slug: str, detail: str, status: int) -> int:
        if self.as_json:
            print(json.dumps({"event": "error", "type": slug, "detail": detail}), flush=True)
        print(detail, file=sys.stderr)
        return status
