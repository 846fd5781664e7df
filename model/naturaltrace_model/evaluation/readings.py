"""Readings (`evidence.reading`): fitted so that generators are told apart and not sources, judged on other sources.

A generator's images come from few collections, each with its own subjects and compression, and a fit that weighs images
alike learns collections. So every name weighs the same, within it a source by the root of its images, and all that is
measured or calibrated is judged by a fit that never saw the source: by folds over the sources. What is "unknown" is
judged by a fit that never saw anything like it either: each lineage (`data.lineages`) is left out in turn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.texture import unpacked
from naturaltrace.evidence.reading import Reading, chances
from naturaltrace_model.data.lineages import LINEAGES, NAMED, lineage_of
from naturaltrace_model.evaluation.attribution import VAGUE
from naturaltrace_model.evaluation.gallery import Embedded
from naturaltrace_model.evaluation.principal import principal

LEVELS = ("groups", "models")
_DIRECTIONS = 768  # that lines are looked for in, of an image's texture
_RIDGE = 5e-4  # beside a variance of all directions together of about one
_NO_NAME = 3.0  # what all generated images without a name weigh, each name and all real images weighing one
_REAL = "real"  # their lineage: never asked about, but a generator that is unknown is told from the known by them too
_FOLDS = 5
_LEAST_SOURCES, _LEAST_IMAGES = 3, 20  # that a name needs
Matrix = NDArray[np.float64]
Names = NDArray[np.str_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Images: `x` (N, E), their texture where it was seen, else their view's embedding, and of each its name at one
    level ("" where it has none), its lineage ("real" for a real image) and its source."""

    x: NDArray[np.floating]
    name: Names
    lineage: Names
    source: Names

    @staticmethod
    def of(gallery: Embedded, level: str) -> "Rows":
        """`level` "groups" (the named lineages) or "models" (single generators)."""
        rows = gallery
        if level == "models":  # "some Stable Diffusion" may be any of those that have a name
            vague = np.array([e.generator in VAGUE and lineage_of(e.generator) != "" for e in rows.entries], dtype=bool)
            rows = rows.where(~vague)
        generators = rows.generators
        lineage = np.array([lineage_of(g) if g else _REAL for g in generators], dtype=np.str_)
        if level == "groups":
            name = np.where(np.isin(lineage, NAMED), lineage, "")
        else:
            name = np.where(np.isin(generators, VAGUE), "", generators)
        source = np.array([e.source.lower() for e in rows.entries], dtype=np.str_)
        x = rows.view if rows.texture is None else unpacked(rows.texture)
        return Rows(x, name.astype(np.str_), lineage, source)

    def where(self, keep: Mask) -> "Rows":
        return Rows(self.x[keep], self.name[keep], self.lineage[keep], self.source[keep])

    @property
    def generated(self) -> Mask:
        return self.lineage != _REAL

    def directions(self) -> Matrix:
        """(E, D): those in which generated images lie apart most."""
        return principal(self.x[self.generated], _DIRECTIONS)

    def along(self, directions: Matrix) -> "Rows":
        """The same by their place along some directions (E, D)."""
        return Rows((self.x @ directions).astype(np.float64), self.name, self.lineage, self.source)

    def names(self) -> list[str]:
        """Those with enough sources to be told from their sources."""
        images = Counter(self.name.tolist())
        return sorted(
            n for n, c in images.items()
            if n and c >= _LEAST_IMAGES and len(set(self.source[self.name == n].tolist())) >= _LEAST_SOURCES
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """Images as seen by a fit that knew neither their source nor, for `strange` ones, their lineage: `scores` (N, G),
    `truth` (N,) the index of the name or G. `trial` (N,) is the lineage that was left out for this row ("" for none):
    in a trial, known images and strangers are judged by the same fits."""

    names: tuple[str, ...]
    scores: Matrix
    truth: NDArray[np.int64]
    source: Names
    trial: Names

    def where(self, keep: Mask) -> "Judged":
        return Judged(self.names, self.scores[keep], self.truth[keep], self.source[keep], self.trial[keep])

    @property
    def strange(self) -> Mask:
        return self.truth == len(self.names)

    @property
    def weight(self) -> Matrix:
        """Names alike, sources within them alike; strangers, by lineage, together as much as all names."""
        kind = np.where(self.strange, np.char.add("trial ", self.trial), np.array([*self.names, ""])[self.truth])
        own = source_shares(kind.astype(np.str_), self.source, 0.0)
        for side in (self.strange, ~self.strange):
            own[side] /= max(1e-12, own[side].sum())
        return own


def fit(gallery: Embedded, level: str) -> Reading | None:
    """The reading of a level, its chances calibrated on sources and lineages that were left out; None where no two
    names have enough sources."""
    rows = Rows.of(gallery, level)
    names = rows.names()
    if len(names) < 2:
        return None
    directions = rows.directions()
    rows = rows.along(directions)
    judged = by_folds(rows, names)
    temperature, unknown = calibrate(judged)
    weights, bias = _lines(rows, names)
    return Reading(
        tuple(names), (directions @ weights).astype(np.float32), bias.astype(np.float32), temperature, unknown,
        gallery.texture is not None,
    )  # fmt: skip


def by_folds(rows: Rows, names: Sequence[str], seed: int = 0) -> Judged:
    """Every image by a fit without its source."""
    sources = np.array(sorted(set(rows.source.tolist())))
    number = dict(zip(sources.tolist(), np.random.default_rng(seed).permutation(len(sources)) % _FOLDS, strict=True))
    fold = np.array([number[s] for s in rows.source])
    return _judge(rows, names, [fold == k for k in range(_FOLDS)])


def on_others(learned: Rows, others: Rows, names: Sequence[str]) -> Judged:
    """The images of `others` by fits on `learned`, without the sources that both have."""
    both = Rows(*(np.concatenate([getattr(learned, n), getattr(others, n)]) for n in Rows.__slots__))
    asked = np.arange(len(both.x)) >= len(learned.x)
    return _judge(both, names, [asked])


def calibrate(judged: Judged) -> tuple[float, float]:
    """Temperature and the score of "unknown" with the least log loss."""
    rows, weight = np.arange(len(judged.truth)), judged.weight
    best = (np.inf, 0.1, 0.5)
    for temperature in np.geomspace(0.02, 1.0, 24):
        for unknown in np.linspace(-0.2, 1.0, 41):
            own = chances(judged.scores, float(temperature), float(unknown))[rows, judged.truth]
            best = min(
                best, (float(-(weight * np.log(np.maximum(own, 1e-9))).sum()), float(temperature), float(unknown))
            )
    return best[1], best[2]


def _judge(rows: Rows, names: Sequence[str], parts: Sequence[Mask]) -> Judged:
    """For each part: fits without its sources, one with every lineage and one without each of them."""
    scores: list[Matrix] = []
    truth: list[NDArray[np.int64]] = []
    source: list[Names] = []
    trial: list[Names] = []
    for part in parts:
        asked = rows.where(part)
        seen = rows.where(~np.isin(rows.source, list(set(asked.source.tolist()))))
        for left_out in ("", *LINEAGES):
            stranger = asked.lineage == left_out
            known = np.isin(asked.name, list(names))
            own = known | stranger if left_out else known
            if not own.any() or (left_out and not stranger.any()):
                continue
            weights, bias = _lines(seen.where(seen.lineage != left_out) if left_out else seen, names)
            here = asked.where(own)
            scores.append(here.x @ weights + bias)
            index = {name: i for i, name in enumerate(names)}
            truth.append(
                np.array([len(names) if left_out and lineage == left_out else index[name]
                          for name, lineage in zip(here.name, here.lineage, strict=True)], dtype=np.int64)
            )  # fmt: skip
            source.append(here.source)
            trial.append(np.full(len(here.x), left_out, dtype="<U24"))
    return Judged(tuple(names), np.concatenate(scores), np.concatenate(truth), np.concatenate(source),
                  np.concatenate(trial))  # fmt: skip


def _lines(rows: Rows, names: Sequence[str]) -> tuple[Matrix, Matrix]:
    """Weights (E, G) and bias (G,): least squares of each name against all else; a name without images is never
    likely."""
    label = np.where(np.isin(rows.name, list(names)), rows.name, "")
    group = np.where(rows.generated, label, _REAL).astype(np.str_)
    weight = source_shares(group, rows.source, 0.5) * np.where(group == "", _NO_NAME, 1.0)
    weight /= weight.sum()
    wanted = (label[:, None] == np.array(list(names))[None]).astype(np.float64)
    mean, share = weight @ rows.x, weight @ wanted
    x = rows.x - mean
    gram = (x * weight[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, (x * weight[:, None]).T @ (wanted - share))
    bias = share - mean @ weights
    bias[share == 0] = -1.0
    return weights, bias


def source_shares(name: Names, source: Names, power: float, times: NDArray[Any] | None = None) -> Matrix:
    """Every name weighs one, within it a source as its images to this power, as often as it was drawn."""
    _, name_at = np.unique(name, return_inverse=True)
    _, source_at = np.unique(source, return_inverse=True)
    _, pair, count = np.unique(name_at * (source_at.max() + 1) + source_at, return_inverse=True, return_counts=True)
    weight = count[pair].astype(np.float64) ** (power - 1)
    if times is not None:
        weight *= times
    return weight / np.bincount(name_at, weight)[name_at]
