"""What a container walker hands on: each named value with the place where it was found."""

from dataclasses import dataclass, field

from naturaltrace.provenance import limits


@dataclass(frozen=True, slots=True)
class Entry:
    """One value and where the file keeps it.

    `place` is the container's own name for it: "png.text:parameters", "exif:Software", "xmp:photoshop:Credit",
    "iptc:Credit", "jpeg.comment", "gif.comment", "samsung:Image_UTC_Data", "alpha.text:Software". `damaged` says that
    the part around it fails its own check.
    """

    place: str
    text: str
    damaged: bool = False


@dataclass(slots=True)
class Parts:
    """All that the walkers found in one file, in file order; filled while walking and read afterwards."""

    entries: list[Entry] = field(default_factory=list[Entry])
    exif: list[bytes | memoryview] = field(default_factory=list[bytes | memoryview])
    xmp: list[bytes] = field(default_factory=list[bytes])
    iptc: list[bytes] = field(default_factory=list[bytes])
    xmp_extensions: list[bytes] = field(default_factory=list[bytes])  # JPEG segments, heads and all
    quantisation: dict[int, bytes] = field(default_factory=dict[int, bytes])  # a JPEG's tables, in zigzag order
    manifest_bytes: int = 0  # size of an embedded C2PA manifest store, 0 without one
    problems: list[str] = field(default_factory=list[str])
    _text_left: int = limits.MAX_TOTAL_TEXT_BYTES

    def problem(self, text: str) -> None:
        if len(self.problems) < 20 and text not in self.problems:
            self.problems.append(text)

    def take(self, byte_count: int) -> int:
        """How many of `byte_count` bytes of text may still be read; counts them as read."""
        allowed = min(byte_count, limits.MAX_TEXT_BYTES, self._text_left)
        self._text_left -= allowed
        return allowed

    def give_back(self, byte_count: int) -> None:
        """Undoes `take` for bytes that turned out not to be there."""
        self._text_left += byte_count

    def add(self, place: str, text: str, *, damaged: bool = False) -> None:
        if len(self.entries) >= limits.MAX_ENTRIES:
            self.problem("more named values than are read")
            return
        text = text.strip("\x00 \t\r\n")
        if text:
            self.entries.append(Entry(place, text, damaged))

    def comment(self, place: str, raw: bytes, *, damaged: bool = False) -> None:
        """Adds a comment whose character code nobody tells; what holds zero bytes is no text but another file."""
        if b"\x00" not in raw.strip(b"\x00"):
            self.add(place, raw.decode("utf-8", "replace"), damaged=damaged)

    def first(self, place: str) -> str | None:
        """The first value at `place`, or None."""
        return next((entry.text for entry in self.entries if entry.place == place), None)


def shown(text: str) -> str:
    """The text short enough to leave this room, without control characters."""
    clean = "".join(c if c.isprintable() else " " for c in text[: limits.SHOWN_CHARACTERS + 1]).strip()
    return clean if len(clean) <= limits.SHOWN_CHARACTERS else clean[: limits.SHOWN_CHARACTERS - 1] + "…"
