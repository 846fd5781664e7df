"""Attribution, fitted on training images, calibrated on val, measured on images of sources that neither ever saw.

The space is the embedding, whitened by the (shrunken) scatter within generators, so that a direction counts by how
little images of one generator differ along it. Keeping only the directions in which the known generators lie apart
(Fisher's discriminant) was tried first: it tells the known ones apart no better, and what is unknown falls onto them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naturaltrace.evidence.attribution import describe, project_rows
from naturaltrace.evidence.reference import AttributionReference, Floats, KnownGenerator
from naturaltrace.evidence.store import prototypes_of
from naturaltrace_model.evaluation.gallery import Embedded
from naturaltrace_model.evaluation.metrics import auc

VAGUE = ("", "unknown", "other-t2i", "sd-unknown", "gan-unknown", "gemini-image-unknown")
_LEAST = 12  # training images that make a generator known


@dataclass(frozen=True, slots=True)
class Space:
    """An attribution space without its calibration."""

    mean: Floats
    projection: Floats

    def place(self, rows: Embedded) -> Floats:
        return project_rows(self.mean, self.projection, describe(rows.view, rows.family))


def known_names(gallery: Embedded) -> list[str]:
    """The generators with enough training images and a name that means one thing."""
    own = gallery.where(gallery.splits == "train")
    counts = Counter(own.generators.tolist())
    return sorted(n for n, c in counts.items() if c >= _LEAST and n not in VAGUE)


def fit_space(rows: Embedded, labels: NDArray[np.str_], shrink: float = 0.3) -> Space:
    """The space in which images of one label spread alike in all directions."""
    x = describe(rows.view, rows.family).astype(np.float64)
    names = sorted(set(labels.tolist()))
    within = np.zeros((x.shape[1], x.shape[1]))
    for name in names:
        own = x[labels == name]
        spread = own - own.mean(0)
        within += spread.T @ spread / len(spread) / len(names)
    within = (1 - shrink) * within + shrink * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    return Space(x.mean(0).astype(np.float32), (vectors / np.sqrt(np.maximum(values, 1e-9))).astype(np.float32))


def fit(gallery: Embedded) -> AttributionReference:
    """The whole reference: space and prototypes from train, temperature and "unknown" from val."""
    names = known_names(gallery)
    train = gallery.where((gallery.splits == "train") & np.isin(gallery.generators, names))
    space = fit_space(train, train.generators)
    places = space.place(train)
    family = {e.generator: e.family for e in train.entries}
    generators = tuple(
        KnownGenerator(n, family[n], prototypes_of(places[train.generators == n], most=4)[0]) for n in names
    )
    val = gallery.where((gallery.splits == "val") & (gallery.generators != ""))
    cosines = cosines_to(space.place(val), generators)
    truth = np.array([names.index(g) if g in names else len(names) for g in val.generators])
    rows, answers = _with_strangers(cosines, truth, len(names))
    temperature, unknown = _calibrate(rows, answers)
    return AttributionReference(space.mean, space.projection, temperature, unknown, generators)


def cosines_to(places: Floats, generators: tuple[KnownGenerator, ...]) -> Floats:
    """(N, G): the cosine of each image to each generator's nearest prototype."""
    return np.stack([(places @ g.prototypes.T).max(1) for g in generators], axis=1)


def chances(cosines: Floats, temperature: float, unknown: float) -> NDArray[np.float64]:
    """(N, G + 1): chances of each generator and, last, of none of them."""
    logits = np.column_stack([cosines, np.full(len(cosines), unknown)]).astype(np.float64) / temperature
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def measure(reference: AttributionReference, gallery: Embedded, split: str = "test") -> dict[str, Any]:
    """Closed set: images of known generators. Open set: those and images of generators that were never known."""
    space = Space(reference.mean, reference.projection)
    names = [g.name for g in reference.generators]
    families = [g.family for g in reference.generators]
    rows = gallery.where((gallery.splits == split) & (gallery.generators != ""))
    clear = ~np.isin(rows.generators, VAGUE)
    known = np.isin(rows.generators, names)
    cosines = cosines_to(space.place(rows), reference.generators)
    p = chances(cosines, reference.temperature, reference.unknown)
    best = cosines.argmax(1)
    own_family = np.array([e.family for e in rows.entries])
    right = np.array([names[i] for i in best]) == rows.generators
    top3 = np.array(
        [g in {names[i] for i in np.argsort(-c)[:3]} for g, c in zip(rows.generators, cosines, strict=True)]
    )
    family_right = np.array([families[i] for i in best]) == own_family
    confident = p[:, :-1].max(1)
    named = (confident > 0.5) & (confident > p[:, -1])
    strange = clear & ~known
    return {
        "images_of_known": int(known.sum()),
        "known_generators": len(names),
        "known_generators_seen": len(set(rows.generators[known].tolist())),
        "closed_set_accuracy": _share(right[known]),
        "closed_set_balanced_accuracy": _balanced(right[known], rows.generators[known]),
        "closed_set_top3": _share(top3[known]),
        "family_accuracy": _share(family_right[known]),
        "images_of_unseen": int(strange.sum()),
        "unseen_generators": len(set(rows.generators[strange].tolist())),
        "open_set_auroc": auc(known[known | strange], -p[known | strange, -1]),
        "oscr": oscr(-p[known, -1], right[known], -p[strange, -1]),
        "named_when_known": _share(named[known]),
        "right_when_named": _share(right[known & named]),
        "named_when_unseen": _share(named[strange]),
        "top_chance_calibration_gap": float(abs(confident[known & named].mean() - right[known & named].mean()))
        if (known & named).any()
        else float("nan"),
    }  # fmt: skip


