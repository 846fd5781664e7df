"""A benchmark's arithmetic: whose a task's time was."""

from typing import Any

from benchmarks.extension_cost_trace import MARK, Cost, Event

PAGE, OURS = "http://127.0.0.1/feed", "chrome-extension://abc/content/placement.js"
HERE = {"pid": 7, "tid": 7}


def event(name: str, start: int, wall: int, cpu: int, **place: int) -> Event:
    return {"name": name, "ts": start, "dur": wall, "tdur": cpu, "args": {}, **HERE, **place}


def node(number: int, function: str, url: str, *children: int) -> dict[str, Any]:
    frame = {"functionName": function, "url": url, "lineNumber": 9}
    return {"id": number, "callFrame": frame, "children": list(children)}


def profile(*samples: tuple[int, int]) -> dict[str, Any]:
    """Pairs of a node's number and when it was seen."""
    nodes = [
        node(1, "(root)", "", 2, 3),
        node(2, "onScroll", PAGE),
        node(3, "pass", OURS, 4),
        node(4, "getBoundingClientRect", ""),
    ]
    times = [at for _, at in samples]
    deltas = [after - before for before, after in zip([0, *times], times, strict=False)]
    return {"nodes": nodes, "samples": [n for n, _ in samples], "timeDeltas": deltas, "startTime": 0}


def cost_of(events: list[Event], *samples: tuple[int, int]) -> Cost:
    mark = {"name": "TimeStamp", "args": {"data": {"message": MARK}}, **HERE}
    cost = Cost()
    cost.add([mark, *events], profile(*samples))
    return cost


def test_time_is_shared_between_the_page_and_us() -> None:
    # 100 ms by the clock, of which the processor worked 60: a third of the samples is ours, forced layout included.
    cost = cost_of([event("RunTask", 1000, 90_000, 60_000)], (3, 1000), (4, 16_000), (2, 31_000), (1, 200_000))
    assert cost.figures()["ours_cpu_ms"] == 20
    assert cost.figures()["cpu_ms"] == 60
    assert [(name, round(us)) for name, us in cost.dearest(5)] == [("pass placement.js:10", 20_000)]
    assert cost.figures()["over_50_ms_because_of_us"] == 1


def test_a_long_task_of_the_page_is_not_ours() -> None:
    cost = cost_of([event("RunTask", 1000, 80_000, 80_000)], (2, 1000), (3, 61_000), (1, 81_000))
    assert cost.figures()["tasks_over_50_ms"] == 1
    assert cost.figures()["over_50_ms_because_of_us"] == 0
    assert cost.figures()["ours_longest_ms"] == 20


def test_time_between_tasks_and_on_other_threads_is_nobodys() -> None:
    other = [event("RunTask", 50_000, 90_000, 90_000, tid=8), event("Layout", 50_000, 5_000, 5_000, tid=8)]
    cost = cost_of([event("RunTask", 1000, 2_000, 2_000), *other], (3, 1000), (3, 60_000))
    assert cost.figures()["ours_cpu_ms"] == 2
    assert cost.figures()["cpu_ms"] == 2
    assert cost.figures()["layout_cpu_ms"] == 0
