"""`naturaltrace-model parity`: the same files through the trained networks, the exported graph and the companion."""

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from naturaltrace.detection.card import Card
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.session import CropOutputs, CropSession, ViewOutputs
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.errors import ImagingError
from naturaltrace_model.data.manifest import Sample
from naturaltrace_model.networks.branches import NaturalTraceDetector

TOLERANCE = 0.01  # of probability, in fp32


@dataclass(frozen=True, slots=True)
class Line:
    """One file's probability by each way; None where that way gave none."""

    sha256: str
    torch: float | None
    onnx: float | None
    companion: float | None


class _TrainedSession(CropSession):
    """The networks themselves, where the detector expects the exported graph."""

    def __init__(self, network: NaturalTraceDetector) -> None:
        self._network = network.float().eval()

    @torch.no_grad()
    def run(self, crops: NDArray[np.uint8], views: NDArray[np.uint8]) -> tuple[CropOutputs, ViewOutputs]:
        out, seen = self._network.of_crops(torch.from_numpy(crops)), self._network.of_views(torch.from_numpy(views))
        rows = (out.logit, out.proximity, out.quality, out.family, out.z_hom)
        return (
            CropOutputs(*(r.numpy() for r in rows), texture=out.features.numpy()),
            ViewOutputs(seen.logit.numpy(), None, *(r.numpy() for r in (seen.family, seen.embedding, seen.features))),
        )


class TrainedDetector(Detector):
    """The companion's detector with the trained networks in it; crops, aggregation, calibration are the same code."""

    def __init__(self, card: Card, network: NaturalTraceDetector) -> None:
        super().__init__(card, session=_TrainedSession(network))


def parity(
    card: Card, network: NaturalTraceDetector | None, samples: Sequence[Sample], *, companion: bool
) -> list[Line]:
    """One line per readable file. Without `network` only graph and companion are compared; the companion always runs
    the released card, so it is asked only where `companion` is true."""
    exported = Detector(card)
    trained = TrainedDetector(card, network) if network else None
    lines: list[Line] = []
    with _companion() if companion else _nobody() as ask:
        for sample in samples:
            data = sample.path.read_bytes()
            try:
                image = decode(data)
            except ImagingError:
                continue
            lines.append(
                Line(
                    sample.sha256,
                    trained.detect(image).probability if trained else None,
                    exported.detect(image).probability,
                    ask(data),
                )
            )
    return lines


def gaps(lines: Sequence[Line]) -> dict[str, tuple[int, float, float]]:
    """By pair of ways: files that both judged, the greatest and the mean difference of probability."""
    found: dict[str, tuple[int, float, float]] = {}
    for one, other in (("torch", "onnx"), ("onnx", "companion"), ("torch", "companion")):
        pairs = [(getattr(x, one), getattr(x, other)) for x in lines]
        apart = [abs(a - b) for a, b in pairs if a is not None and b is not None]
        if apart:
            found[f"{one} ↔ {other}"] = (len(apart), max(apart), float(np.mean(apart)))
    return found


def table(lines: Sequence[Line]) -> str:
    """The gaps as Markdown."""
    rows = ["| pair | files | greatest difference | mean difference |", "|---|---|---|---|"]
    rows += [f"| {name} | {n} | {most:.5f} | {mean:.5f} |" for name, (n, most, mean) in gaps(lines).items()]
    return "\n".join(rows)


class _Ask:
    """Posts one file's bytes to a companion; its probability, None where it gives none."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    def __call__(self, data: bytes) -> float | None:
        verdict = _post(self._port, "/v1/check", data, self._token)
        found = verdict.get("probability")
        return None if found is None else float(found)


def _ask_nobody(_: bytes) -> float | None:
    return None


@contextmanager
def _nobody() -> Generator[Any]:
    yield _ask_nobody


@contextmanager
def _companion(start_s: float = 120.0) -> Generator[Any]:
    """A companion of our own, with an empty data folder and a free port, paired; ended with the block."""
    with tempfile.TemporaryDirectory() as folder:
        # What eight bits change is measured elsewhere (`export/int8.py`); here one graph is compared with itself.
        Path(folder, "settings.json").write_text('{"precision": "fp32"}', encoding="utf-8")
        command = [sys.executable, "-m", "naturaltrace", "serve", "--headless", "--port", "0", "--data-dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            try:
                assert process.stdout is not None
                ready: dict[str, Any] = json.loads(process.stdout.readline())
                paired = _post(
                    ready["port"],
                    "/v1/pair",
                    json.dumps({"code": ready["pairing_code"], "name": "parity"}).encode(),
                    timeout_s=start_s,
                )
                yield _Ask(ready["port"], paired["token"])
            finally:
                process.terminate()


def _post(port: int, path: str, body: bytes, token: str | None = None, timeout_s: float = 120.0) -> dict[str, Any]:
    headers = {"Content-Type": "application/octet-stream" if token else "application/json"}
    if token:
        headers |= {"Authorization": f"Bearer {token}", "NaturalTrace-Priority": "asked"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise OSError(f"the companion answered {error.code}: {error.read()[:300]!r}") from error
