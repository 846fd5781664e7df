"""The commands that make and measure evidence: where, whose, taught, and what is left after an attack."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from naturaltrace_model.evaluation.gallery import Embedded

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # pyright: ignore[reportPrivateUsage]

_OPTIONS = ("localisation", "attribution", "attacks", "own_camera")


def add(commands: Commands) -> None:
    """`gallery` and `evidence`."""
    gallery = commands.add_parser("gallery", help="draw the whole-image squares that attribution is fitted to")
    gallery.add_argument("images", type=Path)
    gallery.add_argument("out", type=Path)
    gallery.add_argument("--per-generator", type=int, default=60, help="images of each generator and split")
    gallery.add_argument("--real", type=int, default=120, help="real images of each split")
    gallery.add_argument("--seed", type=int, default=0)
    gallery.set_defaults(run=_gallery)

    evidence = commands.add_parser("evidence", help="measure what explanations need; writes evidence.json")
    evidence.add_argument("images", type=Path, help="full set, whose val split is looked at")
    evidence.add_argument("--trace", type=Path, help="detector.pt (or 0.1.0's stage2.pt), for the natural traces")
    evidence.add_argument("--gallery", type=Path, help="folder that `gallery` made, for attribution")
    _add_described(evidence)
    evidence.add_argument("--most", type=int, default=300, help="val images, spread over sources")
    evidence.add_argument("--card", type=Path, help="another card than the released one")
    evidence.add_argument("--out", type=Path, help="default: evidence.json beside the card")
    evidence.set_defaults(run=_evidence)


def extend_evaluate(parser: argparse.ArgumentParser) -> None:
    """More that `evaluate` can measure, one at a time."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--localisation", action="store_true", help="heat map against splices; needs --autoencoders")
    what.add_argument("--attribution", action="store_true", help="closed, open and few-shot; needs --gallery")
    what.add_argument("--attacks", action="store_true", help="recall and false positives after attacks")
    what.add_argument("--own-camera", action="store_true", help="false positives with one's own camera taught")
    parser.add_argument("--autoencoders", type=Path, help="folder of tiny autoencoders (localisation, attacks)")
    parser.add_argument("--gallery", type=Path, help="folder that `gallery` made (attribution)")
    parser.add_argument("--trace", type=Path, help="detector.pt, for --described (attribution)")
    _add_described(parser)
    parser.add_argument("--map-weights", type=Path, help="map.pt, for its gradient saliency (localisation)")
    parser.add_argument(
        "--qualities", type=_qualities, default=(0, 90, 75), help="JPEG qualities, 0 for lossless (localisation)"
    )
    parser.add_argument("--edge", type=int, default=640, help="long edge that splices are made at (localisation)")
    parser.add_argument("--untouched", type=int, default=400, help="real images without a splice (localisation)")
    parser.add_argument("--map-card", type=Path, help="another localiser than the released one (localisation)")
    parser.add_argument("--shard", type=Path, help="crops that the attacker's own detector is trained on (attacks)")
    parser.add_argument("--surrogate-steps", type=int, default=150, help="training steps of the attacker's detector")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")


def _add_described(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--described", type=Path, help="statistics of images that `release --folds` kept beside the folds (attribution)"
    )
    parser.add_argument("--further", type=Path, nargs="*", default=[], help="further sets that these are of")


def asked(options: argparse.Namespace) -> bool:
    """Whether `evaluate` was asked for one of these."""
    return any(getattr(options, name) for name in _OPTIONS)


def evaluate(options: argparse.Namespace) -> int:
    """Run the one that was asked for."""
    from naturaltrace.detection import card as cards

    card = cards.read(options.card) if options.card else cards.released()
    print(f"{card.name} {card.version} on {options.images}, {options.split} split\n")
    if options.attribution:
        return _measure_attribution(options, card)
    if options.localisation:
        return _measure_localisation(options, card)
    from naturaltrace.detection.detector import Detector

    detector = Detector(card)
    if options.attacks:
        return _measure_attacks(options, detector)
    return _measure_own_camera(options, detector)


def _gallery(options: argparse.Namespace) -> int:
    from naturaltrace_model.data import manifest
    from naturaltrace_model.evaluation import gallery

    chosen = gallery.choose(manifest.load(options.images), options.per_generator, options.real, options.seed)
    print(f"{gallery.make(chosen, options.out)} of {len(chosen)} images in {options.out}")
    return 0


