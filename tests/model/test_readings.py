"""Readings tell generators apart, not sources, and what was left out comes out as unknown."""

from dataclasses import replace

import numpy as np
import pytest

from tests.needs import needs

needs("torch", "train")

from naturaltrace.detection.texture import mean_texture, unpacked  # noqa: E402
from naturaltrace_model import cli  # noqa: E402
from naturaltrace_model.data.lineages import LINEAGES, NAMED, lineage_of  # noqa: E402
from naturaltrace_model.evaluation import proportions, reading_figures, readings  # noqa: E402
from naturaltrace_model.evaluation.gallery import Embedded, Entry  # noqa: E402
from naturaltrace_model.evaluation.principal import principal  # noqa: E402

_E = 24
_OF = {"stylegan2": 0, "gpt-image-1": 1, "sd14": 2, "midjourney": 3}  # generator and the axis of its own trace


def _images(sources: int = 5, trace: float = 0.6, first: int = 0, seed: int = 0) -> Embedded:
    """Each generator in several sources; a source's own manner is stronger than the generator's trace."""
    rng = np.random.default_rng(seed)
    rows: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    entries: list[Entry] = []
    for generator, axis in _OF.items():
        for number in range(first, first + sources):
            manner = np.concatenate([np.zeros(4), rng.normal(0, 1, _E - 4)])
            manner /= np.linalg.norm(manner)
            for _ in range(10):
                rows.append(trace * np.eye(_E)[axis] + manner + rng.normal(0, 0.08, _E))
                entries.append(
                    Entry("train", 1, generator, "", f"{generator}/{number}", "generated", "", len(entries), 1)
                )
    view = np.stack(rows).astype(np.float32)
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    return Embedded(tuple(entries), view, np.zeros((len(rows), 2), dtype=np.float32))


def test_the_generator_is_read_and_not_the_source() -> None:
    reading = readings.fit(_images(), "groups")
    assert reading is not None
    assert set(reading.names) == set(NAMED)
    others = _images(first=5, seed=1)
    chances = reading.chances(others.view)
    truth = [lineage_of(g) for g in others.generators]
    told = [(*reading.names, "midjourney")[i] for i in chances.argmax(1)]
    assert np.mean(np.array(told) == np.array(truth)) > 0.9


def test_figures_are_high_where_there_is_a_trace_and_chance_where_there_is_none() -> None:
    found = reading_figures.report(_images(), _images(first=5, seed=1))["groups"]
    for way in ("by_source", "other_sources"):
        assert found[way]["closed_set_balanced_accuracy"] > 0.9
        assert found[way]["open_set_auroc"] > 0.8
        low, high = found[way]["open_set_auroc_interval"]
        assert low <= found[way]["open_set_auroc"] <= high
    assert set(found["by_source"]["open_set_auroc_by_left_out_lineage"]) == {lineage_of(g) for g in _OF}
    blind = reading_figures.report(_images(trace=0.0), None)["groups"]["by_source"]
    assert blind["closed_set_balanced_accuracy"] < 0.6
    assert blind["open_set_auroc"] < 0.65


def test_no_image_is_judged_by_a_fit_that_knew_its_source() -> None:
    """Sources that carry no trace at all, but a manner each: whoever knew the source would be right every time."""
    rows = readings.Rows.of(_images(sources=3, trace=0.0), "groups")
    judged = readings.by_folds(rows, rows.names())
    known = ~judged.strange & (judged.trial == "")
    assert np.mean((judged.scores.argmax(1) == judged.truth)[known]) < 0.7
    weights, bias = readings._lines(rows, rows.names())  # pyright: ignore[reportPrivateUsage]
    own = rows.name != ""
    seen = (rows.x @ weights + bias).argmax(1)[own]
    assert np.mean(np.array(rows.names())[seen] == rows.name[own]) > 0.9


def test_a_stranger_and_its_rivals_are_judged_without_its_lineage() -> None:
    rows = readings.Rows.of(_images(), "groups")
    judged = readings.by_folds(rows, rows.names())
    of_gan = judged.trial == "gan"
    gan = judged.names.index("gan")
    assert (judged.scores[of_gan, gan] == -1).all()  # nothing was left to learn it from
    assert judged.strange[of_gan].sum() == 50
    assert not judged.strange[judged.trial == ""].any()


