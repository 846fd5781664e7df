"""`python -m naturaltrace.provenance.page docs/provenance.md` writes the tables of marks into that page anew."""

import sys
from pathlib import Path

from naturaltrace.provenance import marks
from naturaltrace.provenance.watermarks.reader import payloads

BEGIN = "<!-- tables: begin (python -m naturaltrace.provenance.page docs/provenance.md) -->"
END = "<!-- tables: end -->"


def tables() -> str:
    """The tables of marks and of watermarks, in Markdown."""
    lines = ["| mark | what it is | says | generator | where | source |", "|---|---|---|---|---|---|"]
    for mark in marks.table():
        generator = mark.generator or ("named in the value" if mark.generator_pattern else "")
        where = ", ".join(f"`{place}`" for place in sorted(mark.where))
        if mark.also:
            where += " together with " + ", ".join(f"`{place}`" for place in sorted(mark.also))
        lines.append(f"| `{mark.kind}` | {mark.name} | {mark.claim.value} | {generator} | {where} | {mark.source} |")
    lines += ["", "| watermark | generator | bits | may be wrong | source |", "|---|---|---|---|---|"]
    for payload in payloads():
        lines.append(
            f"| `{payload.kind}` | {payload.generator} | {len(payload.bits)} | {payload.errors} | {payload.source} |"
        )
    return "\n".join(lines)


def renewed(page: str) -> str:
    """`page` with its tables written anew. Raises ValueError where the two comments that frame them are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no place for the tables")
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text("utf-8")), "utf-8")
