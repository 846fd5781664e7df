"""`naturaltrace-model`: draw crops, train, calibrate, evaluate, release. Each command says what it wrote."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from naturaltrace_model.evaluation import evidence_commands, map_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from naturaltrace_model.evaluation.leave_out import Fold


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.split(".")[0] in {
            "torch",
            "onnx",
            "onnxscript",
            "sklearn",
            "safetensors",
            "tqdm",
        }:
            print(f"{missing.name} is missing: install the training extra, pip install -e '.[train]'", file=sys.stderr)
            return 2
        raise
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="naturaltrace-model", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    further = commands.add_parser("further", help="collect further training images out of git mirrors, by rules")
    further.add_argument("out", type=Path, help="folder for the images and their table: a set like the others")
    further.add_argument("--mirrors", type=Path, required=True, help="DIR/owner+name/repo are bare git directories")
    whose = further.add_mutually_exclusive_group()
    whose.add_argument("--rules", type=Path, action="append", help="CSV of rules; default: the project's own")
    further.add_argument("--besides", type=Path, nargs="+", default=[], help="sets whose sources and images stay out")
    whose.add_argument("--check", action="store_true", help="the sources that the release was checked on instead")
    further.add_argument("--list", action="store_true", help="print the repositories that the rules need, and stop")
    further.set_defaults(run=_further)

    shards = commands.add_parser("shards", help="draw training crops out of the images")
    shards.add_argument("images", type=Path, help="folder with pack.csv or images.csv")
    shards.add_argument("out", type=Path, help="folder for the shard")
    shards.add_argument("--split", default="train", choices=("train", "val", "test"))
    shards.add_argument("--budget", type=int, default=36000, help="regions per class, two crops each")
    shards.add_argument("--twins", type=int, default=0, help="real regions to keep whole for reconstructions")
    shards.add_argument("--seed", type=int, default=1)
    shards.add_argument("--workers", type=int, default=2)
    shards.add_argument("--webdataset", action="store_true", help="as WebDataset tars too, in OUT/webdataset")
    shards.set_defaults(run=_shards)

    tars = commands.add_parser("webdataset", help="a shard's crops as WebDataset tars, which training reads as well")
    tars.add_argument("shard", type=Path)
    tars.add_argument("out", type=Path)
    tars.add_argument("--per-tar", type=int, default=10_000, help="crops in each tar (10000, about 500 MB)")
    tars.set_defaults(run=_webdataset)

    twins = commands.add_parser("twins", help="reconstruct a shard's kept regions through tiny autoencoders")
    twins.add_argument("shard", type=Path)
    twins.add_argument("out", type=Path)
    twins.add_argument("--autoencoders", type=Path, required=True)
    twins.add_argument("--most", type=int, default=4000, help="regions at most")
    twins.add_argument("--threads", type=int, help="CPU threads; all by default")
    twins.add_argument("--seed", type=int, default=1)
    twins.set_defaults(run=_twins)

    train = commands.add_parser("train", help="stage 1 (natural traces) or stage 2 (real against generated)")
    train.add_argument("stage", type=int, choices=(1, 2))
    train.add_argument("out", type=Path, help="folder for checkpoints and logs; stage 2 starts from its stage1.pt")
    train.add_argument("--shard", type=Path, required=True)
    train.add_argument("--twins", type=Path)
    train.add_argument("--validation", type=Path, help="shard of the val split (stage 2)")
    train.add_argument("--steps", type=int)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, help="CPU threads; all by default")
    train.add_argument("--contrast", type=float, help="weight of the soft contrastive loss (stage 2)")
    train.add_argument("--resume", action="store_true", help="stage 2: go on from stage2.pt, up to --steps")
    train.add_argument("--without-stage1", action="store_true", help="ablation: stage 2 from scratch, no contrast")
    train.set_defaults(run=_train)

    views = commands.add_parser("views", help="draw small worn squares of whole images for the global branch")
    views.add_argument("images", type=Path)
    views.add_argument("out", type=Path)
    views.add_argument("--split", default="train", choices=("train", "val", "test"))
    views.add_argument("--budget", type=int, default=20000, help="views per class")
    views.add_argument("--size", type=int, default=256, help="pixels of a view's side")
    views.add_argument("--seed", type=int, default=1)
    views.add_argument("--workers", type=int, default=2)
    views.set_defaults(run=_views)

    distil = commands.add_parser("distil", help="train the encoder, without labels, on a teacher's middle layers")
    distil.add_argument("out", type=Path, help="folder for encoder.pt and its log")
    distil.add_argument("--shard", type=Path, nargs="+", required=True, help="crops to learn from")
    distil.add_argument("--views", type=Path, nargs="+", required=True, help="views drawn with --size 256")
    distil.add_argument("--validation", type=Path, nargs="+", required=True, help="crops of the val split")
    distil.add_argument("--validation-views", type=Path, nargs="+", required=True)
    distil.add_argument("--start", type=Path, help="an encoder.pt to go on from")
    distil.add_argument("--blockwise", type=int, default=600, help="steps with every block by itself")
    distil.add_argument("--whole", type=int, default=1500, help="steps with all of them together")
    distil.add_argument("--rate", type=float, default=1.5e-3, help="learning rate of the steps as a whole")
    distil.add_argument("--pooled", type=float, default=2.0, help="weight of the statistics' errors against the maps'")
    distil.add_argument("--seed", type=int, default=0)
    distil.add_argument("--threads", type=int, help="CPU threads; all by default")
    distil.set_defaults(run=_distil)

    judge = commands.add_parser("judge", help="learn the natural traces and all heads on the encoder's statistics")
    judge.add_argument("out", type=Path, help="folder for detector.pt, logs and cached statistics")
    judge.add_argument("--encoder", type=Path, required=True, help="encoder.pt, or a release's card.json")
    judge.add_argument("--shard", type=Path, nargs="+", required=True)
    judge.add_argument("--twins", type=Path)
    judge.add_argument("--views", type=Path, nargs="+", required=True)
    judge.add_argument("--validation", type=Path, help="crops of sources that are not learned from")
    judge.add_argument("--validation-views", type=Path)
    judge.add_argument("--folds", type=int, default=0, help="judge every source by a detector that never saw it")
    judge.add_argument("--seed", type=int, default=0)
    judge.add_argument("--threads", type=int, help="CPU threads; all by default")
    judge.set_defaults(run=_judge)

    leave_out = commands.add_parser("leave-out", help="judge each generator family and real source by a fit without it")
    _add_described(leave_out)
    leave_out.add_argument("--most", type=int, default=30_000, help="rows of a fit")
    leave_out.add_argument("--images", type=Path, help="full set: leave families out of whole detectors as well")
    leave_out.add_argument("--further", type=Path, nargs="+", default=[], help="further sets that were learned from")
    leave_out.add_argument("--card", type=Path, help="card whose aggregation scores images; default: the released one")
    leave_out.set_defaults(run=_leave_out)

    outside = commands.add_parser("outside", help="every source by the fold that never saw it: AUC, and who is flagged")
    outside.add_argument("judged", type=Path, help="folder of `judge --folds`")
    outside.add_argument("--images", type=Path, required=True, help="full set")
    outside.add_argument("--further", type=Path, nargs="+", default=[], help="further sets, a line for each")
    outside.add_argument("--card", type=Path, help="card whose aggregation scores images; default: the released one")
    outside.add_argument("--workers", type=int, default=2, help="processes that decode images, the first time")
    outside.set_defaults(run=_outside)

    ablate = commands.add_parser("ablate", help="learn the traces again, one part left out at a time")
    _add_described(ablate)
    ablate.add_argument("--rows", type=int, default=30_000, help="crops to learn from")
    ablate.set_defaults(run=_ablate)

    release = commands.add_parser("release", help="export, calibrate on val, evaluate on test, write graph and card")
    release.add_argument("detector", type=Path, help="detector.pt")
    release.add_argument("--images", type=Path, required=True, help="full set, for calibration (val) and test")
    release.add_argument("--further", type=Path, nargs="+", default=[], help="further sets that were learned from")
    release.add_argument(
        "--folds", type=Path, help="folds of `judge --folds`: calibrate on all sources, each by the one without it"
    )
    release.add_argument("--pack", type=Path, help="the pack, whose test split is reported beside the full set's")
    release.add_argument("--version", required=True)
    release.add_argument("--workers", type=int, default=1, help="processes that judge images")
    release.add_argument(
        "--int8",
        nargs=2,
        type=Path,
        metavar=("SHARD", "VIEWS"),
        help="offer an int8 graph too, ranges measured on these",
    )
    release.add_argument("--out", type=Path, help="default: the package's released folder")
    release.set_defaults(run=_release)

    checked = commands.add_parser(
        "release-check", help="measure a release on sources found later, and put it on its card"
    )
    checked.add_argument("images", type=Path, help="set with a split `check` (`further --check` collects ours)")
    checked.add_argument("--card", type=Path, required=True, help="card.json of the release; it is written anew")
    checked.add_argument("--workers", type=int, default=1, help="processes that judge images")
    checked.add_argument("--scores", type=Path, help="scores of this very card to start from; they grow")
    checked.set_defaults(run=_release_check)

    evaluate = commands.add_parser("evaluate", help="measure the released detector on any set of images")
    evaluate.add_argument("images", type=Path, help="set, folder with real/ and generated/, or CSV of path and label")
    evaluate.add_argument("--split", default="test", choices=("train", "val", "test", "check"))
    evaluate.add_argument(
        "--without", nargs="+", default=(), metavar="NAME", help="leave out generators, categories or sources"
    )
    evaluate.add_argument("--condition", action="append", choices=("clean", "web", "hard"), help="default: all three")
    evaluate.add_argument("--card", type=Path, help="another card than the released one")
    evaluate.add_argument("--limit", type=int, help="first N images only")
    evaluate.add_argument("--most", type=int, help="so many images at most, spread over generators and sources")
    evaluate.add_argument("--report", type=Path, metavar="DIR", help="write report.html and its scores there")
    evaluate.add_argument("--sweep", type=int, default=120, help="images of the report's sweeps; 0 leaves them out")
    evaluate.add_argument("--scores", type=Path, help="scores of this very card, as --csv wrote them, to start from")
    evaluate.add_argument("--by-source", action="store_true", help="print each source's figures and what they vary by")
    evaluate.add_argument("--table", type=Path, action="append", help="put another command's CSV or JSON in the report")
    evaluate.add_argument("--csv", type=Path, help="write one row per image and condition")
    evaluate.add_argument("--workers", type=int, default=1, help="processes that judge images (not for a report)")
    evaluate.add_argument("--json", action="store_true")
    evidence_commands.extend_evaluate(evaluate)
    evaluate.set_defaults(run=_evaluate)
    evidence_commands.add(commands)
    map_commands.add(commands)

    quantise = commands.add_parser("quantise", help="make the int8 graph of a card and compare it with the fp32 one")
    quantise.add_argument("out", type=Path, help="folder that becomes a release with both graphs")
    quantise.add_argument("--shard", type=Path, required=True, help="training crops, to measure ranges on")
    quantise.add_argument("--views", type=Path, required=True, help="training views, likewise")
    quantise.add_argument("--images", type=Path, required=True, help="set whose val split compares the two")
    quantise.add_argument("--ranges", type=int, default=256, help="crops to measure ranges on")
    quantise.add_argument("--most", type=int, default=200, help="images to compare on")
    quantise.add_argument("--card", type=Path, help="another card than the released one")
    quantise.set_defaults(run=_quantise)

    parity = commands.add_parser("parity", help="the same files by torch, by the graph and by the companion")
    parity.add_argument("images", type=Path)
    parity.add_argument("--split", default="test", choices=("train", "val", "test"))
    parity.add_argument("--detector", type=Path, help="detector.pt of the released graph")
    parity.add_argument("--card", type=Path, help="another card than the released one; leaves the companion out")
    parity.add_argument("--most", type=int, default=60, help="files, spread over generators and sources")
    parity.set_defaults(run=_parity)

    baselines = commands.add_parser("baselines", help="train other methods, and ours in parts, on the same crops")
    baselines.add_argument("shards", type=Path, help="folder with train, twins and val (and test) shards in it")
    baselines.add_argument("--out", type=Path, required=True, help="folder for the table; rows in it are kept")
    baselines.add_argument("--steps", type=int, default=150)
    baselines.add_argument("--batch", type=int, default=64)
    baselines.add_argument("--width", type=float, default=0.5, help="of every trunk; 1 is the released trace branch")
    baselines.add_argument("--row", action="append", help="only this row; may be given several times")
    baselines.add_argument("--most", type=int, default=1000, help="regions of each class and split to judge on")
    baselines.add_argument("--seed", type=int, default=0)
    baselines.add_argument("--threads", type=int, help="CPU threads; all by default")
    baselines.set_defaults(run=_baselines)

    protocols = commands.add_parser("protocols", help="train with one family, source, autoencoder or era left out")
    protocols.add_argument("shards", type=Path, help="folder with train, twins and val (and test) shards in it")
    protocols.add_argument("--out", type=Path, required=True, help="folder for the table; folds in it are kept")
    protocols.add_argument(
        "--protocol", action="append", choices=("families", "autoencoders", "temporal", "real-sources"),
        help="default: all",
    )  # fmt: skip
    protocols.add_argument("--images", type=Path, help="the set that the shards are of; temporal needs its generators")
    protocols.add_argument("--method", default="ours", help="a row of `baselines`")
    protocols.add_argument("--steps", type=int, default=120)
    protocols.add_argument("--batch", type=int, default=64)
    protocols.add_argument("--width", type=float, default=0.5, help="of the trunk; 1 is the released trace branch")
    protocols.add_argument("--most", type=int, default=300, help="regions of each class and shard to judge on")
    protocols.add_argument("--seed", type=int, default=0)
    protocols.add_argument("--threads", type=int, help="CPU threads; all by default")
    protocols.set_defaults(run=_protocols)

    probe = commands.add_parser("probe", help="how well file facts alone tell the classes apart, before and after")
    probe.add_argument("images", type=Path)
    probe.add_argument("--split", action="append", choices=("train", "val", "test"), help="default: train")
    probe.add_argument("--most", type=int, default=2000, help="images, half of each class, sources in turn")
    probe.add_argument("--seed", type=int, default=0)
    probe.add_argument("--json", type=Path, help="write the lines for a report")
    probe.set_defaults(run=_probe)

    dedupe = commands.add_parser("dedupe", help="find near copies; of two splits, the lesser loses them")
    dedupe.add_argument("images", type=Path, nargs="+", help="one set, or several that are used together")
    dedupe.add_argument("--out", type=Path, help="default: duplicates.csv beside each set's table, where it counts")
    dedupe.add_argument("--cache", type=Path, help="CSV that keeps the hashes between runs")
    dedupe.add_argument("--distance", type=int, default=24, help="bits of 256 that near copies may differ in")
    dedupe.set_defaults(run=_dedupe)
    return parser


def _further(options: argparse.Namespace) -> None:
    from naturaltrace_model.data import further, manifest

    own = further.CHECK if options.check else further.RULES
    rules = [rule for path in options.rules or [own] for rule in further.read_rules(path)]
    if options.list:
        print("\n".join(sorted({rule.repo for rule in rules})))
        return
    known = [s for root in options.besides for s in manifest.load(root, with_copies=True)]
    rows, wrong = further.collect(
        rules, options.mirrors, options.out, {s.sha256 for s in known}, {s.source.lower() for s in known}
    )
    for line in wrong:
        print(line, file=sys.stderr)
    generated = sum(row["label"] == "1" for row in rows)
    sources = len({row["repo"] for row in rows})
    print(f"{generated} generated and {len(rows) - generated} real images of {sources} sources in {options.out}")


def _shards(options: argparse.Namespace) -> None:
    from naturaltrace_model.data import manifest, shards

    samples = manifest.load(options.images, (options.split,))
    count = shards.build(
        samples, options.out, budget=options.budget, seed=options.seed, twins=options.twins, workers=options.workers
    )
    print(f"{count} crops of {len(samples)} images in {options.out}")
    if options.webdataset:
        from naturaltrace_model.data import webdataset

        tars = webdataset.write(options.out, options.out / "webdataset")
        print(f"{len(tars)} tars in {options.out / 'webdataset'}")


def _webdataset(options: argparse.Namespace) -> None:
    from naturaltrace_model.data import webdataset

    tars = webdataset.write(options.shard, options.out, per_tar=options.per_tar)
    print(f"{len(tars)} tars in {options.out}")


def _twins(options: argparse.Namespace) -> None:
    import torch

    from naturaltrace_model.data.autoencoders import load_autoencoders
    from naturaltrace_model.data.twins import add_twins

    if options.threads:
        torch.set_num_threads(options.threads)

    autoencoders = [a.half() for a in load_autoencoders(options.autoencoders)]
    count = add_twins(options.shard, options.out, autoencoders, seed=options.seed, most=options.most)
    print(f"{count} crops through {', '.join(a.name for a in autoencoders)} in {options.out}")


def _set_up_torch(options: argparse.Namespace) -> "torch.device":
    """Threads and seed as asked for; the GPU where there is one, under torchrun this process's own."""
    import torch

    from naturaltrace_model.training import distributed

    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    # Under torchrun this process is one of several.
    return distributed.begin() or torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _train(options: argparse.Namespace) -> int:
    import torch

    from naturaltrace_model.networks.trace_net import TraceNet
    from naturaltrace_model.training import checkpoint, stage1, stage2
    from naturaltrace_model.training.batches import Shard

    device = _set_up_torch(options)
    main_shard = Shard.open(options.shard)
    twins = Shard.open(options.twins) if options.twins else None
    if options.stage == 1:
        network = TraceNet().to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        config = stage1.Stage1Config(seed=options.seed, **({"steps": options.steps} if options.steps else {}))
        stage1.train(network, main_shard, twins, config, options.out)
        print(f"natural traces in {options.out / 'stage1.pt'}")
        return 0
    if options.validation is None:
        print("stage 2 needs --validation", file=sys.stderr)
        return 2
    network, anchor = TraceNet(), None
    if not options.without_stage1:
        network, _ = checkpoint.load(options.out / "stage1.pt")
        anchor, _ = checkpoint.load(options.out / "stage1.pt")
        anchor = anchor.to(device).requires_grad_(False)
    start = 0
    if options.resume:
        network, stored = checkpoint.load(options.out / "stage2.pt")
        start = int(stored["step"])
    network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    chosen = {name: value for name in ("steps", "contrast") if (value := getattr(options, name)) is not None}
    config = stage2.Stage2Config(seed=options.seed, **chosen)
    validation = Shard.open(options.validation)
    stage2.train(network, main_shard, twins, validation, config, options.out, anchor=anchor, start=start)
    print(f"detector in {options.out / 'stage2.pt'}")
    return 0


