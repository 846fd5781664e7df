"""The bundled network, run by another server: KServe's inference protocol v2, as Triton and KServe speak it over HTTP.

Files are still read, prepared and judged here; only crops and views (under a megabyte per image) travel, in the
protocol's binary extension. Before the first image the server's answers are compared with the release's own.
"""

import http.client
import json
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from naturaltrace.detection import localiser as localisers
from naturaltrace.detection.card import Card, released
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.localiser import Localiser
from naturaltrace.detection.runtime import selftest, tuning
from naturaltrace.detection.runtime.choice import Chosen
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.detection.session import OUTPUTS, VIEW_OUTPUT, CropSession
from naturaltrace.pipeline import Pipeline

MODEL = "natural-trace"
_TYPES = {"FP32": np.float32, "FP16": np.float16, "UINT8": np.uint8}
_LENGTH = "Inference-Header-Content-Length"
_MOST_ANSWER = 256 * 2**20


class BackendFailed(Exception):  # noqa: N818 (it reads as what it says)
    """The server can't be used; str(error) says why."""


class KServeRuntime:
    """One model of a KServe v2 server. Raises BackendFailed where it isn't ready. Not for two threads at once."""

    device = "remote"

    def __init__(self, url: str, model: str = MODEL, *, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BackendFailed("--backend needs an http:// or https:// address.")
        self._parts, self._timeout_s = parts, timeout_s
        self._base = f"{parts.path.rstrip('/')}/v2/models/{model}"
        self._connection: http.client.HTTPConnection | None = None
        about = json.loads(self._ask("GET", self._base)[0])
        self.outputs: tuple[str, ...] = tuple(o["name"] for o in about["outputs"])
        missing = {*OUTPUTS, VIEW_OUTPUT} - set(self.outputs)
        if missing:
            raise BackendFailed(f"The server's model “{model}” lacks the outputs {', '.join(sorted(missing))}.")

    def run(
        self, names: Sequence[str], crops: NDArray[np.uint8], views: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        """Raises BackendFailed."""
        inputs = {"crops": np.ascontiguousarray(crops), "views": np.ascontiguousarray(views)}
        head = json.dumps(
            {
                "inputs": [
                    {"name": n, "shape": a.shape, "datatype": "UINT8", "parameters": {"binary_data_size": a.nbytes}}
                    for n, a in inputs.items()
                ],
                "outputs": [{"name": n, "parameters": {"binary_data": True}} for n in names],
            }
        ).encode()
        body = b"".join([head, *(a.tobytes() for a in inputs.values())])
        headers = {"Content-Type": "application/octet-stream", _LENGTH: str(len(head))}
        answer, length = self._ask("POST", f"{self._base}/infer", body, headers)
        found = _unpack(answer, length)
        try:
            return [found[name].astype(np.float32) for name in names]
        except KeyError as error:
            raise BackendFailed(f"The server's answer lacks the output {error}.") from None

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[bytes, int | None]:
        """The answer's body, and how much of it is JSON. One more try where a kept connection had ended."""
        for again in (True, False):
            connection = self._connection or self._connect()
            try:
                connection.request(method, path, body, headers or {})
                answer = connection.getresponse()
                data = answer.read(_MOST_ANSWER)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._connection = None
                if again:
                    continue
                raise BackendFailed(f"{self._parts.netloc} can't be reached ({error}).") from error
            self._connection = connection
            if answer.status != 200:
                said = data[:200].decode("utf-8", "replace")
                raise BackendFailed(f"{self._parts.netloc} answers {answer.status}: {said}")
            length = answer.headers.get(_LENGTH)
            return data, int(length) if length else None
        raise AssertionError("unreachable")

    def _connect(self) -> http.client.HTTPConnection:
        host, port = cast(str, self._parts.hostname), self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)


def _unpack(answer: bytes, length: int | None) -> dict[str, NDArray[Any]]:
    """The named outputs: binary ones behind the JSON, in its order; others inside it. Raises BackendFailed."""
    found: dict[str, NDArray[Any]] = {}
    try:
        head: dict[str, Any] = json.loads(answer[:length])
        place = len(answer) if length is None else length
        for output in head["outputs"]:
            kind, shape = _TYPES[output["datatype"]], output["shape"]
            size = output.get("parameters", {}).get("binary_data_size")
            if size is None:
                found[output["name"]] = np.array(output["data"], kind).reshape(shape)
                continue
            found[output["name"]] = np.frombuffer(answer[place : place + size], kind).reshape(shape)
            place += size
    except (KeyError, TypeError, ValueError) as error:
        raise BackendFailed(f"The server's answer can't be understood ({type(error).__name__}: {error}).") from error
    return found


class _RemoteSession(CropSession):
    def __init__(self, card: Card, runtime: KServeRuntime) -> None:
        super().__init__(card, 1)
        here = self.chosen.runtime
        reference = selftest.read(card.reference, card.graph.read_bytes())
        if reference is None:
            assert isinstance(here, OnnxRuntime)
            reference = selftest.outputs_of(here)
        if differ := selftest.differences(runtime, reference):
            raise BackendFailed(f"The server computes something else than the release ({'; '.join(differ)[:300]}).")
        self.chosen = Chosen(runtime, tuning.default(runtime.device))


class RemoteDetector(Detector):
    """The bundled card's detector whose network is run elsewhere; a localiser is run here. Raises BackendFailed."""

    def __init__(self, card: Card, runtime: KServeRuntime, localiser: Localiser | None = None) -> None:
        super().__init__(card, localiser=localiser, session=_RemoteSession(card, runtime))


def pipeline_by(url: str, data_dir: Path | None) -> Pipeline:
    """The usual pipeline with its network run at `url`. Raises BackendFailed and CardError."""
    return replace(
        Pipeline.released(data_dir), detector=RemoteDetector(released(), KServeRuntime(url), localisers.released())
    )
