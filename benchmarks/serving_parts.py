"""What single parts of serving cost: a run of the graph by its number of crops, choosing them, huge files, torch.

    python -m benchmarks.serving_parts [--repeats 7] [--only runs|choosing|huge|torch] [--out FILE.json]

*runs*: milliseconds for each crop when so many go through the graph at once, on one thread; and what a whole image
costs with 6 crops (today's number) and with 12. *choosing*: decoding, choosing crops and making views of a photo of
1024 × 768. *huge*: the reading process's own time and its peak over a TIFF of 99 megapixels. *torch*: the largest
difference of any output to onnxruntime's CPU provider (needs the extra `torch`).
Times are the processor's, the quickest of the repeats.
"""

import argparse
import importlib.util
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.serving import images, report
from naturaltrace.detection.card import released
from naturaltrace.detection.runtime.devices import ort
from naturaltrace.detection.runtime.onnx_runtime import OnnxRuntime
from naturaltrace.imaging.crops import choose_crops
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.prepared import Prepared, prepare
from naturaltrace.imaging.views import square_views
from naturaltrace.sandbox.process import ReaderProcess

COUNTS = (1, 2, 4, 8, 12, 24, 48)
Pixels = NDArray[np.uint8]


def quickest_ms(run: Callable[[], object], repeats: int) -> float:
    """Of the processor: on a busy core the clock counts others' work."""
    run()
    best = float("inf")
    for _ in range(repeats):
        start = time.thread_time()
        run()
        best = min(best, (time.thread_time() - start) * 1000)
    return round(best, 2)


def photo() -> tuple[Prepared, Pixels]:
    """What a photo becomes, and its crops."""
    ready = prepare(decode(images(None, 1)[0]))
    assert ready.crops is not None
    return ready, ready.crops.pixels


def runs(repeats: int) -> dict[str, Any]:
    runtime = OnnxRuntime(released().graph.read_bytes(), threads=1)
    ready, crops = photo()
    enough = np.resize(crops, (max(COUNTS), *crops.shape[1:]))

    def cost(count: int, views: Pixels) -> float:
        return quickest_ms(lambda: runtime.run(runtime.outputs, enough[:count], views), repeats)

    # A view goes along in every run; its own cost is what two take more than one.
    one, two = ready.views[:1], np.concatenate([ready.views[:1], ready.views[:1]])
    view_ms = max(0.0, cost(4, two) - cost(4, one))
    return {
        "onnxruntime": ort.__version__,
        "graph": released().graph.name,
        "ms_per_view": round(view_ms, 2),
        "ms_per_crop_by_crops_at_once": {str(n): round((cost(n, one) - view_ms) / n, 2) for n in COUNTS},
        "ms_per_image_by_its_crops": {str(n): cost(n, ready.views) for n in (6, 12)},
        "views_of_that_image": len(ready.views),
    }


def choosing(repeats: int) -> dict[str, float]:
    data = images(None, 1)[0]
    image = decode(data)
    return {
        "decode_ms": quickest_ms(lambda: decode(data), repeats),
        "crops_ms": quickest_ms(lambda: choose_crops(image.pixels), repeats),
        "views_ms": quickest_ms(lambda: square_views(image.pixels), repeats),
    }


def huge() -> dict[str, dict[str, float]]:
    """In a process of its own for each mode: a process's peak never falls."""
    found: dict[str, dict[str, float]] = {}
    for mode, kind in (("I", np.int32), ("F", np.float32)):
        buffer = io.BytesIO()
        rows = (np.arange(9000, dtype=kind) * 7 % 65521)[:, None]
        Image.fromarray(np.broadcast_to(rows, (9000, 11000)).copy()).save(buffer, "TIFF", compression="tiff_lzw")
        reader = ReaderProcess()
        try:
            reading = reader.read(buffer.getvalue())
            assert (reading.prepared.width, reading.prepared.height) == (11000, 9000)
            seconds = round(reader.used.cpu_ms / 1000, 1)
            found[mode] = {"file_mb": round(len(buffer.getvalue()) / 2**20, 1), "processor_s": seconds}
            found[mode]["peak_mb"] = round(reader.used.peak_mb)
        finally:
            reader.close()
    return found


def torch() -> dict[str, float] | str:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    from naturaltrace.detection.runtime.torch_runtime import TorchRuntime

    graph = released().graph.read_bytes()
    ours, theirs = OnnxRuntime(graph, threads=1), TorchRuntime(graph, "cpu")
    ready, crops = photo()
    pairs = zip(ours.run(ours.outputs, crops, ready.views), theirs.run(ours.outputs, crops, ready.views), strict=True)
    return {name: float(f"{np.abs(a - b).max():.1e}") for name, (a, b) in zip(ours.outputs, pairs, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=("runs", "choosing", "huge", "torch"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "runs": lambda: runs(options.repeats),
        "choosing": lambda: choosing(options.repeats),
        "huge": huge,
        "torch": torch,
    }
    wanted = [name for name in parts if options.only in (None, name)]
    report({name: parts[name]() for name in wanted}, options.out)


if __name__ == "__main__":
    main()
