"""Does an added detector work here as it did where its card was written?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import CardError
from naturaltrace.detectors.foreign import ForeignDetector
from naturaltrace.imaging.decoded import DecodedImage

_SIDE = 384


def _noise() -> NDArray[np.float64]:
    return np.random.default_rng(7).uniform(0, 255, (_SIDE, _SIDE, 3))


def _gradient() -> NDArray[np.float64]:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / (_SIDE - 1)
    return np.stack([x, y, 1 - x], axis=-1) * 255


def _checks() -> NDArray[np.float64]:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] // 16
    return np.repeat(((x + y) % 2 * 200 + 25)[..., None], 3, axis=-1).astype(np.float64)


def _waves() -> NDArray[np.float64]:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float64)
    return np.stack([np.sin(x / (7 + c)) + np.cos(y / (11 + c)) for c in range(3)], axis=-1) * 60 + 128


# Made of whole numbers and stable formulas, so that they are the same on every machine.
PICTURES: dict[str, Callable[[], NDArray[np.float64]]] = {
    "noise": _noise,
    "gradient": _gradient,
    "checks": _checks,
    "waves": _waves,
}


@dataclass(frozen=True, slots=True)
class Tested:
    """The scores of the test pictures, and whether the card said what they should be."""

    scores: dict[str, float]
    compared: int


def test_picture(name: str) -> DecodedImage:
    """Raises CardError for an unknown name."""
    if name not in PICTURES:
        raise CardError(f"there is no test picture “{name}”; there are {', '.join(PICTURES)}")
    pixels = np.clip(np.round(PICTURES[name]()), 0, 255).astype(np.uint8)
    return DecodedImage(pixels, "PNG", "", 0)


def self_test(detector: ForeignDetector) -> Tested:
    """Run the graph on the test pictures. Raises CardError with a sentence on what is wrong."""
    names = list(PICTURES)
    images = [test_picture(name) for name in names]
    alone = np.array([detector.scores([image])[0] for image in images])
    together = detector.scores(images)
    if np.abs(alone - together).max() > 1e-2:
        raise CardError("the graph says something else of a picture when it is shown others beside it")
    if np.abs(detector.scores(images) - together).max() > 1e-4:
        raise CardError("the graph does not say the same twice")
    if float(np.ptp(together)) < 1e-6:
        raise CardError("the graph says the same of every picture: check the input's name, scale and normalisation")
    scores = dict(zip(names, (float(s) for s in alone), strict=True))
    for wanted in detector.card.expected:
        test_picture(wanted.picture)
        found = scores[wanted.picture]
        if abs(found - wanted.score) > wanted.tolerance:
            raise CardError(
                f"the self-test fails: for “{wanted.picture}” the card expects a score of {wanted.score:.3f} "
                f"(± {wanted.tolerance}), here it is {found:.3f}"
            )
    return Tested(scores, len(detector.card.expected))


test_picture.__test__ = False  # pyright: ignore[reportFunctionMemberAccess] (pytest would take it for a test)
