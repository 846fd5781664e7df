"""From an encoder to a detector: statistics of all shards (kept on disk), then every head, with figures on val."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from naturaltrace.imaging.views import VIEW
from naturaltrace_model.data.statistics import choose_directions, describe, drawn
from naturaltrace_model.networks.branches import DetectorConfig, NaturalTraceDetector
from naturaltrace_model.training import distil, judgement
from naturaltrace_model.training.checkpoint import write_whole
from naturaltrace_model.training.described import Described
from naturaltrace_model.training.judgement import JudgementConfig


@dataclass(frozen=True, slots=True)
class Material:
    """Folders: crop shards of train and val, reconstructions (or none), views of train and val."""

    shard: Path
    twins: Path | None
    views: Path
    validation: Path
    validation_views: Path


def train(encoder: Path, material: Material, config: JudgementConfig, out: Path) -> dict[str, float]:
    """Train the heads, write `out/detector.pt`, return the figures on val. Statistics lie in `out/statistics`."""
    detector = start(encoder, material.shard)
    described = describe_all(detector, material, out / "statistics")
    judgement.train_traces(detector, described["crops"], described.get("twins"), config, out)
    judgement.train_views(detector, described["views"], config, out)
    save(out / "detector.pt", detector)
    return {
        **judgement.validate_traces(detector.trace, described["val-crops"]),
        **{f"view_{k}": v for k, v in judgement.validate_views(detector.view, described["val-views"]).items()},
    }


def start(encoder: Path, shard: Path) -> NaturalTraceDetector:
    """A detector around a trained encoder, its directions chosen on the shard's crops; heads are still random."""
    network, _ = distil.load(encoder)
    detector = NaturalTraceDetector(DetectorConfig(encoder=network.config)).eval()
    detector.encoder.load_state_dict(network.state_dict())
    detector.encoder.requires_grad_(False)
    crops = np.load(shard / "crops.npy", mmap_mode="r")
    choose_directions(detector, crops[np.linspace(0, len(crops) * 0.95, num=min(768, len(crops))).astype(np.int64)])
    return detector


def describe_all(detector: NaturalTraceDetector, material: Material, kept: Path) -> dict[str, Described]:
    """Statistics of every shard, by name; read from `kept` where they lie there already."""
    wanted = {
        "crops": (material.shard, "crops.npy", None),
        "twins": (material.twins, "crops.npy", None),
        "views": (material.views, "views.npy", VIEW),
        "val-crops": (material.validation, "crops.npy", None),
        "val-views": (material.validation_views, "views.npy", VIEW),
    }
    found: dict[str, Described] = {}
    for name, (folder, file, side) in wanted.items():
        if folder is None:
            continue
        path = kept / f"{name}.npy"
        if not path.exists():
            describe(detector, drawn(folder, file), path, side)
        found[name] = Described.open(path, folder)
    return found


def save(path: Path, detector: NaturalTraceDetector) -> None:
    """Write a checkpoint of the whole detector."""
    write_whole(path, {"detector": detector.state_dict(), "config": detector.config.to_json()})


def load(path: Path) -> NaturalTraceDetector:
    """The detector of a checkpoint, in evaluation mode on the CPU."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    detector = NaturalTraceDetector(DetectorConfig.from_json(stored["config"]))
    detector.load_state_dict(stored["detector"])
    return detector.eval().requires_grad_(False)
