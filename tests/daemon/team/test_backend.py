"""The network run by a KServe v2 server: a small conforming one, that runs the released graph itself."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from naturaltrace.detection.card import released
from naturaltrace.detection.detector import Detector
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.detectors.remote import BackendFailed, KServeRuntime, RemoteDetector
from naturaltrace.imaging.decode import decode
from tests.daemon.images import encoded, photo

HEAD = "Inference-Header-Content-Length"


class Server(ThreadingHTTPServer):
    """`binary` and `shift` are how it answers: in the binary extension or as JSON; honestly or not."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.graph = OnnxRuntime(released().graph.read_bytes(), threads=1)
        self.binary, self.shift, self.inferences = True, 0.0, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass

    def do_GET(self) -> None:
        if self.path != "/v2/models/natural-trace":
            self._answer(404, json.dumps({"error": "no such model"}).encode())
            return
        shapes = {"crops": [-1, 128, 128, 3], "views": [-1, 160, 160, 3]}
        about = {
            "name": "natural-trace",
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": name, "datatype": "UINT8", "shape": shape} for name, shape in shapes.items()],
            "outputs": [{"name": n, "datatype": "FP32", "shape": [-1]} for n in self.server.graph.outputs],
        }
        self._answer(200, json.dumps(about).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cut = int(self.headers[HEAD])
        request, place = json.loads(body[:cut]), cut
        inputs: dict[str, Any] = {}
        for each in request["inputs"]:
            size = each["parameters"]["binary_data_size"]
            assert size == np.prod(each["shape"])
            assert each["datatype"] == "UINT8"
            inputs[each["name"]] = np.frombuffer(body[place : place + size], np.uint8).reshape(each["shape"])
            place += size
        assert place == len(body)
        self.server.inferences += 1
        names = [o["name"] for o in request["outputs"]]
        found = self.server.graph.run(names, inputs["crops"], inputs["views"])
        found = [(f + self.server.shift).astype(np.float32) for f in found]
        outputs: list[dict[str, Any]] = [
            {"name": n, "datatype": "FP32", "shape": list(f.shape)} for n, f in zip(names, found, strict=True)
        ]
        for output, value in zip(outputs, found, strict=True):
            if self.server.binary:
                output["parameters"] = {"binary_data_size": value.nbytes}
            else:
                output["data"] = value.ravel().tolist()
        head = json.dumps({"model_name": "natural-trace", "outputs": outputs}).encode()
        if self.server.binary:
            self._answer(200, head + b"".join(f.tobytes() for f in found), {HEAD: str(len(head))})
        else:
            self._answer(200, head)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(30)
    server.server_close()


@pytest.mark.parametrize("binary", [True, False])
def test_verdicts_are_those_of_the_network_here(server: Server, binary: bool) -> None:
    server.binary = binary
    remote, here = RemoteDetector(released(), KServeRuntime(server.url)), Detector.released(threads=1)
    before = server.inferences
    for seed in range(2):
        image = decode(encoded(photo(300, 220, seed=seed), "JPEG"))
        there, mine = remote.detect(image), here.detect(image)
        assert there.level == mine.level
        assert there.probability == pytest.approx(mine.probability, abs=1e-4)
    assert server.inferences - before == 2


def test_a_server_that_computes_something_else_is_refused(server: Server) -> None:
    server.shift = 0.5
    with pytest.raises(BackendFailed, match="something else"):
        RemoteDetector(released(), KServeRuntime(server.url))


def test_a_missing_model_or_server_is_said(server: Server) -> None:
    with pytest.raises(BackendFailed, match="404"):
        KServeRuntime(server.url, "another")
    with pytest.raises(BackendFailed, match="http"):
        KServeRuntime("triton:8000")
    address = server.url
    server.server_close()
    with pytest.raises(BackendFailed, match="can't be reached"):
        KServeRuntime(address, timeout_s=5)
