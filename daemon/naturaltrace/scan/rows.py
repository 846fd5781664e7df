"""One row of a scan's results, as JSON (nested, like `check --json`) and as a table's flat columns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from naturaltrace.scan.items import Unjudged

# Column and kind, in order. Whatever a later verdict holds beyond these goes into `more`, so that nothing is lost.
COLUMNS: dict[str, str] = {
    "path": "text",
    "level": "text",
    "probability": "number",
    "label": "text",
    "summary": "text",
    "basis": "text",
    "generator": "json",
    "evidence": "json",
    "width": "whole",
    "height": "whole",
    "format": "text",
    "bytes": "whole",
    "sha256": "text",
    "duplicate_of": "text",
    "stamp": "text",
    "model": "text",
    "model_version": "text",
    "error": "text",
    "error_detail": "text",
    "more": "json",
}
_PLAIN = ("level", "probability", "label", "summary", "basis", "generator", "evidence")
_IMAGE = ("width", "height", "format", "bytes")


@dataclass(frozen=True, slots=True)
class Row:
    """`verdict` or `error`; `duplicate_of` names the first item with the same bytes."""

    path: str
    stamp: str = ""
    sha256: str | None = None
    verdict: dict[str, Any] | None = None
    error: Unjudged | None = None
    duplicate_of: str | None = None

    def to_json(self) -> dict[str, Any]:
        more: dict[str, Any] = {"stamp": self.stamp}
        if self.duplicate_of is not None:
            more["duplicate_of"] = self.duplicate_of
        if self.verdict is not None:
            return {"path": self.path, **self.verdict, **more}
        if self.sha256 is not None:
            more["sha256"] = self.sha256
        assert self.error is not None
        return {"path": self.path, "error": self.error.to_json(), **more}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Row":
        """Raises KeyError or TypeError where this is no row of a scan."""
        rest = dict(found)
        path, stamp = rest.pop("path"), rest.pop("stamp", "")
        duplicate_of, sha256 = rest.pop("duplicate_of", None), rest.pop("sha256", None)
        if "error" in rest:
            return cls(path, stamp, sha256, None, Unjudged(**rest["error"]), duplicate_of)
        return cls(path, stamp, rest["image"]["sha256"], rest, None, duplicate_of)

    def to_flat(self) -> dict[str, Any]:
        """One value per column; lists and objects as JSON text, None where there is nothing."""
        flat: dict[str, Any] = dict.fromkeys(COLUMNS)
        flat.update(path=self.path, stamp=self.stamp, sha256=self.sha256, duplicate_of=self.duplicate_of)
        if self.error is not None:
            flat.update(error=self.error.type, error_detail=self.error.detail)
        if self.verdict is not None:
            rest = dict(self.verdict)
            image, model = dict(rest.pop("image")), dict(rest.pop("model"))
            image.pop("sha256")
            flat.update({name: rest.pop(name, None) for name in _PLAIN})
            flat.update({name: image.pop(name, None) for name in _IMAGE})
            flat.update(model=model["name"], model_version=model["version"])
            for name in ("generator", "evidence"):
                flat[name] = _text(flat[name])
            flat["more"] = _text(rest) if rest else None
        return flat

    @classmethod
    def from_flat(cls, flat: Mapping[str, Any]) -> "Row":
        """The counterpart of `to_flat`. Raises KeyError, TypeError or ValueError where this is no row of a scan."""
        error = None if not flat["error"] else Unjudged(flat["error"], flat["error_detail"] or "")
        verdict: dict[str, Any] | None = None
        if error is None:
            verdict = {name: flat[name] for name in _PLAIN}
            for name in ("generator", "evidence"):
                verdict[name] = json.loads(flat[name])
            verdict["image"] = {**{name: flat[name] for name in _IMAGE}, "sha256": flat["sha256"]}
            verdict["model"] = {"name": flat["model"], "version": flat["model_version"]}
            verdict.update(json.loads(flat["more"]) if flat["more"] else {})
        return cls(flat["path"], flat["stamp"] or "", flat["sha256"], verdict, error, flat["duplicate_of"])


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