def _views(options: argparse.Namespace) -> None:
    from naturaltrace_model.data import manifest, views

    samples = manifest.load(options.images, (options.split,))
    count = views.build(
        samples, options.out,
        budget=options.budget, seed=options.seed, workers=options.workers, size=options.size,
    )  # fmt: skip
    print(f"{count} views of {len(samples)} images in {options.out}")


def _distil(options: argparse.Namespace) -> None:
    import torch

    from naturaltrace_model.networks.encoder import Encoder
    from naturaltrace_model.training import distil

    device = _set_up_torch(options)
    network = distil.load(options.start)[0] if options.start else Encoder()
    network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    config = distil.DistilConfig(
        options.blockwise, options.whole, whole_rate=options.rate, pooled=options.pooled, seed=options.seed
    )
    held = distil.Pictures.open(options.validation, options.validation_views)
    distil.train(network, distil.Pictures.open(options.shard, options.views), held, config, options.out)
    print(f"encoder in {options.out / 'encoder.pt'}")


def _judge(options: argparse.Namespace) -> None:
    from naturaltrace_model.training import detector
    from naturaltrace_model.training.judgement import JudgementConfig

    _set_up_torch(options)
    material = detector.Material(
        tuple(options.shard), options.twins, tuple(options.views), options.validation, options.validation_views
    )
    config = JudgementConfig(seed=options.seed)
    figures = detector.train(options.encoder, material, config, options.out, options.folds)
    for name, value in figures.items():
        print(f"{name:24}{value:.4f}")
    print(f"detector in {options.out / 'detector.pt'}")


