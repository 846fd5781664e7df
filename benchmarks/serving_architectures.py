"""What one image costs the detector, against architectures that others detect generated images with.

    python -m benchmarks.serving_architectures [--threads 1] [--repeats 5] [--only NAME] [--out FILE.json]

All of them run in the same onnxruntime with the same options, one image at a time; each with random weights, which cost
the same as trained ones. They take turns, so that a busy machine slows all alike; the quickest run of each counts.
*Graph* is the network alone: for the detector all crops and views of a 1024 × 768 photo. *Image* adds what makes its
input from decoded pixels: choosing crops and views, or one resize. What the heat map takes is no part of it
(docs/evidence.md says how much that is). Needs the extra `train` (torch, onnx).
Of the detector both graphs take part, *fp32* and *int8*; `runs` says which one the companion runs on this machine with
the setting "auto", after its own self-test and measurement, and the ratios are told against each.
Goals: at least 5 times as fast as ViT-S/16-384, 20 times as fast as CLIP ViT-L/14.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.architectures import ARCHITECTURES, Architecture
from benchmarks.serving import images, report
from naturaltrace.detection.card import released
from naturaltrace.detection.runtime.choice import Chosen
from naturaltrace.detection.runtime.devices import ort
from naturaltrace.detection.runtime.wanted import AUTO, FP32, INT8
from naturaltrace.detection.session import CropSession
from naturaltrace.imaging.crops import choose_crops
from naturaltrace.imaging.decode import decode
from naturaltrace.imaging.decoded import DecodedImage
from naturaltrace.imaging.prepared import prepare
from naturaltrace.imaging.views import square_views

Run = Callable[[], object]


def peer(architecture: Architecture, folder: Path, threads: int, image: DecodedImage) -> tuple[Run, Run]:
    """Its graph, and what makes its input."""
    model = architecture.make().eval()
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    assert abs(millions / architecture.parameters - 1) < 0.02, (architecture.name, millions)
    path = folder / "model.onnx"
    shown = torch.zeros(1, 3, architecture.side, architecture.side)
    export = cast(Any, torch.onnx.export)  # pyright: ignore[reportUnknownMemberType]
    export(model, (shown,), path, dynamo=True, external_data=False, verbose=False)
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    session: Any = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    path.unlink()
    name = session.get_inputs()[0].name
    pixels: NDArray[np.float32] = shown.numpy()

    def resize() -> object:
        side = architecture.side
        small = Image.fromarray(image.pixels).resize((side, side), Image.Resampling.BICUBIC)
        return (np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255 - 0.45) / 0.25

    return (lambda: session.run(None, {name: pixels})), resize


def detector(precision: str, threads: int, image: DecodedImage) -> tuple[Run, Run, int] | None:
    """None where this machine or this release has no such graph."""
    chosen = CropSession(released(), threads, precision=precision).chosen
    if chosen.precision != precision:
        return None
    runtime, ready = chosen.runtime, prepare(image)
    assert ready.crops is not None
    crops = ready.crops.pixels

    def choose() -> object:
        return choose_crops(image.pixels), square_views(image.pixels)

    return (lambda: runtime.run(runtime.outputs, crops, ready.views)), choose, len(crops)


def companions_choice() -> Chosen:
    """What the companion comes to here: the same code, with nothing known of this machine yet."""
    session = CropSession(released(), precision=AUTO)
    session.tune()
    return session.chosen


def quickest(runs: dict[str, Run], repeats: int) -> dict[str, float]:
    """Milliseconds of the processor (all threads together when there is one), the least of `repeats` turns of all."""
    for run in runs.values():
        run()
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            start, used = time.perf_counter(), time.process_time()
            run()
            clock, cpu = time.perf_counter() - start, time.process_time() - used
            # On a busy core the clock counts others' work; with one thread the processor's own time is the truth.
            best[name] = min(best[name], min(clock, cpu) * 1000 if ARGS.threads == 1 else clock * 1000)
    return best


ARGS = argparse.Namespace(threads=1)


def measure(threads: int, repeats: int, only: str | None) -> dict[str, Any]:
    image = decode(images(None, 1)[0])
    graphs, inputs, crops = dict[str, Run](), dict[str, Run](), 0
    for precision in (FP32, INT8):
        if (ours := detector(precision, threads, image)) is not None:
            graphs[precision], inputs[precision], crops = ours
    own = list(graphs)
    with tempfile.TemporaryDirectory(prefix="naturaltrace-benchmark-") as folder:
        for architecture in ARCHITECTURES:
            if only is None or only in architecture.name:
                graphs[architecture.name], inputs[architecture.name] = peer(architecture, Path(folder), threads, image)
    graph_ms, input_ms = quickest(graphs, repeats), quickest(inputs, repeats)
    whole = {name: graph_ms[name] + input_ms[name] for name in graphs}
    chosen = companions_choice()
    return {
        "threads": threads,
        "detector": f"{released().name} {released().version}",
        "runs": chosen.precision,
        "notices": list(chosen.notices),
        "crops": crops,
        "per_image": {
            name: {
                "graph_ms": round(graph_ms[name], 1),
                "image_ms": round(whole[name], 1),
                **{f"times_as_slow_as_{p}_graph": round(graph_ms[name] / graph_ms[p], 2) for p in own},
                **{f"times_as_slow_as_{p}_image": round(whole[name] / whole[p], 2) for p in own},
            }
            for name in graphs
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", help="one architecture, by a part of its name")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ARGS.threads = options.threads
    report(measure(options.threads, options.repeats, options.only), options.out)


if __name__ == "__main__":
    main()
