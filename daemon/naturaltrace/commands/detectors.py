"""`naturaltrace detectors`: other detectors beside the bundled one, each with a card that says how to read it."""

import argparse
import json
import sys
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturaltrace.commands.parsers import Commands

if TYPE_CHECKING:
    from naturaltrace.detectors.card import ForeignCard
    from naturaltrace.detectors.compare import Compared


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("detectors", help="add, list, compare and remove other detectors")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    listed = actions.add_parser("list", parents=[common], help="the bundled detector and those that were added")
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.set_defaults(command=_list)

    card = actions.add_parser("card", help="print a card to fill in for a graph")
    card.add_argument("graph", type=Path, metavar="FILE.onnx")
    card.set_defaults(command=_card)

    added = actions.add_parser("add", parents=[common], help="check a graph against its card, test it, keep it")
    added.add_argument("graph", type=Path, metavar="FILE.onnx")
    added.add_argument("--card", type=Path, required=True, metavar="card.json")
    added.add_argument("--calibrate", type=Path, metavar="DIR", help="measure thresholds on DIR/real, DIR/generated")
    added.add_argument("--replace", action="store_true", help="in the place of one of the same name")
    added.set_defaults(command=_add)

    removed = actions.add_parser("remove", parents=[common], help="forget one")
    removed.add_argument("name")
    removed.set_defaults(command=_remove)

    compared = actions.add_parser("compare", parents=[common], help="several detectors on the images of one folder")
    compared.add_argument("folder", type=Path, help="with real/ and generated/ in it, errors are counted too")
    compared.add_argument("--detector", action="append", metavar="NAME", help="default: the bundled one and all added")
    compared.add_argument("--limit", type=int, metavar="N", help="the first N images only")
    compared.add_argument("--json", action="store_true", help="print JSON")
    compared.set_defaults(command=_compare)


def _guarded(options: argparse.Namespace, action: Any) -> int:
    from naturaltrace.detection.card import CardError
    from naturaltrace.detectors.registry import UnknownDetector

    try:
        return int(action(options) or 0)
    except (CardError, UnknownDetector) as error:
        text = str(error)
        print(text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."), file=sys.stderr)
        return 1


def _list(options: argparse.Namespace) -> int:
    from naturaltrace.detection.card import CardError, released
    from naturaltrace.detectors.registry import Registry
    from naturaltrace.storage.paths import DataFolder

    bundled = released()
    rows = [{"name": bundled.name, "version": bundled.version, "licence": bundled.raw["licence"], "source": "bundled"}]
    problems: list[str] = []
    for card in Registry(DataFolder.at(options.data_dir)).list():
        if isinstance(card, CardError):
            problems.append(str(card))
        else:
            rows.append({n: str(getattr(card, n)) for n in ("name", "version", "licence", "source")})
    if options.json:
        print(json.dumps({"detectors": rows, "problems": problems}, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['name']} {row['version']}  licence: {row['licence']}  {row['source']}")
        for problem in problems:
            print(problem, file=sys.stderr)
    return 1 if problems else 0


def _card(options: argparse.Namespace) -> int:
    def action(options: argparse.Namespace) -> None:
        from naturaltrace.detectors.template import template

        print(json.dumps(template(options.graph), indent=1))

    return _guarded(options, action)


def _add(options: argparse.Namespace) -> int:
    return _guarded(options, _really_add)


def _really_add(options: argparse.Namespace) -> int:
    from naturaltrace.detection.card import CardError
    from naturaltrace.detectors.card import parse
    from naturaltrace.detectors.registry import Registry
    from naturaltrace.storage.paths import DataFolder

    try:
        document: Any = json.loads(options.card.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError(f"the card can't be read: {error}") from error
    if options.calibrate is not None:
        document = _calibrated(options, document)
    tested = Registry(DataFolder.at(options.data_dir)).add(options.graph, document, replace=options.replace)
    card = parse(document)
    print(f"Added {card.name} {card.version}, from {card.source}.")
    print(f"Licence: {card.licence}")
    compared = tested.compared
    expected = f"{compared} scores as the card expects" if compared else "no scores to compare with"
    print(f"Self-test passed ({expected}): " + ", ".join(f"{n} {s:.3f}" for n, s in tested.scores.items()))
    print(_thresholds(card))
    return 0


def _calibrated(options: argparse.Namespace, document: Any) -> Any:
    from naturaltrace.detectors.calibrate import RATES, calibration
    from naturaltrace.detectors.card import parse
    from naturaltrace.detectors.foreign import ForeignDetector

    blank = {"rates": RATES, "thresholds": {}}
    placed = {**document.get("graph", {}), "file": options.graph.name}
    detector = ForeignDetector(options.graph.parent, parse({**document, "graph": placed, "calibration": blank}))
    return {**document, "calibration": calibration(detector, options.calibrate)}


def _thresholds(card: "ForeignCard") -> str:
    own = card.calibration
    known = [f"{n} {v:.3f}" for n, v in (("ai", own.ai), ("likely_ai", own.likely_ai), ("no_sign", own.no_sign)) if v]
    if not known:
        return "It has no thresholds, so it will always say “can't tell”; measure them with --calibrate DIR."
    return "Thresholds (log-odds): " + ", ".join(known)


def _remove(options: argparse.Namespace) -> int:
    def action(options: argparse.Namespace) -> None:
        from naturaltrace.detectors.registry import Registry
        from naturaltrace.storage.paths import DataFolder

        Registry(DataFolder.at(options.data_dir)).remove(options.name)
        print(f"Removed {options.name}.")

    return _guarded(options, action)


def _compare(options: argparse.Namespace) -> int:
    return _guarded(options, _really_compare)


def _really_compare(options: argparse.Namespace) -> int:
    from naturaltrace.detectors.card import ForeignCard
    from naturaltrace.detectors.compare import agreement, compare
    from naturaltrace.detectors.registry import BUNDLED, Registry
    from naturaltrace.storage.paths import DataFolder

    folder = DataFolder.at(options.data_dir)
    added = [card.name for card in Registry(folder).list() if isinstance(card, ForeignCard)]
    found = compare(options.folder, options.detector or [BUNDLED, *added], folder.root, options.limit)
    together: list[dict[str, Any]] = [
        {"detectors": [a.name, b.name], "agreement": agreement(a, b)} for a, b in combinations(found, 2)
    ]
    if options.json:
        print(json.dumps({"detectors": [f.to_json() for f in found], "pairs": together}, ensure_ascii=False))
        return 0
    _table(found)
    for pair in together:
        a, b = pair["detectors"]
        share = pair["agreement"]
        print(f"{a} and {b}: " + ("no image that both answer" if share is None else f"{share:.1%} of answers agree"))
    return 0


def _table(found: "list[Compared]") -> None:
    rows = [f.to_json() for f in found]
    names = [n for n in rows[0] if n != "levels"] if rows else []
    heads = [*names[:3], "ai", "likely_ai", "unclear", "no_sign", *names[3:]]
    lines = [[str({**row, **row["levels"]}.get(h, "")) for h in heads] for row in rows]
    widths = [max(len(h), *(len(line[i]) for line in lines)) for i, h in enumerate(heads)]
    for line in [heads, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