def _add_described(command: argparse.ArgumentParser) -> None:
    command.add_argument("judged", type=Path, help="folder that `judge` wrote, with its statistics")
    command.add_argument("--shard", type=Path, nargs="+", required=True)
    command.add_argument("--twins", type=Path)
    command.add_argument("--views", type=Path, nargs="+", required=True)
    command.add_argument("--validation", type=Path, required=True)
    command.add_argument("--validation-views", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True, help="CSV")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--threads", type=int, help="CPU threads; all by default")


def _leave_out(options: argparse.Namespace) -> None:
    from naturaltrace_model.evaluation import leave_out
    from naturaltrace_model.training import detector
    from naturaltrace_model.training.described import Described
    from naturaltrace_model.training.judgement import JudgementConfig

    _set_up_torch(options)
    kept, config = options.judged / "statistics", JudgementConfig()
    found: list[leave_out.Fold] = []
    for look, folders, validation, ridge in (
        ("views", options.views, options.validation_views, config.view_ridge),
        ("crops", options.shard, options.validation, config.ridge),
    ):
        train, names = Described.gather([(detector.statistics_file(kept, look, f), f) for f in folders])
        val = Described.open(detector.statistics_file(kept, look, validation), validation)
        found += leave_out.families(train, val, look, most=options.most, ridge=ridge, seed=options.seed)
        found += leave_out.real_sources(train, val, look, names, most=options.most, ridge=ridge, seed=options.seed)
        leave_out.write(found, options.out)
    if options.images:
        for fold in _leave_out_images(options):
            found.append(fold)
            leave_out.write(found, options.out)
    print(leave_out.table(found))


