"""What is freed waits for the next run, and goes back when asked to."""

import subprocess
import sys

import pytest

# An image's worth of blocks, taken and given back in a thread as the judging one does; page faults of the images after
# the first, and megabytes that giving back gave back.
PROGRAM = """
import resource, sys, threading
import numpy as np
from naturaltrace.sandbox import idle

kept = idle.share_one_arena() and idle.keep_memory_while_working()
if sys.argv[1] == "apart":
    kept = kept and idle.lay_apart_while_loading()

def work():
    blocks = [np.ones(3 * 2**18, np.uint8) for _ in range(36)]
    del blocks

def runs():
    global faults
    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        work()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

thread = threading.Thread(target=runs)
thread.start()
thread.join()
held = lambda: int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20
working = held()
idle.give_memory_back()
print(kept, faults, working - held())
"""


def _run(how: str) -> tuple[str, int, int]:
    output = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True).stdout
    kept, faults, returned = output.split()
    return kept, int(faults), int(returned)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_freed_blocks_wait_for_the_next_run_and_go_back_when_it_idles() -> None:
    kept, faults, returned = _run("keep")
    if kept == "False":
        pytest.skip("another C library than glibc")
    assert faults < 2000  # ten images touch 67,000 pages
    assert returned > 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_what_is_loaded_lies_apart_and_leaves_no_holes() -> None:
    kept, faults, returned = _run("apart")
    if kept == "False":
        pytest.skip("another C library than glibc")
    assert faults > 20_000  # each block is fetched from the system
    assert returned < 20  # and went back as soon as it was freed
