"""The trailer that Samsung's phones write behind a JPEG's pixels: named blocks, found from the file's very end.

The file ends with the directory's size and "SEFT". The directory begins with "SEFH", a version and a count, and has for
each block its kind, how far before the directory it begins, and its size; a block begins with its kind and its name.
"""

from naturaltrace.provenance.parts import Parts

_MAX_BLOCKS = 100


def trailer(data: memoryview, parts: Parts) -> None:
    """Adds "samsung:NAME" entries for the blocks that hold text; `data` is what follows the JPEG's last header."""
    if len(data) < 20 or bytes(data[-4:]) != b"SEFT":
        return
    begin = len(data) - 8 - _number(data, len(data) - 8)
    if begin < 0 or bytes(data[begin : begin + 4]) != b"SEFH":
        parts.problem("the Samsung trailer is damaged")
        return
    for at in range(begin + 12, begin + 12 + 12 * min(_number(data, begin + 8), _MAX_BLOCKS), 12):
        back, size = _number(data, at + 4), _number(data, at + 8)
        start = begin - back
        if at + 12 > len(data) - 8 or start < 0 or start + size > begin or size < 8:
            parts.problem("the Samsung trailer is damaged")
            return
        named = _number(data, start + 4)
        if named > min(size - 8, 64):
            continue
        name = bytes(data[start + 8 : start + 8 + named]).decode("latin-1")
        body = data[start + 8 + named : start + size]
        text = bytes(body[: parts.take(len(body))])
        if text.isascii() and b"\x00" not in text.rstrip(b"\x00"):  # pictures, videos and maps are left alone
            parts.add(f"samsung:{name}", text.decode("ascii"))


def _number(data: memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