def _leave_out_images(options: argparse.Namespace) -> "Iterator[Fold]":
    import dataclasses

    from naturaltrace.detection import card as cards
    from naturaltrace_model.data.image_statistics import ImageStatistics
    from naturaltrace_model.evaluation import leave_out
    from naturaltrace_model.export.release import Sets
    from naturaltrace_model.training import crossfit, detector
    from naturaltrace_model.training.judgement import JudgementConfig

    sets = Sets(options.images, further=tuple(options.further))
    described = ImageStatistics.open(options.judged / "images", sets.calibrating())
    _, unseen = next(crossfit.load_all(options.judged / "folds"))
    network = detector.load(options.judged / "detector.pt")
    material = detector.Material(tuple(options.shard), options.twins, tuple(options.views))
    learned = detector.learn_from(network, material, options.judged / "statistics")
    card = cards.read(options.card) if options.card else cards.released()
    config = dataclasses.replace(JudgementConfig(seed=options.seed), rows=options.most)
    yield from leave_out.whole_images(
        network, learned, described, card.aggregation, unseen, config, options.judged / "leave-out"
    )


def _outside(options: argparse.Namespace) -> None:
    from naturaltrace.detection import card as cards
    from naturaltrace_model.evaluation import outside
    from naturaltrace_model.export.release import Sets, cross_fitted

    every = Sets(options.images, further=tuple(options.further))
    rows = list(cross_fitted(options.judged / "folds", every.calibrating(), options.workers))
    sets = {f.name: {s.source for s in Sets(f).split("train", "val")} for f in (options.images, *options.further)}
    card = cards.read(options.card) if options.card else cards.released()
    print(outside.table(rows, sets, card.aggregation))


