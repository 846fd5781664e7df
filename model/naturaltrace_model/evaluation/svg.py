"""Small charts as inline SVG: no script, no fonts, colours from the page, so that they follow light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from naturaltrace_model.evaluation.curves import Curve

_W, _H = 520, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 46


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    curve: Curve
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    value: float
    low: float
    high: float
    note: str = ""


def lines(
    title: str,
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    x_range: tuple[float, float] = (0.0, 1.0),
    y_range: tuple[float, float] = (0.0, 1.0),
    diagonal: bool = False,
    ticks: Sequence[tuple[float, str]] | None = None,
) -> str:
    """A line chart with its legend; `ticks` name places on the x axis instead of five even ones."""
    width, height = _W - _LEFT - _RIGHT, _H - _TOP - _BOTTOM

    def px(value: float) -> float:
        return _LEFT + (value - x_range[0]) / ((x_range[1] - x_range[0]) or 1) * width

    def py(value: float) -> float:
        return _TOP + (1 - (value - y_range[0]) / ((y_range[1] - y_range[0]) or 1)) * height

    parts = [_open(title, _W, _H)]
    for i in range(5):
        y = y_range[0] + (y_range[1] - y_range[0]) * i / 4
        parts.append(f'<path class="grid" d="M{_LEFT} {py(y):.1f}H{_W - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{py(y) + 4:.1f}" text-anchor="end">{y:.2f}</text>')
    even = [(x_range[0] + (x_range[1] - x_range[0]) * i / 4) for i in range(5)]
    for x, text in ticks or [(x, f"{x:g}") for x in even]:
        parts.append(f'<text x="{px(x):.1f}" y="{_H - _BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>')
    if diagonal:
        parts.append(f'<path class="guide" d="M{px(0):.1f} {py(0):.1f}L{px(1):.1f} {py(1):.1f}"/>')
    for number, each in enumerate(series):
        points = [f"{px(x):.1f} {py(y):.1f}" for x, y in zip(each.curve.x, each.curve.y, strict=True)]
        parts.append(f'<path class="line s{number % 6}" d="M{"L".join(points)}"/>')
        if each.dots:
            parts += [f'<circle class="s{number % 6}" r="3" cx="{p.split()[0]}" cy="{p.split()[1]}"/>' for p in points]
    parts.append(f'<text x="{_LEFT + width / 2}" y="{_H - 8}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(
        f'<text transform="translate(13 {_TOP + height / 2}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
    )
    legend = "".join(
        f'<span><i class="s{number % 6}"></i>{escape(each.name)}</span>' for number, each in enumerate(series)
    )
    return (
        f'<figure>{"".join(parts)}</svg><figcaption>{escape(title)}</figcaption><p class="legend">{legend}</p></figure>'
    )


def bars(title: str, rows: Sequence[Bar], *, guide: float | None = None) -> str:
    """Horizontal bars of shares (0..1) with their intervals; `guide` marks a share that was promised."""
    left, line = 190, 22
    height = len(rows) * line + 30
    width = _W - left - 90

    def px(value: float) -> float:
        return left + value * width

    parts = [_open(title, _W, height)]
    for number, bar in enumerate(rows):
        y = 6 + number * line
        parts.append(f'<text x="{left - 6}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>')
        parts.append(
            f'<rect class="s0" x="{left}" y="{y}" width="{max(0.5, bar.value * width):.1f}" height="{line - 6}"/>'
        )
        parts.append(f'<path class="whisker" d="M{px(bar.low):.1f} {y + 8}H{px(bar.high):.1f}"/>')
        parts.append(f'<text x="{px(1) + 6:.1f}" y="{y + 13}">{bar.value:.1%} {escape(bar.note)}</text>')
    if guide is not None:
        parts.append(f'<path class="guide" d="M{px(guide):.1f} 2V{height - 26}"/>')
    for i in range(5):
        parts.append(f'<text x="{px(i / 4):.1f}" y="{height - 6}" text-anchor="middle">{i * 25} %</text>')
    return f"<figure>{''.join(parts)}</svg><figcaption>{escape(title)}</figcaption></figure>"


def _open(title: str, width: int, height: int) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
