"""The directories of a TIFF structure, which EXIF is too (TIFF 6.0, section 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from naturaltrace.provenance import limits

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


@dataclass(frozen=True, slots=True)
class Tag:
    number: int
    type: int
    count: int
    offset: int  # of the value, from the beginning of the structure

    @property
    def byte_count(self) -> int:
        return _SIZES.get(self.type, 1) * self.count


@dataclass(frozen=True, slots=True)
class Tiff:
    data: memoryview
    order: Literal["little", "big"]
    first: int

    @classmethod
    def open(cls, data: bytes | memoryview) -> "Tiff | None":
        """The structure, or None where `data` does not begin as one."""
        view = memoryview(data)
        head = bytes(view[:4])
        order: Literal["little", "big"]
        if head == b"II*\x00":
            order = "little"
        elif head == b"MM\x00*":
            order = "big"
        else:
            return None
        return cls(view, order, int.from_bytes(view[4:8], order))

    def directory(self, offset: int) -> Iterator[Tag]:
        """The tags of the directory at `offset`, as many as are sound; values that lie outside are left out."""
        if offset < 8 or offset + 2 > len(self.data):
            return
        count = min(self._int(offset, 2), limits.MAX_IFD_TAGS)
        for at in range(offset + 2, offset + 2 + 12 * count, 12):
            if at + 12 > len(self.data):
                return
            number, kind, length = self._int(at, 2), self._int(at + 2, 2), self._int(at + 4, 4)
            size = _SIZES.get(kind, 0) * length
            value = at + 8 if size <= 4 else self._int(at + 8, 4)
            if size and value + size <= len(self.data):
                yield Tag(number, kind, length, value)

    def raw(self, tag: Tag, most: int) -> bytes:
        return bytes(self.data[tag.offset : tag.offset + min(tag.byte_count, most)])

    def integer(self, tag: Tag) -> int:
        return self._int(tag.offset, min(_SIZES[tag.type], 4))

    def rational(self, tag: Tag) -> float | None:
        if tag.type not in (5, 10):
            return None
        below = self._int(tag.offset + 4, 4)
        return self._int(tag.offset, 4) / below if below else None

    def _int(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], self.order)