def _categories(folder: Path) -> "NDArray[np.str_]":
    """The category of each crop of a shard."""
    import json

    import numpy as np

    names = np.array(json.loads((folder / "meta.json").read_text(encoding="utf-8"))["categories"])
    with np.load(folder / "index.npz") as index:
        return names[index["category"]]


def _ablate(options: argparse.Namespace) -> None:
    import dataclasses

    import numpy as np

    from naturaltrace_model.evaluation import ablation
    from naturaltrace_model.training import detector
    from naturaltrace_model.training.described import Described
    from naturaltrace_model.training.judgement import JudgementConfig

    _set_up_torch(options)
    kept = options.judged / "statistics"

    def opened(folder: Path) -> Described:
        return Described.open(detector.statistics_file(kept, "crops", folder), folder)

    crops, _ = Described.gather([(detector.statistics_file(kept, "crops", f), f) for f in options.shard])
    val, twins = opened(options.validation), options.twins and opened(options.twins)
    categories = np.concatenate([_categories(folder) for folder in options.shard])
    network = detector.load(options.judged / "detector.pt")
    config = dataclasses.replace(JudgementConfig(seed=options.seed), rows=options.rows)
    rows: list[dict[str, str | float]] = []
    for row in ablation.ablate(network, crops, twins, val, categories, config, options.out.parent):
        rows.append(row)
        ablation.write(rows, options.out)
        print(row, flush=True)


