"""Whose generator: what readings of the embedding say, the nearest prototypes of what was taught, and the honest answer
that it may be none of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naturaltrace.detection.result import Traits
from naturaltrace.evidence.reading import Reading
from naturaltrace.evidence.reference import AttributionReference, Floats, KnownGenerator

TOP = 3


@dataclass(frozen=True, slots=True)
class Guess:
    """`probability` 0..1 among all known generators and "unknown" together."""

    name: str
    family: str
    probability: float
    taught: bool = False  # added on this machine


@dataclass(frozen=True, slots=True)
class Attribution:
    """`models` are the three likeliest generators and `families` the likeliest families, the best first; `unknown` the
    chance that it is none of the generators, `unknown_family` that it is of none of the families."""

    models: tuple[Guess, ...]
    families: tuple[Guess, ...]
    unknown: float
    unknown_family: float

    @property
    def model(self) -> Guess | None:
        """The generator to name: likelier than unknown and than all others together."""
        best = self.models[0] if self.models else None
        return best if best is not None and best.probability > max(0.5, self.unknown) else None

    @property
    def family(self) -> Guess | None:
        """The family to name where no single generator can be: again likelier than all else together."""
        best = self.families[0] if self.families else None
        return best if best is not None and best.probability > max(0.5, self.unknown_family) else None


def project(reference: AttributionReference, traits: Traits) -> Floats:
    """The image's place (D,) in the space of the prototypes, unit length."""
    return project_rows(reference.mean, reference.projection, describe(traits.view, traits.family)[None])[0]


def describe(view: Floats, family: Floats) -> Floats:
    """What attribution reads: the embedding (..., E) and the families' shares (..., F) side by side."""
    shares = np.exp(family - family.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return np.concatenate([view, 0.5 * shares], axis=-1).astype(np.float32)


def project_rows(mean: Floats, projection: Floats, rows: Floats) -> Floats:
    """(N, E) to (N, D), unit length."""
    placed = (rows - mean) @ projection
    return (placed / np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), 1e-6)).astype(np.float32)


def nearness(place: Floats, generators: Sequence[KnownGenerator]) -> Floats:
    """The cosine (G,) to each generator's nearest prototype."""
    return np.array([float((g.prototypes @ place).max()) for g in generators], dtype=np.float32)


def attribute(reference: AttributionReference, traits: Traits, taught: Sequence[KnownGenerator] = ()) -> Attribution:
    """The likeliest generators of one image that is taken to be generated."""
    generators = [*reference.generators, *taught]
    if not generators:
        return Attribution((), (), 1.0, 1.0)
    cosines = np.append(nearness(project(reference, traits), generators), reference.unknown)
    weights = np.exp((cosines - cosines.max()) / reference.temperature)
    chances = weights / weights.sum()
    own = {g.name for g in taught}
    near = [Guess(g.name, g.family, float(p), g.name in own) for g, p in zip(generators, chances, strict=False)]
    lessons = [g for g in near if g.taught]
    rest = max(0.0, 1.0 - sum(g.probability for g in lessons))
    unknown = unknown_family = float(chances[-1])
    models, families = near, _summed(near)
    if (read := _read(reference.models, traits, rest)) is not None:
        family = {g.name: g.family for g in reference.generators}
        found, unknown = read
        models = [Guess(n, family.get(n, n), p) for n, p in found] + lessons
    if (read := _read(reference.groups, traits, rest)) is not None:
        found, unknown_family = read
        families = [Guess(n, n, p) for n, p in found]
    return Attribution(_best(models), _best(families), unknown, unknown_family)


def _read(reading: Reading | None, traits: Traits, share: float) -> tuple[list[tuple[str, float]], float] | None:
    """Each name's chance and that of none, out of the `share` of all chances that what was taught leaves; None where
    there is nothing to read by, or nothing to read."""
    seen = None if reading is None else reading.sees(traits)
    if reading is None or seen is None:
        return None
    *chances, unknown = (share * reading.chances(seen)[0]).tolist()
    return list(zip(reading.names, chances, strict=True)), unknown


def _summed(models: Sequence[Guess]) -> list[Guess]:
    families: dict[str, float] = {}
    for guess in models:
        families[guess.family] = families.get(guess.family, 0.0) + guess.probability
    return [Guess(name, name, p) for name, p in families.items()]


def _best(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    return tuple(sorted(guesses, key=lambda g: -g.probability)[:TOP])
