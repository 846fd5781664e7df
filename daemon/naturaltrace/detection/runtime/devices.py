"""What the detector can be run on here. Names are what the setting `device` holds."""

import importlib
import os
from importlib.util import find_spec
from typing import Any

# Recent wheels of onnxruntime report to their maker unless told otherwise before they are loaded: they look up a host
# and keep a device number under ~/.cache (seen in 1.31.1). Nothing leaves this machine through us.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
ort: Any = importlib.import_module("onnxruntime")

CPU, TORCH = "cpu", "torch"
# Best first: what is nearest to the graphics hardware.
PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    CPU: "CPUExecutionProvider",
}


def available() -> list[str]:
    """Best first. Which of them onnxruntime has depends on its package: onnxruntime, -gpu, -directml, -openvino.

    "torch" is last, for it is never chosen by itself: importing it costs more memory than all the rest.
    """
    built: set[str] = set(ort.get_available_providers())
    found = [name for name, provider in PROVIDERS.items() if provider in built]
    return [*found, TORCH] if find_spec("torch") and find_spec("onnx") else found


def wanted(setting: str) -> list[str]:
    """The devices to try for a setting, in order; the last one is the CPU, which is always there.

    "auto" tries all but torch; "gpu" too, and torch last before the CPU; a device's name that one only.
    """
    here = available()
    if setting == "auto":
        order = [name for name in here if name != TORCH]
    elif setting == "gpu":
        order = [*(name for name in here if name not in (CPU, TORCH)), *([TORCH] if TORCH in here else [])]
    else:
        order = [setting] if setting in here else []
    return [*order, CPU] if CPU not in order else order