def _release(options: argparse.Namespace) -> None:
    from naturaltrace_model.export.release import Sets, release

    ranges = (options.int8[0], options.int8[1]) if options.int8 else None
    sets = Sets(options.images, options.pack, tuple(options.further), options.folds)
    written = release(options.detector, sets, options.version, options.out, ranges, options.workers)
    print(f"wrote {written}")


def _release_check(options: argparse.Namespace) -> None:
    from naturaltrace_model.export.checked import check

    print(check(options.images, options.card, options.workers, options.scores))


def _evaluate(options: argparse.Namespace) -> int:
    if evidence_commands.asked(options):
        return evidence_commands.evaluate(options)
    from naturaltrace_model.evaluation.evaluate import evaluate_command

    try:
        evaluate_command(options)
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return 0


def _quantise(options: argparse.Namespace) -> int:
    from naturaltrace.detection import card as cards
    from naturaltrace_model.evaluation.sets import samples_of, spread
    from naturaltrace_model.export import int8

    card = cards.read(options.card) if options.card else cards.released()
    samples = spread(samples_of(options.images, "val"), options.most)
    crops, views = int8.some_crops(options.shard, options.views, options.ranges)
    print(int8.quantise(card, crops, views, samples, options.out).table())
    return 0


def _parity(options: argparse.Namespace) -> int:
    from naturaltrace.detection import card as cards
    from naturaltrace_model.evaluation import parity
    from naturaltrace_model.evaluation.sets import samples_of, spread
    from naturaltrace_model.training import detector

    network = detector.load(options.detector) if options.detector else None
    card = cards.read(options.card) if options.card else cards.released()
    samples = spread(samples_of(options.images, options.split), options.most)
    lines = parity.parity(card, network, samples, companion=options.card is None)
    print(parity.table(lines))
    worst = max((most for _, most, _ in parity.gaps(lines).values()), default=float("nan"))
    within = worst <= parity.TOLERANCE
    print(f"\ngreatest difference {worst:.5f}: {'within' if within else 'BEYOND'} {parity.TOLERANCE}")
    return 0 if within else 1


