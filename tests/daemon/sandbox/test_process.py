"""The process that reads files: says the same as this one would, and outlives nothing it should not."""

import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest

from naturaltrace.imaging.errors import DamagedImage, EmptyBody, ImagingError, TooManyPixels, UnsupportedFormat
from naturaltrace.provenance.trust import TrustList, bundled
from naturaltrace.sandbox import process as processes
from naturaltrace.sandbox.inside import read
from naturaltrace.sandbox.process import Bounds, NoReader, ReaderProcess
from naturaltrace.sandbox.reading import Reading
from tests.daemon.images import encoded, photo, png_bomb
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import Authority, created, sign
from tests.fuzz.mutations import seeds

PNG = encoded(photo(), "PNG")


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderProcess]:
    it = ReaderProcess()
    yield it
    it.close()


def same(one: Reading, other: Reading) -> bool:
    a, b = one.prepared, other.prepared
    assert (a.width, a.height, a.format, a.sha256, a.byte_count) == (
        b.width,
        b.height,
        b.format,
        b.sha256,
        b.byte_count,
    )
    assert np.array_equal(a.views, b.views)
    assert np.array_equal(a.page, b.page)
    assert (a.crops is None) is (b.crops is None)
    if a.crops is not None and b.crops is not None:
        assert np.array_equal(a.crops.pixels, b.crops.pixels)
        assert np.array_equal(a.crops.boxes, b.crops.boxes)
        assert a.crops.scale == b.crops.scale
    return one.provenance == other.provenance and one.thumbnail == other.thumbnail


@pytest.mark.parametrize("number", range(len(seeds())))
def test_each_format_reads_the_same_in_there(reader: ReaderProcess, number: int) -> None:
    data = seeds()[number]
    assert same(reader.read(data, thumbnail=True), read(data, thumbnail=True))


@pytest.mark.parametrize("size", [(1, 1), (127, 300), (128, 128), (700, 500), (3000, 40)])
def test_each_size_reads_the_same_in_there(reader: ReaderProcess, size: tuple[int, int]) -> None:
    data = encoded(photo(*size), "PNG")
    assert same(reader.read(data, pixels_only=True), read(data, pixels_only=True))


def test_a_signature_is_verified_in_there_against_the_list_in_force() -> None:
    root = Authority()
    data = sign(files.encode("PNG"), "image/png", root.issue("Camera Works"), [created("digitalCapture")])
    in_force = [bundled()]
    reader = ReaderProcess(lambda: in_force[0])
    try:
        assert same(reader.read(data), read(data))
        first = reader.pid
        in_force[0] = TrustList("mine", "", "", root.pem)
        mine = reader.read(data)
        assert same(mine, read(data, trust=in_force[0]))
        assert mine.provenance is not None
        assert mine.provenance.findings[0].standing == "trusted"
        assert reader.pid == first
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", EmptyBody),
        (b"hello", UnsupportedFormat),
        (PNG[:500], DamagedImage),
        (png_bomb(50_000, 50_000), TooManyPixels),
    ],
    ids=["empty", "text", "cut", "bomb"],
)
def test_refusals_come_out_as_they_are(reader: ReaderProcess, data: bytes, kind: type[ImagingError]) -> None:
    with pytest.raises(kind) as here:
        read(data)
    with pytest.raises(kind) as there:
        reader.read(data)
    assert str(there.value) == str(here.value)


def test_one_process_reads_many_files_and_says_what_they_took(reader: ReaderProcess) -> None:
    reader.read(PNG)
    first = reader.pid
    reader.read(PNG)
    assert reader.pid == first
    assert reader.used.cpu_ms > 0
    if sys.platform != "win32":
        assert 10 < reader.used.peak_mb < 1000


