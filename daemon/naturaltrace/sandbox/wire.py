"""What travels between the daemon and the process that reads files: JSON and raw bytes.

Never pickle: a process that a hostile file has taken over could run code in the daemon with it. For the same reason
everything that comes back is checked against what an honest process would send.
"""

import json
import struct
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.imaging import errors
from naturaltrace.imaging.crops import CROP, Crops
from naturaltrace.imaging.errors import ImagingError
from naturaltrace.imaging.page_view import PAGE_EDGE
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.imaging.views import VIEW
from naturaltrace.provenance.findings import Claim, Finding, Provenance, Standing
from naturaltrace.sandbox.reading import Reading

MAX_HEAD = 16 * 2**20  # a request may bring a trust list along
MAX_CROPS = 256
MAX_VIEWS = 8
MAX_THUMBNAIL = 2**20
_LENGTHS = struct.Struct(">II")
_TOGETHER = 2**20  # bytes; copying more costs more than it saves

_ERRORS: dict[str, type[ImagingError]] = {
    kind.type: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ImagingError)
}  # fmt: skip


class BadMessage(Exception):  # noqa: N818 (it reads as what it says)
    """The other side sent something that it never sends; it is not to be trusted any more."""


def send(stream: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """One message. `body` is sent as it is."""
    text = json.dumps(head, separators=(",", ":")).encode()
    start = _LENGTHS.pack(len(text), len(body)) + text
    if len(body) <= _TOGETHER:
        # In one piece: who waits for it is woken once, and on one core not before all of it is there.
        stream.write(start + body)
    else:
        stream.write(start)
        stream.write(body)
    stream.flush()


def receive(stream: BinaryIO, *, max_body: int) -> tuple[dict[str, Any], bytes]:
    """The next message. Raises EOFError where there is none, BadMessage where it can't be one."""
    head_length, body_length = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if head_length > MAX_HEAD or body_length > max_body:
        raise BadMessage("a message is larger than any")
    try:
        head: Any = json.loads(_exactly(stream, head_length))
    except (ValueError, RecursionError) as error:
        raise BadMessage("a message's head is no JSON") from error
    if not isinstance(head, dict):
        raise BadMessage("a message's head is no object")
    return cast(dict[str, Any], head), _exactly(stream, body_length)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


# --- readings ---------------------------------------------------------------------------------------------------------

MAX_READING = MAX_CROPS * CROP * CROP * 3 + MAX_VIEWS * VIEW * VIEW * 3 + PAGE_EDGE * PAGE_EDGE * 3 + MAX_THUMBNAIL


def pack(reading: Reading) -> tuple[dict[str, Any], bytes]:
    """The head and the body of one reading."""
    image, crops = reading.prepared, reading.prepared.crops
    head: dict[str, Any] = {
        "image": [image.width, image.height, image.format, image.sha256, image.byte_count],
        "boxes": None if crops is None else crops.boxes.tolist(),
        "scale": 1.0 if crops is None else crops.scale,
        "views": len(image.views),
        "page": image.page.shape[:2],
        "thumbnail": None if reading.thumbnail is None else len(reading.thumbnail),
        "provenance": None if reading.provenance is None else _from_provenance(reading.provenance),
        "timing_ms": reading.timing_ms,
    }
    pixels = [image.views, image.page] if crops is None else [crops.pixels, image.views, image.page]
    return head, b"".join((*(np.ascontiguousarray(part).data for part in pixels), reading.thumbnail or b""))


def pack_error(error: ImagingError) -> dict[str, Any]:
    return {"error": [error.type, str(error)]}


def unpack(head: dict[str, Any], body: bytes) -> Reading:
    """The reading that was packed. Raises the ImagingError that was packed instead, or BadMessage."""
    try:
        if "error" in head:
            kind, words = head["error"]
            raise _ERRORS[kind](str(words)[:500])
        return _reading(head, body)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise BadMessage(f"a reading does not hold together ({type(error).__name__})") from error


def _reading(head: dict[str, Any], body: bytes) -> Reading:
    width, height, format_name, sha256, byte_count = head["image"]
    boxes, views, small = head["boxes"], int(head["views"]), head["thumbnail"]
    high, wide = (int(side) for side in head["page"])
    count = 0 if boxes is None else len(boxes)
    sizes = [count * CROP * CROP * 3, views * VIEW * VIEW * 3, high * wide * 3, small or 0]
    fits = count <= MAX_CROPS and 1 <= views <= MAX_VIEWS and 0 <= sizes[3] <= MAX_THUMBNAIL
    fits = fits and 1 <= high <= PAGE_EDGE and 1 <= wide <= PAGE_EDGE
    if not fits or boxes == [] or sum(sizes) != len(body):
        raise BadMessage("a reading's parts don't add up")
    pixels: NDArray[np.uint8] = np.frombuffer(body, np.uint8)
    crops = None
    if boxes is not None:
        places = np.array(boxes, dtype=np.int64).reshape(count, 2)
        crops = Crops(pixels[: sizes[0]].reshape(count, CROP, CROP, 3), places, float(head["scale"]))
    found = head["provenance"]
    return Reading(
        Prepared(
            int(width), int(height), str(format_name)[:16], str(sha256)[:64], int(byte_count), crops,
            pixels[sizes[0] : sizes[0] + sizes[1]].reshape(views, VIEW, VIEW, 3),
            pixels[sum(sizes[:2]) : sum(sizes[:3])].reshape(high, wide, 3),
        ),
        None if found is None else _to_provenance(found),
        None if small is None else body[len(body) - small :],
        {str(stage)[:32]: float(ms) for stage, ms in head["timing_ms"].items()},
    )  # fmt: skip


def _from_provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "findings": [[f.kind, f.claim, f.standing, f.generator, f.fields] for f in provenance.findings],
        "problems": list(provenance.problems),
    }


def _to_provenance(found: dict[str, Any]) -> Provenance:
    return Provenance(
        tuple(
            Finding(
                str(kind),
                Claim(claim),
                Standing(standing),
                None if generator is None else str(generator),
                {str(k): v for k, v in fields.items()},
            )
            for kind, claim, standing, generator, fields in found["findings"]
        ),
        tuple(str(p) for p in found["problems"]),
    )