def _baselines(options: argparse.Namespace) -> int:
    from naturaltrace_model.baselines import table
    from naturaltrace_model.baselines.interface import Budget, Material
    from naturaltrace_model.baselines.registry import ROWS
    from naturaltrace_model.training.batches import Shard

    unknown = set(options.row or ()) - set(ROWS)
    if unknown:
        print(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    _set_up_torch(options)
    root: Path = options.shards
    twins = Shard.open(root / "twins") if (root / "twins").exists() else None
    judged = {s: Shard.open(root / s) for s in ("val", "test") if (root / s / "index.npz").exists()}
    budget = Budget(options.steps, options.batch, options.width, seed=options.seed)
    material = Material(Shard.open(root / "train"), twins)
    rows = table.run(options.row or list(ROWS), material, judged, budget, options.most, options.out)
    print(table.markdown(rows))
    return 0


def _protocols(options: argparse.Namespace) -> int:
    from naturaltrace_model.baselines.interface import Budget, Material
    from naturaltrace_model.data import manifest
    from naturaltrace_model.evaluation import protocols
    from naturaltrace_model.evaluation.folds import PROTOCOLS
    from naturaltrace_model.training.batches import Shard

    _set_up_torch(options)
    wanted = options.protocol or [p for p in PROTOCOLS if p != "temporal" or options.images]
    if "temporal" in wanted and not options.images:
        print("temporal needs --images, which say what generators a source holds", file=sys.stderr)
        return 2
    root: Path = options.shards
    material = Material(Shard.open(root / "train"), Shard.open(root / "twins") if (root / "twins").exists() else None)
    judged = [Shard.open(root / s) for s in ("val", "test") if (root / s / "index.npz").exists()]
    samples = manifest.load(options.images) if options.images else []
    budget = Budget(options.steps, options.batch, options.width, seed=options.seed)
    rows = protocols.run(wanted, options.method, material, judged, samples, budget, options.most, options.out)
    print(
        f"{budget.steps} steps of {budget.batch} crops per fold, trunk width {budget.width}, method {options.method}\n"
    )
    print(protocols.markdown(rows))
    return 0


def _probe(options: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from naturaltrace_model.data import probe
    from naturaltrace_model.evaluation.rows import samples_of

    samples = [s for split in options.split or ["train"] for s in samples_of(options.images, split)]
    lines = probe.probe(samples, most=options.most, seed=options.seed)
    print(probe.table(lines))
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in lines], indent=1), encoding="utf-8")
    after = lines[-1].by_source
    print(f"\nafter alignment {after:.3f}: {'within' if after <= probe.LIMIT else 'ABOVE'} the limit of {probe.LIMIT}")
    return 0 if after <= probe.LIMIT else 1


def _dedupe(options: argparse.Namespace) -> None:
    from naturaltrace_model.data import dedupe, manifest

    samples = [s for root in options.images for s in manifest.load(root, with_copies=True)]
    pairs = dedupe.near_duplicates(samples, dedupe.hashes(samples, options.cache), options.distance)
    print(dedupe.table(pairs))
    for out in [options.out] if options.out else [root / dedupe.FILE for root in options.images]:
        print(f"\n{dedupe.write(pairs, out)} images give way; listed in {out}")


if __name__ == "__main__":
    sys.exit(main())