def test_real_images_say_what_is_no_name_and_are_never_asked_about() -> None:
    """A generator that no fit knew, close to real images: with them it is taken for a known one less often."""
    images, photos = _images(sources=4), _images(sources=4, seed=3)
    near = photos.where(photos.generators == "midjourney")
    real = tuple(replace(e, label=0, generator="", source=f"photographs/{e.source}") for e in near.entries)
    both = Embedded(
        (*images.entries, *real), np.concatenate([images.view, near.view]), np.concatenate([images.family, near.family])
    )
    asked = [readings.by_folds(rows := readings.Rows.of(g, "groups"), rows.names()) for g in (images, both)]
    alone, beside = (judged.where(judged.strange & (judged.trial == "midjourney")) for judged in asked)
    assert len(beside.truth) == len(alone.truth) == 40
    assert beside.scores.max(1).mean() < alone.scores.max(1).mean() - 0.05


def test_too_few_sources_give_no_reading() -> None:
    assert readings.fit(_images(sources=2), "groups") is None
    assert reading_figures.report(_images(sources=2), None) == {}


def test_a_reading_goes_into_the_document_whole() -> None:
    reading = readings.fit(_images(), "models")
    assert reading is not None
    kept = proportions.reading(reading)
    assert kept["names"] == list(reading.names)
    assert kept["weights"]["columns"] == len(reading.names)


def _by_texture(own: Embedded, size: int = 800) -> Embedded:
    """The same images with a view that says nothing; what tells them apart is turned into a texture of many statistics,
    more than lines are looked for in."""
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(size, _E)))[0].T
    rows = own.view @ turn * np.sqrt(size)
    half = size // 2
    texture = np.stack([mean_texture(r[None, :half], r[None, half:]) for r in rows])
    return replace(own, view=np.ones_like(own.view), texture=texture)


def test_texture_is_read_where_it_was_seen() -> None:
    learned, others = _by_texture(_images()), _by_texture(_images(first=5, seed=1))
    reading = readings.fit(learned, "groups")
    assert reading is not None
    assert reading.of_texture
    assert proportions.reading(reading)["of_texture"] is True
    assert others.texture is not None
    chances = reading.chances(unpacked(others.texture))
    told = np.array([(*reading.names, "midjourney")[i] for i in chances.argmax(1)])
    assert np.mean(told == np.array([lineage_of(g) for g in others.generators])) > 0.9
    found = reading_figures.report(learned, others)["groups"]
    assert found["by_source"]["open_set_auroc"] > 0.8
    assert found["other_sources"]["closed_set_balanced_accuracy"] > 0.9


def test_a_part_of_a_gallery_keeps_its_texture() -> None:
    own = _by_texture(_images())
    assert own.texture is not None
    part = own.where(own.generators == "sd14").texture
    assert part is not None
    assert np.array_equal(part, own.texture[own.generators == "sd14"])


def test_principal_directions_hold_what_lies_apart() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 90)) * 3 + rng.normal(0, 0.1, (300, 90)) + 7
    found = principal(rows, 5)
    assert found.T @ found == pytest.approx(np.eye(5), abs=1e-5)
    spread = (rows - rows.mean(0)) @ found
    assert spread.var(0).sum() > 0.99 * rows.var(0).sum()
    assert (np.diff(spread.var(0)) <= 0).all()
    assert np.array_equal(principal(rows, 90), np.eye(90))


def test_every_named_lineage_is_one() -> None:
    assert set(NAMED) <= set(LINEAGES)
    assert lineage_of("unknown") == ""


def test_a_name_without_a_lineage_is_judged_too() -> None:
    rows = readings.Rows.of(_images(), "models")
    rows = replace(rows, lineage=np.where(rows.name == "midjourney", "", rows.lineage).astype(np.str_))
    judged = readings.by_folds(rows, rows.names())
    own = judged.truth == judged.names.index("midjourney")
    assert (own & (judged.trial == "")).sum() == 50


def test_others_without_any_generated_image_give_no_figures_of_their_own() -> None:
    real = _images(first=5)
    real = Embedded(tuple(replace(e, label=0, generator="") for e in real.entries), real.view, real.family)
    assert set(reading_figures.report(_images(), real)["groups"]) == {"by_source"}


@pytest.mark.parametrize("command", [["evidence", "set"], ["evaluate", "set", "--attribution", "--gallery", "seen"]])
def test_statistics_need_the_detector_that_they_are_of(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--described", "kept"]) == 2
    assert "--trace" in capsys.readouterr().err
