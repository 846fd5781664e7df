"""A deadline strikes what takes too long, nothing else, and needs no thread for each block."""

import threading

from naturaltrace.sandbox.deadline import Deadline

LONG_S = 60.0


def test_what_takes_too_long_is_struck_once() -> None:
    struck = threading.Semaphore(0)
    with Deadline().within(0.01, struck.release):
        assert struck.acquire(timeout=LONG_S)
    assert not struck.acquire(blocking=False)


def test_what_has_ended_is_not_struck() -> None:
    deadline, first, second = Deadline(), threading.Event(), threading.Event()
    with deadline.within(0.05, first.set):
        pass
    with deadline.within(0.3, second.set):  # runs when the first one would have been late
        assert second.wait(LONG_S)
    assert not first.is_set()


def test_a_shorter_deadline_counts_while_a_longer_one_is_slept_for() -> None:
    deadline, late = Deadline(), threading.Event()
    with deadline.within(LONG_S * 10, lambda: None):
        pass
    with deadline.within(0.01, late.set):
        assert late.wait(LONG_S)


def test_a_thousand_blocks_need_hardly_a_thread_which_ends_when_there_are_none() -> None:
    deadline, before = Deadline(), set(threading.enumerate())
    seen: set[threading.Thread] = set()
    for _ in range(1000):
        with deadline.within(0.5 + LONG_S, lambda: None):
            seen |= {thread for thread in threading.enumerate() if thread.name == "deadline"} - before
    # One is enough, but a thread that only gets its turn after its block has ended goes again at once.
    assert 1 <= len(seen) < 10
    late = threading.Event()
    with deadline.within(0.01, late.set):  # wakes it
        assert late.wait(LONG_S)
    for thread in seen:
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_it_can_be_used_again_after_it_struck() -> None:
    deadline = Deadline()
    for _ in range(3):
        late = threading.Event()
        with deadline.within(0.01, late.set):
            assert late.wait(LONG_S)
