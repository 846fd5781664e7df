"""From when on a place of the heat map stands out as a part of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """From which contrast (log-odds above the rest) and chance a region stands out. At most `rate` of images without
    any spliced part had such a region when that was measured. `by_quality`: JPEG qualities (0..100), rising, and the
    contrast that counts below each in a picture that is looked at as it is; in one that was scaled, compression no
    longer shows."""

    contrast: float
    chance: float
    rate: float
    by_quality: tuple[tuple[float, float], ...] = ()

    def needed(self, quality: float | None, scaled: bool) -> float:
        """The contrast that counts in an image of this estimated JPEG quality; `contrast` where that is unknown or the
        map is of a smaller copy."""
        if quality is None or scaled:
            return self.contrast
        return next((contrast for below, contrast in self.by_quality if quality < below), self.contrast)
