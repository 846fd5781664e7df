"""Extended XMP of a JPEG (XMP part 3, 1.1.3.1): what did not fit into the packet, in pieces that name their sum."""

import hashlib

from naturaltrace.provenance import limits, xmp
from naturaltrace.provenance.parts import Parts

_HEAD = 40  # the sum as 32 hexadecimal digits, the whole length, this piece's place


def read(parts: Parts) -> None:
    """Reads the extension that the packet itself names. Pieces that it does not name belong to nothing."""
    wanted = parts.first("xmp:xmpNote:HasExtendedXMP")
    if wanted is None:
        return
    pieces, length = _pieces(parts, wanted.encode())
    whole = bytearray()
    for at, piece in pieces:
        if at != len(whole):
            break
        whole += piece
    complete = len(whole) == length and hashlib.md5(whole, usedforsecurity=False).hexdigest() == wanted.lower()
    if not complete:
        parts.problem("the extended XMP is not whole; what stands before the gap was read")
    if whole:
        xmp.read(bytes(whole[: limits.MAX_TEXT_BYTES]), parts, whole=complete)


def _pieces(parts: Parts, wanted: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The pieces by place, each place once, and the length that they should have together."""
    found: dict[int, bytes] = {}
    length = 0
    for segment in parts.xmp_extensions[: limits.MAX_ENTRIES]:
        if len(segment) < _HEAD or segment[:32].lower() != wanted.lower():
            continue
        length = int.from_bytes(segment[32:36], "big")
        found.setdefault(int.from_bytes(segment[36:40], "big"), segment[_HEAD:])
    return sorted(found.items()), length
