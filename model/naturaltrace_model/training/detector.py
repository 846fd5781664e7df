"""From an encoder to a detector: statistics of all shards (kept on disk), then every head, with figures on val."""

from dataclasses import dataclass
from pathlib import Path

import torch

from naturaltrace.detection import card as cards
from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.statistics import describe, drawn
from naturaltrace_model.export.restored import encoder_of
from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector
from naturaltrace_model.networks.encoder import Encoder
from naturaltrace_model.training import crossfit, distil, judgement
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.described import Described
from naturaltrace_model.training.judgement import JudgementConfig


@dataclass(frozen=True, slots=True)
class Material:
    """Folders: crop shards and views to learn from, reconstructions (or none), and crops and views to be judged by
    (or none: where every source is learned from, `crossfit` judges)."""

    shards: tuple[Path, ...]
    twins: Path | None
    views: tuple[Path, ...]
    validation: Path | None = None
    validation_views: Path | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """What the heads are learned from: statistics of crops and views, each with the names of its sources."""

    crops: Described
    crop_sources: list[str]
    views: Described
    view_sources: list[str]
    twins: Described | None


def train(encoder: Path, material: Material, config: JudgementConfig, out: Path, folds: int = 0) -> dict[str, float]:
    """Train the heads, write `out/detector.pt`, return the figures on val. Statistics lie in `out/statistics`.

    With `folds`, so many more detectors are trained that each leave some sources out (`out/folds`), and the figures of
    every source by the detector that never saw it come with the others.
    """
    network = start(encoder)
    learned = learn_from(network, material, out / "statistics")
    figures: dict[str, float] = {}
    if folds:
        figures |= crossfit.train(network, learned, config, folds, out / "folds")
    judgement.train_traces(network, learned.crops, learned.twins, config, out)
    judgement.train_views(network, learned.views, config, out)
    save(out / "detector.pt", network)
    if material.validation is not None:
        crops = describe_folder(network, material.validation, "crops", out / "statistics")
        figures |= judgement.validate_traces(network.trace, Described.open(crops, material.validation))
    if material.validation_views is not None:
        views = describe_folder(network, material.validation_views, "views", out / "statistics")
        found = judgement.validate_views(network.view, Described.open(views, material.validation_views))
        figures |= {f"view_{name}": value for name, value in found.items()}
    return figures


def start(encoder: Path) -> NaturalTraceDetector:
    """A detector around a trained encoder, of a checkpoint or of a release's `card.json`; its heads are random."""
    return around(encoder_of(cards.read(encoder)) if encoder.suffix == ".json" else distil.load(encoder)[0])


def around(network: Encoder) -> NaturalTraceDetector:
    """A detector around an encoder; its heads are random."""
    detector = NaturalTraceDetector(DetectorConfig(encoder=network.config)).eval()
    detector.encoder.load_state_dict(network.state_dict())
    detector.encoder.requires_grad_(False)
    return detector


def learn_from(detector: NaturalTraceDetector, material: Material, kept: Path) -> Learned:
    """Statistics of all that is learned from; read from `kept` where they lie there already."""
    crops, crop_sources = Described.gather(
        [(describe_folder(detector, folder, "crops", kept), folder) for folder in material.shards]
    )
    views, view_sources = Described.gather(
        [(describe_folder(detector, folder, "views", kept), folder) for folder in material.views]
    )
    twins = material.twins and Described.open(describe_folder(detector, material.twins, "crops", kept), material.twins)
    return Learned(crops, crop_sources, views, view_sources, twins)


def describe_folder(detector: NaturalTraceDetector, folder: Path, look: str, kept: Path) -> Path:
    """The file in `kept` with the statistics of a folder's crops or views (`look`), made now unless it is there."""
    path = statistics_file(kept, look, folder)
    if not path.exists():
        describe(detector, drawn(folder, f"{look}.npy"), path, VIEW if look == "views" else None)
    return path


def statistics_file(kept: Path, look: str, folder: Path) -> Path:
    """Where `kept` has the statistics of a folder."""
    folder = folder.resolve()
    return kept / f"{look}-{folder.parent.name}-{folder.name}.npy"


def save(path: Path, detector: NaturalTraceDetector) -> None:
    """Write a checkpoint of the whole detector."""
    write_whole(path, detector.stored())


def load(path: Path) -> NaturalTraceDetector:
    """The detector of a checkpoint, in evaluation mode on the CPU."""
    return NaturalTraceDetector.restored(torch.load(path, map_location="cpu", weights_only=True))
