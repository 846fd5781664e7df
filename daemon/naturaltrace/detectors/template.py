"""A card to fill in, made from what the graph itself says."""

import hashlib
from pathlib import Path
from typing import Any

from naturaltrace.detection.card import CardError
from naturaltrace.detection.runtime.devices import ort
from naturaltrace.detectors.card import KIND, SCHEMA

_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
# What most networks trained from ImageNet's weights are shown.
_MEAN, _DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def template(graph: Path) -> dict[str, Any]:
    """A card for `graph`; every value that only its author can know is to be checked. Raises CardError."""
    try:
        data = graph.read_bytes()
        session: Any = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise CardError(f"the graph can't be loaded: {error}") from error
    first, output = session.get_inputs()[0], session.get_outputs()[0]
    shape = [d if isinstance(d, int) else None for d in first.shape]
    if len(shape) != 4:
        raise CardError(f"the graph takes {first.shape}; one picture of three channels is needed")
    last = shape[3] == 3 and shape[1] != 3
    height, width = (shape[1], shape[2]) if last else (shape[2], shape[3])
    classes = output.shape[-1] if len(output.shape) > 1 else 1
    several = isinstance(classes, int) and classes > 1
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "name": "my-detector",
        "version": "1",
        "licence": "",
        "source": "",
        "graph": {"file": graph.name, "sha256": hashlib.sha256(data).hexdigest()},
        "input": {
            "name": first.name,
            "width": width or 224,
            "height": height or 224,
            "layout": "NHWC" if last else "NCHW",
            "type": _TYPES.get(first.type, "float32"),
            "order": "RGB",
            "fit": "shorter-side",
            "resize": round((width or 224) * 256 / 224),
            "kernel": "bicubic",
            "scale": 1 / 255,
            "mean": _MEAN,
            "deviation": _DEVIATION,
        },
        "output": {"name": output.name, "meaning": "logits" if several else "logit", "generated": 1},
        "calibration": {
            "rates": {"ai": 0.005, "likely_ai": 0.03, "no_sign": 0.05},
            "thresholds": {"ai": None, "likely_ai": None, "no_sign": None},
        },
        "self_test": [],
    }