def _evidence(options: argparse.Namespace) -> int:
    import torch

    from naturaltrace.detection import card as cards
    from naturaltrace.detection.detector import Detector
    from naturaltrace.evidence.reference import FILE
    from naturaltrace_model.evaluation import attribution, gallery, proportions, readings
    from naturaltrace_model.evaluation.sets import samples_of

    card = cards.read(options.card) if options.card else cards.released()
    prototypes = None
    if options.trace:
        stored: dict[str, Any] = torch.load(options.trace, map_location="cpu", weights_only=True)
        weights: dict[str, Any] = stored.get("detector") or stored["network"]
        key = next((k for k in weights if k.endswith("prototypes")), None)
        prototypes = None if key is None else weights[key].float().numpy()
    known = None
    if _lacks_trace(options):
        return 2
    if options.gallery:
        try:
            seen = gallery.embed(options.gallery, card)
            known = attribution.fit(seen)
            learned = _learned(options, card, seen)
            known = replace(known, **{level: readings.fit(learned, level) for level in readings.LEVELS})
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
    samples = _some(samples_of(options.images, "val"), options.most)
    document = proportions.fit(card, proportions.look(Detector(card), samples), prototypes, known)
    out = options.out or (options.card.parent if options.card else _released()) / FILE
    proportions.write(document, out)
    print(f"wrote {out}: {document['measured_on']}")
    return 0


def _measure_attribution(options: argparse.Namespace, card: Any) -> int:
    from naturaltrace_model.evaluation import attribution, gallery, reading_figures

    if options.gallery is None:
        print("--attribution needs --gallery, the folder that `naturaltrace-model gallery` made", file=sys.stderr)
        return 2
    if _lacks_trace(options):
        return 2
    seen = gallery.embed(options.gallery, card)
    reference = attribution.fit(seen)
    learned = _learned(options, card, seen)
    others = seen.where(seen.splits == options.split)
    if learned.texture is not None:
        others = _looked_at(options, card, others)
    figures: dict[str, Any] = {
        "prototypes": attribution.measure(reference, seen, options.split),
        **reading_figures.report(learned, others),
        "few_shot": [attribution.few_shot(seen, shots) for shots in (1, 5, 20)],
    }
    return _told(figures, _json(figures), options.out)


def _lacks_trace(options: argparse.Namespace) -> bool:
    """Whether statistics are given without the detector that they are of, and then says so."""
    if options.described is None or options.trace is not None:
        return False
    print("--described needs --trace, the detector.pt that its statistics are of", file=sys.stderr)
    return True


def _learned(options: argparse.Namespace, card: Any, seen: "Embedded") -> "Embedded":
    """What readings are learned from: the images that `release` described, or the gallery's own. Texture is left out
    where the card's graph would not hand it out."""
    from naturaltrace.detection.session import CropSession
    from naturaltrace_model.evaluation import gallery
    from naturaltrace_model.evaluation.sets import samples_of
    from naturaltrace_model.training import detector

    if options.described is None:
        return seen.where(seen.splits != "test")
    samples = [
        s for root in (options.images, *options.further) for split in ("train", "val") for s in samples_of(root, split)
    ]
    found = gallery.described(options.described, samples, detector.load(options.trace))
    return found if CropSession(card, 1).has_texture else replace(found, texture=None)


def _looked_at(options: argparse.Namespace, card: Any, others: "Embedded") -> "Embedded | None":
    """The generated ones of the gallery's images once more, their crops too; None where the graph shows no texture."""
    from naturaltrace.detection.detector import Detector
    from naturaltrace_model.evaluation import gallery
    from naturaltrace_model.evaluation.sets import samples_of

    wanted = {e.sha256 for e in others.entries if e.label}
    samples = [s for s in samples_of(options.images, options.split) if s.sha256 in wanted]
    return gallery.looked_at(Detector(card), samples)


