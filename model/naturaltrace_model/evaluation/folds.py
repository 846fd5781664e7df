"""Who is left out of training, and what is judged afterwards: generator families, real sources, autoencoders, years.

Nothing that a fold judges was in its training, nor any other image of the same held-out kind. Networks are trained
from scratch per fold: one that was trained on everything has seen what the fold leaves out, whatever of it is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace_model.baselines.interface import Material, chosen
from naturaltrace_model.data.manifest import FAMILIES, Sample
from naturaltrace_model.evaluation.release_dates import year
from naturaltrace_model.training.batches import Shard

PROTOCOLS = ("families", "autoencoders", "temporal", "real-sources")
_REAL_FOLDS = 4
_CUTOFF = 2023  # trained on generators up to this year's end


@dataclass(frozen=True, slots=True)
class Fold:
    """`generated` and `real` are judged; where `held_real` is true the held-out kind is the real one."""

    protocol: str
    name: str
    material: Material
    generated: Sequence[Shard]
    real: Sequence[Shard]
    held_real: bool = False


def folds(protocol: str, material: Material, judged: Sequence[Shard], samples: Sequence[Sample]) -> Iterator[Fold]:
    """The folds of one of `PROTOCOLS`. `judged` are shards of sources that `material` has none of; `samples` (of all
    splits) tell which generators a source holds and are needed for `temporal` alone."""
    match protocol:
        case "families":
            yield from _families(material, judged)
        case "autoencoders":
            yield from _autoencoders(material)
        case "temporal":
            yield from _temporal(material, judged, samples)
        case "real-sources":
            yield from _real_sources(material, judged)
        case _:
            raise ValueError(f"no protocol is called {protocol}")


def _families(material: Material, judged: Sequence[Shard]) -> Iterator[Fold]:
    train = material.train
    for family in np.unique(train.family[train.label == 1]):
        held = [chosen(s, s.family == family) for s in (train, *judged)]
        kept = Material(chosen(train, train.family != family), material.twins)
        yield Fold("families", FAMILIES[family], kept, held, _real(judged))


def _autoencoders(material: Material) -> Iterator[Fold]:
    train, twins = material.train, material.twins
    if twins is None:
        return
    for number, name in enumerate(twins.sources):
        own = twins.source == number
        # The real crops that the held-out ones were made of are held out too: same content, so only traces differ.
        regions = (train.label == 0) & np.isin(train.region, twins.twin[own])
        kept = Material(chosen(train, ~regions), chosen(twins, ~own))
        yield Fold("autoencoders", name, kept, [chosen(twins, own)], [chosen(train, regions)])


def _temporal(material: Material, judged: Sequence[Shard], samples: Sequence[Sample]) -> Iterator[Fold]:
    years: dict[str, set[int]] = {}
    for sample in samples:
        found = year(sample.generator) if sample.label else None
        if found is not None:
            years.setdefault(sample.source, set()).add(found)

    def where(shard: Shard, late: bool) -> NDArray[np.bool_]:
        """Generated crops of sources all of whose dated generators lie on one side of the cutoff."""
        fits = np.array(
            [bool(own := years.get(s)) and all((y > _CUTOFF) == late for y in own) for s in shard.sources], dtype=bool
        )
        return (shard.label == 1) & fits[shard.source]

    train = material.train
    kept = Material(chosen(train, (train.label == 0) | where(train, late=False)), material.twins)
    later = [chosen(s, where(s, late=True)) for s in (train, *judged)]
    yield Fold("temporal", f"later than {_CUTOFF}", kept, later, _real(judged))
    earlier = [chosen(s, where(s, late=False)) for s in judged]
    yield Fold("temporal", f"up to {_CUTOFF}, other sources", kept, earlier, _real(judged))


def _real_sources(material: Material, judged: Sequence[Shard]) -> Iterator[Fold]:
    train = material.train
    sizes = np.bincount(train.source[train.label == 0], minlength=len(train.sources))
    for number in range(_REAL_FOLDS):
        # Sources in the order of their size, dealt out in turn: alike many crops in each fold.
        own = np.argsort(-sizes, kind="stable")[number::_REAL_FOLDS]
        held = (train.label == 0) & np.isin(train.source, own)
        twins = material.twins
        kept = Material(
            chosen(train, ~held), None if twins is None else chosen(twins, ~np.isin(twins.twin, train.region[held]))
        )
        generated = [chosen(s, s.label == 1) for s in judged]
        yield Fold("real-sources", f"quarter {number + 1}", kept, generated, [chosen(train, held)], held_real=True)


def _real(judged: Sequence[Shard]) -> list[Shard]:
    return [chosen(s, s.label == 0) for s in judged]


def source_names(shards: Sequence[Shard], sources: Sequence[NDArray[Any]]) -> list[str]:
    """The source's name of every judged region, in order."""
    return [shard.sources[int(i)] for shard, own in zip(shards, sources, strict=True) for i in own]
