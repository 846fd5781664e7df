"""The progress line says what is so, and fits."""

import io

import pytest

from naturaltrace.scan import progress
from naturaltrace.scan.progress import Progress, duration


def test_it_tells_share_rate_errors_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    out = io.StringIO()
    line = Progress(1000, 200, stream=out)
    now += 10
    line.advance(50, 2)
    assert line.line(120).endswith(" 25% · 250 of 1,000 · 2 errors · 5.0 images/s · 2 min 30 s left")
    assert out.getvalue() == ""
    now += 31
    line.advance(1, 0)
    assert out.getvalue().count("\n") == 1


def test_what_was_judged_before_does_not_count_into_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    line = Progress(10_000, 9_000, stream=io.StringIO())
    now = 2.0
    line.advance(10, 0)
    assert line.rate == 5.0


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_it_never_wraps(width: int) -> None:
    line = Progress(10, 0, stream=io.StringIO())
    line.advance(3, 1)
    assert len(line.line(width)) < width


def test_durations_read_as_people_say_them() -> None:
    said = [duration(s) for s in (5, 200, 7500, 273_600)]
    assert said == ["5 s", "3 min 20 s", "2 h 5 min", "3 days 4 h"]