def test_a_process_that_takes_too_long_is_ended_and_replaced() -> None:
    reader = ReaderProcess()
    try:
        reader.read(PNG)
        first = reader.pid
        reader.bounds = Bounds(wall_s=0.001)
        with pytest.raises(ImagingError, match="too long") as refused:
            reader.read(encoded(photo(1500, 1500), "PNG"))
        assert type(refused.value) is ImagingError
        assert reader.overran == 1
        reader.bounds = Bounds()
        assert reader.read(PNG).prepared.width == 320
        assert reader.pid != first
    finally:
        reader.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no processor time for us")
def test_so_is_one_that_uses_up_its_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_command", instead(acting("confine.allow_cpu(0)\nwhile True: pass")))
    reader = ReaderProcess()
    with pytest.raises(ImagingError, match="too long"):
        reader.read(PNG)
    assert (reader.overran, reader.died) == (1, 0)


@pytest.mark.parametrize(
    "harm",
    [
        "os.abort()",
        "os._exit(0)",
        "answers.write(b'x' * 8); answers.flush(); os._exit(0)",
        "answers.write(b'\\xff' * 4096); answers.flush()",
        "wire.send(answers, {'image': [1, 1, 'PNG', '', 1]})",
        "wire.send(answers, {'error': ['no-such-error', 'x'], 'used': {'cpu_ms': 0, 'peak_mb': 0}})",
        "wire.send(answers, {'used': {'cpu_ms': 'much', 'peak_mb': 0}})",
        "wire.send(answers, [1])",
    ],
)
def test_one_that_dies_or_says_nonsense_is_replaced(monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    reader = ReaderProcess()
    with monkeypatch.context() as patched:
        patched.setattr(processes, "_command", instead(acting(harm)))
        with pytest.raises(ImagingError, match="broke down"):
            reader.read(PNG)
    try:
        assert reader.died == 1
        assert reader.read(PNG).prepared.width == 320
    finally:
        reader.close()


def instead(command: list[str]) -> Callable[[Bounds], list[str]]:
    return lambda _bounds: command


def acting(harm: str) -> list[str]:
    """A process that starts as it should, takes a file, and then does something else."""
    code = f"""
import os, sys
from naturaltrace.sandbox import confine, wire
requests, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
wire.send(answers, {{"ready": []}})
wire.receive(requests, max_body=2**30)
{harm}
"""
    return [sys.executable, "-c", code]


def test_one_that_does_not_start_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_command", instead([sys.executable, "-c", "print('hello')"]))
    with pytest.raises(NoReader, match="does not start"):
        ReaderProcess().read(PNG)
    monkeypatch.setattr(processes, "_command", instead(["/there/is/no/such/program"]))
    with pytest.raises(NoReader, match="can't be started"):
        ReaderProcess().read(PNG)


def test_one_that_was_killed_while_idle_costs_no_file() -> None:
    reader = ReaderProcess()
    try:
        reader.read(PNG)
        assert reader.pid is not None
        idle = psutil.Process(reader.pid)
        idle.kill()
        psutil.wait_procs([idle], timeout=30)
        assert reader.read(PNG).prepared.width == 320
        assert reader.died == 0
    finally:
        reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's own memory")
def test_a_file_that_wants_more_memory_than_there_is_gets_words_not_memory() -> None:
    large = encoded(photo(16, 16).resize((9000, 9000)), "PNG", compress_level=1)
    reader = ReaderProcess(bounds=Bounds(memory_mb=300))
    try:
        with pytest.raises(ImagingError):
            reader.read(large)
        assert reader.read(PNG).prepared.width == 320
        assert reader.used.peak_mb < 450
    finally:
        reader.close()


def test_ending_it_in_the_middle_of_a_file_ends_the_waiting() -> None:
    reader = ReaderProcess()
    reader.start()
    assert reader.pid is not None
    running = psutil.Process(reader.pid)
    running.suspend()
    timer = threading.Timer(0.2, running.kill)
    timer.start()
    with pytest.raises(ImagingError, match="broke down"):
        reader.read(PNG)
    timer.join()
