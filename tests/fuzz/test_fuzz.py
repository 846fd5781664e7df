"""A small run of the fuzzer, and proof that it would notice."""

import pytest

from tests.fuzz import __main__ as fuzzer
from tests.fuzz.mutations import case, seeds


def test_three_hundred_broken_files_do_no_harm() -> None:
    # A slow machine may need longer than the two seconds that the long run allows.
    tally = fuzzer.fuzz(seed=1, count=300, limit_s=10.0)
    assert tally.failures == []
    assert tally.cases == 300
    assert 0 < tally.decoded < 300


def test_a_case_is_the_same_each_time() -> None:
    assert case(5, 17) == case(5, 17) != case(6, 17)


def test_unbroken_files_are_decoded() -> None:
    for data in seeds():
        assert fuzzer.decode(data).width > 0


def test_what_nobody_foresaw_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(fuzzer, "decode", fail)
    with pytest.raises(ZeroDivisionError):
        fuzzer.one(0, 0)
