"""The process that reads files: `python -m naturaltrace read-files MEMORY_MB CPU_SECONDS`.

It takes one file at a time from its standard input and answers on its standard output. It loads all that it will ever
need, shuts itself off, and only then reads the first byte that someone else wrote.
"""

import gc
import io
import os
import select
import sys
from typing import Any

from PIL import Image

from naturaltrace.imaging.decode import DecodeLimits
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.provenance import content_credentials, trust
from naturaltrace.sandbox import confine, wire
from naturaltrace.sandbox.idle import give_memory_back
from naturaltrace.sandbox.inside import read

MAX_FILE = 1 << 30  # the true limit comes with each request
_IDLE_S = 2.0


def main(arguments: list[str]) -> int:
    memory_mb, cpu_s = map(int, arguments)
    believed = trust.bundled()
    requests, answers = _streams()
    warm_up(believed)
    gc.freeze()  # what is loaded by now stays; the collector need not walk through it for each few files
    confined = confine.confine(memory_mb * 2**20)
    wire.send(answers, {"ready": confined})
    while True:
        _wait(requests)
        try:
            request, data = wire.receive(requests, max_body=MAX_FILE)
        except EOFError:
            return 0
        if "trust" in request:
            believed = trust.TrustList(**request["trust"])
        confine.allow_cpu(cpu_s)
        wire.send(answers, *_answer(request, data, believed))
        del data


def _wait(requests: io.BufferedReader) -> None:
    """For the next request; memory that the last files took goes back when none comes soon."""
    if sys.platform == "linux" and not select.select([requests], [], [], _IDLE_S)[0]:
        give_memory_back()


def _answer(request: dict[str, Any], data: bytes, believed: trust.TrustList) -> tuple[dict[str, Any], bytes]:
    used = confine.cpu_ms()
    try:
        reading = read(
            data,
            trust=believed,
            limits=DecodeLimits(**request["limits"]),
            pixels_only=request["pixels_only"],
            thumbnail=request["thumbnail"],
        )
    except ImagingError as error:
        head, body = wire.pack_error(error), b""
    else:
        head, body = wire.pack(reading)
    head["used"] = {"cpu_ms": confine.cpu_ms() - used, "peak_mb": confine.peak_mb()}
    return head, body


def _streams() -> tuple[io.BufferedReader, io.BufferedWriter]:
    """Our end of both pipes. A library that prints must not print into the answers."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(0, "rb", closefd=False), os.fdopen(answers, "wb")


def warm_up(believed: trust.TrustList) -> None:
    """Meet each format once: readers load code and tables when first used, and later no file can be opened."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)  # pyright: ignore[reportUnknownMemberType]
    content_credentials.load(believed)
    give_memory_back()
    Image.init()
    sample = Image.frombytes("RGB", (160, 160), bytes(range(256)) * 300)
    exif = Image.Exif()
    exif[0x0131], exif[0x9286] = "software", b"UNICODE\0c\0o\0"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        file = io.BytesIO()
        sample.save(file, name, **({"exif": exif, "xmp": xmp} if name in ("JPEG", "WEBP") else {}))
        read(file.getvalue(), trust=believed, thumbnail=True)
    for name in ("utf_8", "latin_1", "ascii", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "cp1252", "mac_roman"):
        "".encode(name)
