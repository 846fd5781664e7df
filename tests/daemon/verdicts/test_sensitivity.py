"""The user's three words: what they change, what they never change, and what they are said to cost."""

from dataclasses import replace
from importlib.resources import files

import pytest

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.storage.settings import SENSITIVITIES
from naturaltrace.verdicts import sensitivity

MODEL = ModelInfo("test", "1")


def found(level: PixelLevel, real_rate: float | None, reason: UnclearReason | None = None) -> Detection:
    return Detection(level, 0.5, MODEL, reason, real_rate=real_rate)


BETWEEN = UnclearReason.BETWEEN


@pytest.mark.parametrize(
    ("word", "before", "after"),
    [
        ("balanced", found(PixelLevel.LIKELY_AI, 0.03), (PixelLevel.LIKELY_AI, None)),
        ("balanced", found(PixelLevel.UNCLEAR, 0.031, BETWEEN), (PixelLevel.UNCLEAR, BETWEEN)),
        ("careful", found(PixelLevel.LIKELY_AI, 0.02), (PixelLevel.UNCLEAR, BETWEEN)),
        ("careful", found(PixelLevel.LIKELY_AI, 0.009), (PixelLevel.LIKELY_AI, None)),
        ("eager", found(PixelLevel.UNCLEAR, 0.09, BETWEEN), (PixelLevel.LIKELY_AI, None)),
        ("eager", found(PixelLevel.UNCLEAR, 0.11, BETWEEN), (PixelLevel.UNCLEAR, BETWEEN)),
    ],
)
def test_only_likely_ai_moves(word: str, before: Detection, after: tuple[PixelLevel, UnclearReason | None]) -> None:
    told = sensitivity.apply(before, word)
    assert (told.level, told.reason) == after


@pytest.mark.parametrize("word", SENSITIVITIES)
@pytest.mark.parametrize(
    "detection",
    [
        found(PixelLevel.AI, 0.004),
        found(PixelLevel.NO_SIGN, 0.99),
        found(PixelLevel.UNCLEAR, 0.001, UnclearReason.TOO_DEGRADED),
        found(PixelLevel.UNCLEAR, 0.001, UnclearReason.UNLIKE_CALIBRATION),
        found(PixelLevel.UNCLEAR, None, UnclearReason.FLAT),
        found(PixelLevel.LIKELY_AI, None),
    ],
    ids=["ai", "no_sign", "degraded", "unlike", "flat", "no rate"],
)
def test_promises_and_refusals_stay(word: str, detection: Detection) -> None:
    assert sensitivity.apply(detection, word) == detection


def test_what_a_word_costs_is_measured_on_the_released_test_images() -> None:
    rates = sensitivity.released()
    assert list(rates) == list(SENSITIVITIES)
    real = [rates[word].real for word in SENSITIVITIES]
    generated = [rates[word].generated for word in SENSITIVITIES]
    assert None not in (*real, *generated)
    assert real == sorted(real, key=lambda share: share or 0)
    assert generated == sorted(generated, key=lambda share: share or 0)
    assert len(set(real)) == 3


def test_balanced_costs_what_the_card_says() -> None:
    from naturaltrace.detection.card import released

    web = released().raw["figures"]["full"]["conditions"]["web"]
    rates = sensitivity.released()["balanced"]
    assert rates.real == pytest.approx(web["real_at_likely_ai"], abs=5e-4)
    assert rates.generated == pytest.approx(web["generated_at_likely_ai"], abs=5e-4)


@pytest.mark.parametrize("results", ["", "another,table\n1,2\n", "condition,label\nweb,0\n"])
def test_without_results_only_the_aim_is_said(results: str) -> None:
    from naturaltrace.detection.card import released

    rates = sensitivity.measured(released(), results)
    assert [rate.real for rate in rates.values()] == [None] * 3
    assert rates["careful"].promised == 0.01


def test_a_release_keeps_in_its_card_what_it_measured() -> None:
    from naturaltrace.detection.card import RELEASED_PACKAGE, released

    card = released()
    table = files(RELEASED_PACKAGE).joinpath(sensitivity.RESULTS).read_text("utf-8")
    kept = sensitivity.for_card(card, table)
    assert kept is not None
    figures = card.raw["figures"]["full"]
    assert (kept["real_images"], kept["generated_images"]) == (figures["real_images"], figures["generated_images"])
    later = replace(card, raw={**card.raw, "sensitivity": kept})
    assert sensitivity.in_card(later) == sensitivity.measured(card, table)
    assert sensitivity.for_card(card, "") is None


@pytest.mark.parametrize(
    "section", [None, "x", {}, {"shares": {"careful": {"real": 0.1, "generated": 0.2}}}, {"shares": {"careful": 1}},
                {"shares": {word: {"real": 3, "generated": 0.5} for word in SENSITIVITIES}}],
)  # fmt: skip
def test_a_card_without_measured_shares_says_none(section: object) -> None:
    from naturaltrace.detection.card import released

    card = released()
    assert sensitivity.in_card(replace(card, raw={**card.raw, "sensitivity": section})) is None
