"""Photoshop image resources (the 8BIM blocks of a JPEG's APP13, of a TIFF's tag 34377): only IPTC is of use here."""

from naturaltrace.provenance.parts import Parts

_IPTC = 0x0404


def resources(data: memoryview, parts: Parts) -> None:
    at = 0
    for _ in range(1_000):
        if at + 12 > len(data) or bytes(data[at : at + 4]) != b"8BIM":
            return
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name_length = data[at + 6]
        at += 7 + name_length + (name_length + 1) % 2  # the name, its length byte included, is padded to even
        size = int.from_bytes(data[at : at + 4], "big")
        block = data[at + 4 : at + 4 + size]
        if len(block) < size:
            parts.problem("a Photoshop resource is cut short")
        if kind == _IPTC:
            parts.iptc.append(bytes(block))
        at += 4 + size + size % 2
