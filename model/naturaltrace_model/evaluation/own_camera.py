"""Does teaching one's own camera lower false positives, and what does it cost?

Each source repository of real photographs plays a person's camera: some of its images are taught, the others judged
with and without."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from naturaltrace.detection.detector import Detector
from naturaltrace.detection.result import Detection, PixelLevel
from naturaltrace.evidence.adviser import camera_traits
from naturaltrace.evidence.reference import Floats
from naturaltrace.evidence.store import prototypes_of
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.evaluation.rows import decoded

_FLAGGED = (PixelLevel.AI, PixelLevel.LIKELY_AI)


def measure(detector: Detector, samples: Sequence[Sample], *, shots: int = 10, seed: int = 0) -> dict[str, Any]:
    """False positives on the images that were not taught, before and after; and the share of flagged generated images
    that some camera would wrongly excuse (with one camera taught at a time, the mean over cameras)."""
    own: dict[str, list[Detection]] = defaultdict(list)
    generated: list[Detection] = []
    for sample, image in decoded(samples):
        detection = detector.detect(image)
        if detection.traits is None:
            continue
        if sample.label:
            generated.append(detection)
        elif sample.category.startswith("photo"):
            own[sample.source].append(detection)
    rng = np.random.default_rng(seed)
    before = after = judged = cameras = 0
    lost: list[float] = []
    marked = [camera_traits(d.traits) for d in generated if d.level in _FLAGGED and d.traits is not None]
    for detections in own.values():
        if len(detections) < shots + 5:
            continue
        order = rng.permutation(len(detections))
        places = np.stack([_place(detections[i]) for i in order])
        prototypes, spread = prototypes_of(places[:shots])
        excused = (places[shots:] @ prototypes.T).max(1) >= spread
        flagged = np.array([detections[i].level in _FLAGGED for i in order[shots:]])
        cameras += 1
        judged += len(flagged)
        before += int(flagged.sum())
        after += int((flagged & ~excused).sum())
        if marked:
            lost.append(float(((np.stack(marked) @ prototypes.T).max(1) >= spread).mean()))
    return {
        "cameras": cameras,
        "samples_taught_each": shots,
        "images_judged": judged,
        "real_flagged_before": before / judged if judged else float("nan"),
        "real_flagged_after": after / judged if judged else float("nan"),
        "flagged_generated": len(marked),
        "flagged_generated_excused": float(np.mean(lost)) if lost else float("nan"),
    }


def _place(detection: Detection) -> Floats:
    assert detection.traits is not None
    return camera_traits(detection.traits)
