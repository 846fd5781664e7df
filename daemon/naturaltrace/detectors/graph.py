"""The ONNX graph of an added detector: does it fit its card, and what does it say of a picture."""

import hashlib
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection.card import CardError
from naturaltrace.detection.runtime.devices import ort
from naturaltrace.detectors.card import ForeignCard, Input, Output

_TYPES = {"float32": "tensor(float)", "float16": "tensor(float16)", "uint8": "tensor(uint8)"}


class Graph:
    """Loads and checks the graph. Raises CardError where it is not the one that the card describes."""

    def __init__(self, path: Path, card: ForeignCard, threads: int | None = None) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CardError(f"the graph can't be read: {error}") from error
        if hashlib.sha256(data).hexdigest() != card.sha256:
            raise CardError("the graph is not the one that the card describes (another sha256)")
        options: Any = ort.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise CardError(f"onnxruntime can't load the graph: {error}") from error
        self._card = card
        self.batch = _fits_input(self._session.get_inputs(), card.input)
        _fits_output(self._session.get_outputs(), card.output)

    def scores(self, pictures: NDArray[Any]) -> NDArray[np.float64]:
        """Log-odds (N,) that each of N prepared pictures is generated; in one run where the graph allows."""
        step = len(pictures) if self.batch is None else self.batch
        if self.batch not in (None, 1):
            raise CardError(f"the graph takes exactly {self.batch} pictures at a time; 1 or any number is needed")
        parts = [self._run(pictures[i : i + step]) for i in range(0, len(pictures), max(1, step))]
        return np.concatenate(parts)

    def _run(self, pictures: NDArray[Any]) -> NDArray[np.float64]:
        output = self._card.output
        (found,) = self._session.run([output.name], {self._card.input.name: pictures})
        values = cast("NDArray[Any]", found).astype(np.float64).reshape(len(pictures), -1)
        return log_odds(values, output)


def log_odds(values: NDArray[np.float64], output: Output) -> NDArray[np.float64]:
    """From the graph's numbers (N, C) to log-odds (N,), at most ±30. Raises CardError where the class isn't there."""
    one = output.meaning in ("logit", "probability")
    if (one and values.shape[1] != 1) or (not one and output.generated >= values.shape[1]):
        raise CardError(f"the graph gives {values.shape[1]} numbers per picture, which does not fit `output`")
    if not np.isfinite(values).all():
        raise CardError("the graph gives numbers that are not finite")
    if output.meaning == "logit":
        result = values[:, 0]
    elif output.meaning == "logits":
        mine = values[:, output.generated]
        others = np.delete(values, output.generated, axis=1)
        result = mine - np.logaddexp.reduce(others, axis=1)
    else:
        p = values[:, 0 if one else output.generated]
        if p.min() < -1e-3 or p.max() > 1 + 1e-3:
            raise CardError("the graph gives numbers outside 0 to 1, so they are no probabilities")
        p = np.clip(p, 1e-13, 1 - 1e-13)
        result = np.log(p) - np.log1p(-p)
    if one and output.generated == 0:
        result = -result
    return np.clip(result, -30.0, 30.0)


def _fits_input(inputs: list[Any], wanted: Input) -> int | None:
    """How many pictures it takes at a time; None for any number."""
    named = {i.name: i for i in inputs}
    if list(named) != [wanted.name]:
        raise CardError(f"the graph's inputs are {', '.join(named)}; the card says {wanted.name}")
    found = named[wanted.name]
    if found.type != _TYPES[wanted.type]:
        raise CardError(f"the graph takes {found.type}, the card says {wanted.type}")
    channels, size = (3,), (wanted.height, wanted.width)
    shape = [None, *channels, *size] if wanted.layout == "NCHW" else [None, *size, *channels]
    if len(found.shape) != 4 or any(
        isinstance(have, int) and need is not None and have != need
        for have, need in zip(found.shape, shape, strict=True)
    ):
        raise CardError(f"the graph takes {found.shape}, the card describes {['N', *shape[1:]]}")
    return found.shape[0] if isinstance(found.shape[0], int) else None


def _fits_output(outputs: list[Any], wanted: Output) -> None:
    named = {o.name: o for o in outputs}
    if wanted.name not in named:
        raise CardError(f"the graph's outputs are {', '.join(named)}; the card says {wanted.name}")
    shape = named[wanted.name].shape
    last = shape[-1] if len(shape) > 1 else 1
    several = wanted.meaning in ("logits", "probabilities")
    if isinstance(last, int) and ((several and last <= wanted.generated) or (not several and last != 1)):
        raise CardError(f"the graph's output has the shape {shape}, which does not fit `output` in the card")
