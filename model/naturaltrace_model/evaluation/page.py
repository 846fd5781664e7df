"""The report's page: one file, no script, nothing loaded, light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#5c6670;--rule:#d9dee3;
--c0:#0067a5;--c1:#c24a00;--c2:#00796b;--c3:#a3247f;--c4:#7a6a00;--c5:#555}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--paper:#15181b;--soft:#9aa4ae;--rule:#343a40;
--c0:#5cb3ee;--c1:#ff9a57;--c2:#4cc9b4;--c3:#ee86cd;--c4:#d8c54a;--c5:#aaa}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1120px;margin:0 auto;
padding:1.5rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-top:1px solid var(--rule);padding-top:1rem}
p{max-width:75ch}.note{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--rule)}
tbody td{white-space:nowrap}
td:first-child,th:first-child{text-align:left}caption{text-align:left;color:var(--soft);padding:.3rem 0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:1rem}
figure{margin:0}figcaption{color:var(--soft);font-size:13px}svg{width:100%;height:auto}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}.grid{stroke:var(--rule)}
.guide{stroke:var(--soft);stroke-dasharray:4 4}.whisker{stroke:var(--ink);stroke-width:1.5}
.line{fill:none;stroke-width:2}
.legend{margin:.2rem 0;font-size:13px}.legend span{margin-right:1rem}
.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
""" + "".join(
    f".s{i}{{fill:var(--c{i})}}.line.s{i}{{fill:none;stroke:var(--c{i})}}i.s{i}{{background:var(--c{i})}}\n"
    for i in range(6)
)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text; the first column names the row."""

    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def html(self) -> str:
        head = "".join(f'<th scope="col">{escape(h)}</th>' for h in self.head)
        body = "".join(
            "<tr>"
            + "".join(
                f'<th scope="row">{escape(cell)}</th>' if i == 0 else f"<td>{escape(cell)}</td>"
                for i, cell in enumerate(row)
            )
            + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


@dataclass(frozen=True, slots=True)
class Section:
    """`text` is plain; `charts` are SVG figures as `svg` makes them."""

    title: str
    text: str
    tables: Sequence[Table] = ()
    charts: Sequence[str] = ()

    def html(self) -> str:
        charts = f'<div class="charts">{"".join(self.charts)}</div>' if self.charts else ""
        return (
            f"<section><h2>{escape(self.title)}</h2><p>{escape(self.text)}</p>"
            f"{charts}{''.join(t.html() for t in self.tables)}</section>"
        )


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(lead)}</p>"
        + "".join(s.html() for s in sections)
        + "</html>\n"
    )