def _measure_localisation(options: argparse.Namespace, card: Any) -> int:
    from naturaltrace.detection import localiser as localisers
    from naturaltrace.detection.detector import Detector
    from naturaltrace.evidence.adviser import Adviser
    from naturaltrace_model.data.autoencoders import load_autoencoders
    from naturaltrace_model.evaluation import localisation, parts
    from naturaltrace_model.evaluation.sets import samples_of, spread

    if options.autoencoders is None:
        print("--localisation needs --autoencoders", file=sys.stderr)
        return 2
    localiser = localisers.read(options.map_card) if options.map_card else localisers.released_card()
    detector = Detector(card, localiser=None if localiser is None else localisers.Localiser(localiser))
    samples = samples_of(options.images, options.split)
    autoencoders = [a.half() for a in load_autoencoders(options.autoencoders)]
    saliency = localisation.saliency_of(options.map_weights) if options.map_weights else None
    cases = localisation.cases(samples, autoencoders, options.limit or 60, edge=options.edge)
    part = Adviser.for_profile(card, None, None if localiser is None else localiser.part).reference.part
    figures = localisation.summarise(localisation.measure(detector, cases, options.qualities, saliency, part))
    untouched = spread([s for s in samples if s.label == 0], options.untouched)
    alarms = parts.measure(detector, part, untouched)
    text = f"{localisation.table(figures)}\n\n{parts.table(alarms)}"
    return _told({"splices": figures, "untouched": alarms}, text, options.out)


def _measure_attacks(options: argparse.Namespace, detector: Any) -> int:
    import numpy as np

    from naturaltrace.imaging.decode import decode
    from naturaltrace_model.data.autoencoders import load_autoencoders
    from naturaltrace_model.evaluation import attacks
    from naturaltrace_model.evaluation.sets import samples_of
    from naturaltrace_model.training.batches import Shard

    samples = _some(samples_of(options.images, options.split), options.limit or 100)
    # The attacker's idea of real pictures, and their own detector, come from elsewhere than the images attacked.
    elsewhere = _some([s for s in samples_of(options.images, "val") if s.label == 0], 20)
    spectrum = attacks.radial_spectrum(decode(s.path.read_bytes()).pixels[:1024, :1024] for s in elsewhere)
    autoencoders = [a.half() for a in load_autoencoders(options.autoencoders)] if options.autoencoders else []
    surrogate = None
    if options.shard:
        shard = Shard.open(options.shard)
        surrogate = attacks.train_surrogate(np.asarray(shard.crops), shard.label, options.surrogate_steps)
    rows = attacks.measure(detector, samples, attacks.every(autoencoders, surrogate, spectrum))
    return _told(rows, attacks.table(rows), options.out)


def _measure_own_camera(options: argparse.Namespace, detector: Any) -> int:
    from naturaltrace_model.evaluation import own_camera
    from naturaltrace_model.evaluation.sets import samples_of

    samples = samples_of(options.images, options.split)
    figures = own_camera.measure(detector, _by_source(samples, options.limit or 300))
    return _told(figures, _json(figures), options.out)


def _qualities(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _told(figures: Any, text: str, out: Path | None) -> int:
    print(text)
    if out is not None:
        out.write_text(_json(figures) + "\n", encoding="utf-8")
    return 0


def _json(figures: Any) -> str:
    """JSON has no "not a number": what could not be measured is null."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and value != value:
            return None
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, list):
            return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
        return value

    return json.dumps(plain(figures), indent=1)


def _some(samples: list[Any], most: int) -> list[Any]:
    """At most so many, as many real as generated ones where there are both, spread evenly over each list."""
    import numpy as np

    groups = [own for label in (0, 1) if (own := [s for s in samples if s.label == label])]
    taken: list[Any] = []
    for own in groups:
        count = min(len(own), most // len(groups))
        taken += [own[int(i)] for i in np.linspace(0, len(own) - 1, num=count)]
    return taken


def _by_source(samples: list[Any], most: int) -> list[Any]:
    """Real photographs of the largest sources, up to 30 of each, and half as many generated images."""
    from collections import defaultdict

    own: dict[str, list[Any]] = defaultdict(list)
    for sample in samples:
        if sample.label == 0 and sample.category.startswith("photo"):
            own[sample.source].append(sample)
    largest = sorted(own.values(), key=lambda group: -len(group))
    real = [s for group in largest for s in group[:30]][: most * 2 // 3]
    return real + _some([s for s in samples if s.label == 1], most // 3)


def _released() -> Path:
    return Path(__file__).resolve().parents[1] / "released"
