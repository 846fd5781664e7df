"""What the settings page says of this installation: versions, paths, what is kept, and the model's card."""

import asyncio
import platform
from pathlib import Path
from typing import Any

from aiohttp import web

from naturaltrace import __version__
from naturaltrace.detection import card as cards
from naturaltrace.server.access import Access
from naturaltrace.server.guard import GATE
from naturaltrace.server.memory import ARCHIVE
from naturaltrace.server.problems import Problem
from naturaltrace.server.routes import add_route
from naturaltrace.storage.paths import DataFolder
from naturaltrace.verdicts import sensitivity

FOLDER = web.AppKey("folder", DataFolder)
CONDITIONS = ("clean", "web", "hard")


async def get_about(request: web.Request) -> web.Response:
    folder = request.app[FOLDER]
    archive = request.app[ARCHIVE]
    return web.json_response(
        {
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.system(),
            "port": request.app[GATE].port,
            "folder": str(folder.root),
            "log": str(folder.log),
            "history": {
                "verdicts": await archive.do(lambda history: history.count()),
                "bytes": await archive.do(lambda history: history.size()),
            },
            "folder_bytes": await asyncio.to_thread(_bytes_in, folder.root),
            "set_aside": sorted(path.name for path in await asyncio.to_thread(set_aside_files, folder)),
        }
    )


async def get_model(_request: web.Request) -> web.Response:
    try:
        return web.json_response(await asyncio.to_thread(model_card))
    except cards.CardError as error:
        raise Problem(503, "no-detector", f"{error}.", retry_after=60) from error


def model_card() -> dict[str, Any]:
    """The released card in short, and what each sensitivity means with it. Shares are 0..1. Raises CardError."""
    card = cards.released()
    raw = card.raw
    choices = sensitivity.released()
    figures = _dict(_dict(raw.get("figures")).get("full"))
    conditions = _dict(figures.get("conditions"))
    data = _dict(raw.get("data"))
    return {
        "name": card.name,
        "version": card.version,
        "released": raw.get("released"),
        "licence": raw.get("licence"),
        "paper": raw.get("paper"),
        "bytes": _dict(raw.get("graph")).get("bytes"),
        "sha256": card.sha256,
        "learned_from": _counts(data.get("train")),
        "calibrated_on": _counts(raw.get("calibration")),
        "measured_on": _counts(figures),
        "promises": {"ai": card.rates.ai, "likely_ai": card.rates.likely_ai, "no_sign": card.rates.no_sign},
        "sensitivity": {
            name: {"promised": each.promised, "real": each.real, "generated": each.generated}
            for name, each in choices.items()
        },
        "conditions": [
            {
                "name": name,
                "auc": measured.get("auc"),
                "real_flagged": measured.get("real_at_likely_ai"),
                "generated_flagged": measured.get("generated_at_likely_ai"),
                "answered": measured.get("answered"),
                "error_among_answered": measured.get("error_among_answered"),
            }
            for name in CONDITIONS
            if (measured := _dict(conditions.get(name)))
        ],
    }


def _counts(part: Any) -> dict[str, Any]:
    found = _dict(part)
    return {name: found.get(name) for name in ("real_images", "generated_images", "sources")}


def _dict(value: Any) -> dict[str, Any]:
    # Another release's card may lack what only this page shows.
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def set_aside_files(folder: DataFolder) -> list[Path]:
    """Damaged files that were kept for their owner."""
    return [path for path in folder.root.glob("*.damaged-*") if path.is_file()]


def _bytes_in(root: Path) -> int:
    total = 0
    for path in root.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def setup_about(app: web.Application, folder: DataFolder) -> None:
    app[FOLDER] = folder
    add_route(app, "GET", "/v1/control/about", get_about, access=Access.CONTROL)
    add_route(app, "GET", "/v1/control/model", get_model, access=Access.CONTROL)
