"""What a trace and a sampling profile of one page say together: each task's processor time, and how much of it is ours.

Processor time, for wall time on a shared machine says more about the neighbours than about the page: a task's comes
from the trace, and what its samples say of wall time is scaled by it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

MARK = "naturaltrace-benchmark"
CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
LAYOUT = {"Layout", "UpdateLayoutTree"}
OURS = ("chrome-extension://", "moz-extension://")
LONG_MS = 50
Event = dict[str, Any]


@dataclass(slots=True)
class Task:
    """Microseconds; `start` and `wall` by the clock, `cpu` of the processor, `ours` the part of it with a script of the
    extension on the stack, layout that it forced included."""

    start: float
    wall: float
    cpu: float
    ours: float = 0.0

    @property
    def long(self) -> bool:
        return self.cpu > LONG_MS * 1000

    @property
    def long_because_of_us(self) -> bool:
        return self.long and self.cpu - self.ours <= LONG_MS * 1000


@dataclass(slots=True)
class Cost:
    """Of all parts of one reading of the feed. `functions`: microseconds of ours by function, what it called in the
    browser included, what it called of ours not."""

    tasks: list[Task] = field(default_factory=list[Task])
    layout_us: float = 0.0
    functions: defaultdict[str, float] = field(default_factory=lambda: defaultdict[str, float](float))

    def add(self, events: list[Event], profile: dict[str, Any]) -> None:
        """One trace, in which the page has called `console.timeStamp(MARK)`, and the profile taken meanwhile."""
        mark = next(e for e in events if e["name"] == "TimeStamp" and e["args"]["data"].get("message") == MARK)
        here = [e for e in events if (e["pid"], e.get("tid")) == (mark["pid"], mark["tid"]) and "tdur" in e]
        tasks = [Task(e["ts"], max(e["dur"], 1), e["tdur"]) for e in here if e["name"] == "RunTask"]
        tasks.sort(key=lambda task: task.start)
        self.layout_us += sum(e["tdur"] for e in here if e["name"] in LAYOUT)
        share(tasks, profile, self.functions)
        self.tasks += tasks

    def dearest(self, count: int) -> list[tuple[str, float]]:
        """So many of our functions, the dearest first, with their microseconds."""
        return sorted(self.functions.items(), key=lambda item: -item[1])[:count]

    def figures(self) -> dict[str, float]:
        mine = [task for task in self.tasks if task.ours > 0]
        return {
            "cpu_ms": round(sum(task.cpu for task in self.tasks) / 1000, 1),
            "layout_cpu_ms": round(self.layout_us / 1000, 1),
            "ours_cpu_ms": round(sum(task.ours for task in mine) / 1000, 1),
            "ours_longest_ms": round(max((task.ours for task in mine), default=0) / 1000, 1),
            "longest_task_ms": round(max(task.cpu for task in self.tasks) / 1000, 1),
            "tasks_over_50_ms": sum(task.long for task in self.tasks),
            "over_50_ms_because_of_us": sum(task.long_because_of_us for task in self.tasks),
            "ours_over_16_ms": sum(task.ours > 16_000 for task in mine),
            "wall_over_cpu": round(sum(task.wall for task in self.tasks) / sum(task.cpu for task in self.tasks), 2),
        }


def share(tasks: list[Task], profile: dict[str, Any], functions: defaultdict[str, float]) -> None:
    """Give each task its part of the samples with a script of ours on the stack."""
    whose = owners(profile)
    starts = [task.start for task in tasks]
    at = profile["startTime"]
    for number, (delta, following) in zip(profile["samples"], pairwise([*profile["timeDeltas"], 0]), strict=True):
        at += delta
        owner = whose(number)
        if owner is None:
            continue
        # A delta is the time since the sample before, so the next one belongs to this sample; none outlasts its task.
        index = bisect_right(starts, at) - 1
        task = tasks[index] if index >= 0 else None
        if task is None or at >= task.start + task.wall:
            continue
        spent = min(following, task.start + task.wall - at) * min(1.0, task.cpu / task.wall)
        task.ours += spent
        functions[owner] += spent


def owners(profile: dict[str, Any]) -> Callable[[int], str | None]:
    """A function: a node's number -> our innermost function on its stack, or None."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in nodes.values() for child in node.get("children", ())}
    known: dict[int, str | None] = {}

    def owner(number: int) -> str | None:
        if number not in known:
            frame = nodes[number]["callFrame"]
            if frame["url"].startswith(OURS):
                file = frame["url"].rsplit("/", 1)[-1]
                known[number] = f"{frame['functionName'] or 'anonymous'} {file}:{frame['lineNumber'] + 1}"
            else:
                known[number] = owner(parents[number]) if number in parents else None
        return known[number]

    return owner