def oscr(known: NDArray[Any], right: NDArray[Any], strange: NDArray[Any]) -> float:
    """Area under the curve of correct classification rate against false positive rate (Dhamija et al. 2018): scores of
    known images, whether they were named rightly, and scores of unknown ones; higher means rather known."""
    if not len(known) or not len(strange):
        return float("nan")
    cuts = np.unique(np.concatenate([known, strange]))[::-1]
    rates = [(0.0, 0.0)]
    rates += [(float((strange >= cut).mean()), float(((known >= cut) & right).mean())) for cut in cuts]
    x, y = np.array(rates).T
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def few_shot(
    gallery: Embedded, shots: int, *, ways: int = 10, episodes: int = 200, seed: int = 0, least_queries: int = 1
) -> dict[str, Any]:
    """Accuracy at telling `ways` left-out generators apart from `shots` samples of each, the mean over episodes.

    Left out are the generators that the reference's space never saw: all without training images, and, where these are
    too few, known ones with the fewest, for which the space is fitted again without them.
    """
    rng = np.random.default_rng(seed)
    held = gallery.where((gallery.splits != "train") & ~np.isin(gallery.generators, VAGUE))
    counts = Counter(held.generators.tolist())
    trained = Counter(gallery.where(gallery.splits == "train").generators.tolist())
    possible = sorted((trained.get(n, 0), -c, n) for n, c in counts.items() if c >= shots + least_queries)
    left_out = [n for _, _, n in possible[:ways]]
    if len(left_out) < 2:  # too few images of each for so many samples
        return {"shots": shots, "generators": left_out, "accuracy": float("nan"), "chance": float("nan")}
    names = [n for n in known_names(gallery) if n not in left_out]
    train = gallery.where((gallery.splits == "train") & np.isin(gallery.generators, names))
    space = fit_space(train, train.generators)
    rows = held.where(np.isin(held.generators, left_out))
    places, generators = space.place(rows), rows.generators
    accuracies: list[float] = []
    for _ in range(episodes):
        prototypes: list[Floats] = []
        queries: list[tuple[int, int]] = []
        for number, name in enumerate(left_out):
            own = rng.permutation(np.flatnonzero(generators == name))
            prototypes.append(prototypes_of(places[own[:shots]])[0])
            queries += [(int(i), number) for i in own[shots : shots + 15]]
        scores = np.stack([(places @ p.T).max(1) for p in prototypes], axis=1)
        per: dict[int, list[bool]] = {}
        for i, number in queries:
            per.setdefault(number, []).append(int(scores[i].argmax()) == number)
        accuracies.append(float(np.mean([np.mean(v) for v in per.values()])))
    return {
        "shots": shots,
        "generators": left_out,
        "never_seen_by_the_network": sum(trained.get(n, 0) == 0 for n in left_out),
        "accuracy": float(np.mean(accuracies)) if accuracies else float("nan"),
        "chance": 1 / max(1, len(left_out)),
    }


def _with_strangers(cosines: Floats, truth: NDArray[np.int64], known: int) -> tuple[list[Floats], NDArray[np.int64]]:
    """Val images as they are, and those of known generators once more as if theirs were not known."""
    rows, answers = [cosines], [truth]
    own = np.flatnonzero(truth < known)
    hidden = cosines[own].copy()
    hidden[np.arange(len(own)), truth[own]] = -1.0
    rows.append(hidden)
    answers.append(np.full(len(own), known))
    return rows, np.concatenate(answers)


def _calibrate(rows: list[Floats], answers: NDArray[np.int64]) -> tuple[float, float]:
    """Temperature and "unknown" with the least log loss."""
    cosines = np.concatenate(rows)
    best = (np.inf, 0.1, 0.5)
    for temperature in np.geomspace(0.02, 0.6, 24):
        for unknown in np.linspace(0.0, 1.0, 41):
            p = chances(cosines, float(temperature), float(unknown))
            loss = float(-np.log(np.maximum(p[np.arange(len(answers)), answers], 1e-9)).mean())
            best = min(best, (loss, float(temperature), float(unknown)))
    return best[1], best[2]


def _share(which: NDArray[Any]) -> float:
    return float(np.mean(which)) if len(which) else float("nan")


def _balanced(right: NDArray[Any], names: NDArray[np.str_]) -> float:
    return float(np.mean([right[names == n].mean() for n in set(names.tolist())])) if len(names) else float("nan")
