"""The commands that make a localiser: its splices, its training, its release."""

import argparse
from pathlib import Path
from typing import Any, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # pyright: ignore[reportPrivateUsage]

_OF_EACH = 40  # untouched images of each category that the threshold of a part is set on


def add(commands: Commands) -> None:
    """`splices`, `train-map` and `release-map`."""
    splices = commands.add_parser("splices", help="reconstruct pictures that splices are drawn from, once")
    splices.add_argument("images", type=Path, nargs="+", help="full sets")
    splices.add_argument("--out", type=Path, required=True, help="folder (1 MB a picture); continued where it ended")
    splices.add_argument("--autoencoders", type=Path, required=True)
    splices.add_argument("--split", choices=("train", "val"), default="train")
    splices.add_argument("--real", type=int, default=2400)
    splices.add_argument("--generated", type=int, default=600)
    splices.add_argument("--seed", type=int, default=0)
    splices.set_defaults(run=_splices)

    train = commands.add_parser("train-map", help="train the localiser: which places of a picture were generated")
    train.add_argument("pool", type=Path, nargs="+", help="folders that `splices` made")
    train.add_argument("--out", type=Path, required=True, help="checkpoint to write, e.g. run/map.pt")
    train.add_argument("--without", help="an autoencoder to leave out (for measuring)")
    train.add_argument("--splices", type=int, default=10_000, help="74 kB each beside OUT while it trains")
    train.add_argument("--steps", type=int, default=4000)
    train.add_argument("--rate", type=float, default=3e-3, help="of learning, at its highest; falls to nothing")
    train.add_argument("--start", type=Path, help="checkpoint to go on from, e.g. the last release's map.pt")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, help="CPU threads; all by default")
    train.set_defaults(run=_train)

    release = commands.add_parser("release-map", help="export and calibrate the localiser, write graph and card")
    release.add_argument("weights", type=Path, help="map.pt")
    release.add_argument("--pool", type=Path, required=True, help="folder that `splices --split val` made")
    release.add_argument("--images", type=Path, nargs="+", required=True, help="full sets, for untouched images")
    release.add_argument("--version", required=True)
    release.add_argument("--out", type=Path, help="default: released/map beside the detector's card")
    release.set_defaults(run=_release)


def _splices(options: argparse.Namespace) -> int:
    from naturaltrace_model.data import manifest, splice_pool
    from naturaltrace_model.data.autoencoders import load_autoencoders

    autoencoders = [a.half() for a in load_autoencoders(options.autoencoders)]
    samples = [s for root in options.images for s in manifest.load(root, (options.split,))]
    if options.split == "train":
        samples = [s for s in samples if not splice_pool.is_held(s.source)]
    count = splice_pool.make(samples, autoencoders, options.out, options.real, options.generated, options.seed)
    print(f"{count} pictures in {options.out}")
    return 0


def _train(options: argparse.Namespace) -> int:
    import torch

    from naturaltrace_model.data.splice_pool import SplicePool
    from naturaltrace_model.training import localiser as training

    if options.threads:
        torch.set_num_threads(options.threads)
    pool = SplicePool.open(*options.pool)
    if options.without:
        pool = pool.without(options.without)
    config = training.TrainConfig(splices=options.splices, steps=options.steps, rate=options.rate, seed=options.seed)
    training.train(pool, config, options.out, start=training.load(options.start) if options.start else None)
    print(f"wrote {options.out}")
    return 0


def _release(options: argparse.Namespace) -> int:
    from naturaltrace.detection import card as cards
    from naturaltrace.detection.detector import Detector
    from naturaltrace_model.data.splice_pool import SplicePool
    from naturaltrace_model.export.localiser import release

    detector = Detector(cards.released(), localiser=None)
    out = options.out or Path(__file__).resolve().parents[1] / "released" / "map"
    pool, samples = SplicePool.open(options.pool), untouched(options.images)
    path = release(
        options.weights, pool, samples, options.version, out, lambda image: detector.detect(image).jpeg_quality
    )
    print(f"wrote {path}")
    return 0


def untouched(images: list[Path]) -> list[Any]:
    """Images without any splice that the localiser never saw: up to forty of each category, sources by turns; of the
    val split, and of the train split's sources that `splices` leaves out."""
    from naturaltrace_model.data import manifest, splice_pool
    from naturaltrace_model.evaluation.sets import spread

    found = [s for root in images for s in manifest.load(root, ("train", "val"))]
    unseen = [s for s in found if s.split == "val" or splice_pool.is_held(s.source)]
    categories = sorted({s.category for s in unseen})
    return [s for category in categories for s in spread([s for s in unseen if s.category == category], _OF_EACH)]
