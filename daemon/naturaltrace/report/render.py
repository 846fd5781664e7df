"""The report's HTML: one file, with its style, its script and its data inside, that loads nothing from anywhere."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from naturaltrace.report.collect import LEVELS, MOST_FOLDERS, Collected, rank_of, split
from naturaltrace.verdicts.wording import choose


@cache
def words(language: str) -> dict[str, str]:
    """The report's words in one of `verdicts.wording.LANGUAGES`."""
    return json.loads(_file(f"words/{language}.json"))


def render(found: Collected, pictures: list[str | None], *, title: str, language: str = "en") -> str:
    """The whole page. `pictures` goes with `found.suspicious`, one address each or None."""
    tag = choose(language)
    data: dict[str, Any] = {
        "title": title,
        "language": tag.replace("_", "-"),
        "made": datetime.now(UTC).isoformat(timespec="minutes"),
        "words": words(tag),
        "levels": LEVELS,
        "counts": [found.counts[level] for level in LEVELS],
        "models": sorted(found.models),
        "duplicates": found.duplicates,
        "bins": found.bins,
        "folders": _folders(found),
        "folderCount": len(found.folders),
        "suspicious": [_card(row, picture) for row, picture in zip(found.suspicious, pictures, strict=True)],
        "listedAll": found.listed_all,
        "texts": found.texts.all,
        "table": found.table,
    }
    script, style = _file("report.js"), _file("page/tokens.css", "naturaltrace.server") + _file("report.css")
    return (
        _file("report.html")
        .replace("{{language}}", tag.replace("_", "-"))
        .replace("{{csp}}", _policy(script, style))
        .replace("{{style}}", style)
        .replace("{{script}}", script)
        .replace("{{data}}", _inert(data))
    )


def _folders(found: Collected) -> list[list[Any]]:
    """[folder, images, flagged], those with the most flagged images first."""
    rows: list[list[Any]] = [[name, images, flagged] for name, (images, flagged) in found.folders.items()]
    rows.sort(key=lambda r: (-r[2], -r[1], r[0]))
    return rows[:MOST_FOLDERS]


def _card(row: Any, picture: str | None) -> dict[str, Any]:
    verdict = row.verdict
    folder, name = split(row.path)
    generator = verdict.get("generator")
    named = [g["name"] for g in generator] if isinstance(generator, list) else []  # pyright: ignore[reportUnknownVariableType]
    return {
        "folder": folder,
        "name": name,
        "level": verdict["level"],
        "label": verdict.get("label", ""),
        "chance": verdict.get("probability"),
        "rank": rank_of(row),
        "evidence": [e.get("text", "") for e in verdict.get("evidence", [])][:4],
        "generators": named[:3],
        "size": [verdict.get("image", {}).get("width", 0), verdict.get("image", {}).get("height", 0)],
        "picture": picture,
    }


def _inert(data: dict[str, Any]) -> str:
    """JSON that ends no script element, whatever a file's name is."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(script: str, style: str) -> str:
    """Nothing may be loaded, and only this very script may run, whatever a name or an evidence text holds."""

    def mark(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    # The bars' lengths are set by the script, as properties; that needs no permission for inline styles.
    return f"default-src 'none'; img-src data:; script-src {mark(script)}; style-src {mark(style)}"


@cache
def _file(name: str, package: str = "naturaltrace.report.page") -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")
