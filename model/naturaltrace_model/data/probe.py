"""How well file facts alone tell the classes apart: before alignment, and in what training is really given.

Gradient boosting on `file_facts`, by cross-validation. Folds by source ask what carries over to files of other sources;
folds at random ask what a network could learn by heart. Nothing that is trained on these images means much while the
figure after alignment is above `LIMIT`.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from naturaltrace_model.data import degrade, shards
from naturaltrace_model.data.file_facts import NAMES, facts
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.metrics import auc, bootstrap

LIMIT = 0.55  # AUC after alignment
_CONTENT = ("bytes", "bits per pixel")  # what is pictured shows in these, however alike the encoding


@dataclass(frozen=True, slots=True)
class Probed:
    """One line of the probe: out-of-fold AUC with its 95 % interval."""

    name: str
    images: int
    by_source: float
    interval: tuple[float, float]
    at_random: float


def sample_evenly(samples: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    """At most `most` samples, half of each class where there are enough, taken from the sources in turn."""
    rng = np.random.default_rng(seed)
    taken: list[Sample] = []
    for label in (0, 1):
        own: dict[str, list[Sample]] = {}
        for i in rng.permutation(len(samples)):
            if samples[i].label == label:
                own.setdefault(samples[i].source, []).append(samples[i])
        longest = max(map(len, own.values()), default=0)
        turn = [each[n] for n in range(longest) for each in own.values() if n < len(each)]
        taken += turn[: most // 2]
    return taken


def aligned(sample: Sample, seed: int) -> tuple[bytes, bytes] | None:
    """Two files of one region: as the last step of its wear left it, and the crop of it that training is given, in
    the same encoding. None where the image can't be read or is too small.
    """
    regions = shards.draw_regions(sample, 1, seed)
    if not regions:
        return None
    region = regions[0]
    chain = degrade.draw_chain(np.random.default_rng(region.seed))
    last = chain[-1] if chain and isinstance(chain[-1], degrade.Jpeg | degrade.WebP) else None
    before = degrade.apply(chain[:-1] if last else chain, Image.fromarray(region.pixels))
    return _saved(before, last), _saved(Image.fromarray(shards.wear(region).crops[0]), last)


def probe(samples: Sequence[Sample], *, most: int, seed: int = 0) -> list[Probed]:
    """The lines of the probe on at most `most` of `samples`, the last being what training is given."""
    taken = sample_evenly(samples, most, seed)
    rows: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int, str]] = []
    for sample in tqdm(taken, desc="file facts", unit="image", mininterval=10):
        files = aligned(sample, seed)
        if files is not None:
            original = facts(sample.path.read_bytes())
            rows.append((original, facts(files[0]), facts(files[1]), sample.label, sample.source))
    original, region, crop = (np.stack([r[i] for r in rows]) for i in range(3))
    labels = np.array([r[3] for r in rows])
    sources = np.array([r[4] for r in rows])
    form = [i for i, name in enumerate(NAMES) if name not in _CONTENT]
    lines = (
        ("files as they came", original),
        ("files as they came, width and height only", original[:, :2]),
        ("worn region as encoded", region),
        ("worn region as encoded, bytes left out", region[:, form]),
        ("crop that training is given, bytes left out", crop[:, form]),
        ("crop that training is given", crop),
    )
    return [_probed(name, x, labels, sources, seed) for name, x in lines]


def table(lines: Sequence[Probed]) -> str:
    """The probe as a Markdown table."""
    rows = ["| file facts of | images | AUC, folds by source (95 %) | AUC, folds at random |", "|---|---|---|---|"]
    rows += [
        f"| {p.name} | {p.images} | {p.by_source:.3f} ({p.interval[0]:.3f}–{p.interval[1]:.3f}) | {p.at_random:.3f} |"
        for p in lines
    ]
    return "\n".join(rows)


def _probed(
    name: str, x: NDArray[np.float64], y: NDArray[np.int64], sources: NDArray[Any], seed: int, folds: int = 5
) -> Probed:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # pyright: ignore[reportMissingTypeStubs]

    count = min(folds, *(len(set(sources[y == label])) for label in (0, 1)))
    by_source = _out_of_fold(x, y, StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(x, y, sources))
    at_random = _out_of_fold(x, y, StratifiedKFold(count, shuffle=True, random_state=seed).split(x, y))
    interval = bootstrap(lambda i: auc(y[i], by_source[i]), len(y), rounds=200)
    return Probed(name, len(y), auc(y, by_source), interval, auc(y, at_random))


def _out_of_fold(x: NDArray[np.float64], y: NDArray[np.int64], splits: Any) -> NDArray[np.float64]:
    """Each row's chance by trees that were fitted on the other folds."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # pyright: ignore[reportMissingTypeStubs]

    found = np.zeros(len(y))
    for train, test in splits:
        trees: Any = HistGradientBoostingClassifier(max_iter=100, random_state=0)
        trees.fit(x[train], y[train])
        found[test] = trees.predict_proba(x[test])[:, 1]
    return found


def _saved(picture: Image.Image, last: degrade.Jpeg | degrade.WebP | None) -> bytes:
    buffer = io.BytesIO()
    if isinstance(last, degrade.Jpeg):
        picture.save(buffer, "JPEG", quality=last.quality, subsampling=last.subsampling)
    elif last is not None:
        picture.save(buffer, "WEBP", quality=last.quality, method=2)
    else:
        picture.save(buffer, "PNG")
    return buffer.getvalue()
