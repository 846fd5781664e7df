"""The tray's icon. Its states differ in shape, not by colour alone: a trace, two bars, an exclamation mark."""

from typing import Literal

from PIL import Image, ImageDraw

State = Literal["running", "paused", "problem"]
_GROUND = {"running": (13, 100, 93), "paused": (96, 104, 110), "problem": (168, 84, 0)}
_WHITE = (255, 255, 255, 255)


def picture(state: State, size: int = 64) -> Image.Image:
    """RGBA, `size` × `size` pixels; drawn four times as large and reduced, for smooth edges."""
    big = size * 4
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((big * 0.03, big * 0.03, big * 0.97, big * 0.97), big * 0.24, fill=(*_GROUND[state], 255))
    if state == "running":
        _trace(draw, big)
    elif state == "paused":
        for left in (0.32, 0.56):
            draw.rounded_rectangle((big * left, big * 0.26, big * (left + 0.12), big * 0.74), big * 0.04, fill=_WHITE)
    else:
        draw.rounded_rectangle((big * 0.44, big * 0.2, big * 0.56, big * 0.6), big * 0.05, fill=_WHITE)
        draw.ellipse((big * 0.43, big * 0.67, big * 0.57, big * 0.81), fill=_WHITE)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _trace(draw: ImageDraw.ImageDraw, big: int) -> None:
    """The product's mark: three nested arches, open below like a print."""
    for inset, foot in ((0.17, 0.62), (0.3, 0.74), (0.43, 0.84)):
        box = (big * inset, big * (inset + 0.01), big * (1 - inset), big * (1.01 - inset))
        width = round(big * 0.065)
        draw.arc(box, 180, 360, fill=_WHITE, width=width)
        for x in (big * inset, big * (1 - inset) - width):
            draw.rounded_rectangle((x, big * 0.5, x + width, big * foot), width / 2, fill=_WHITE)
