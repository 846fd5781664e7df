"""Readings: chances that add up, what they are kept as, and how they join what was taught."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naturaltrace.detection.texture import mean_texture
from naturaltrace.evidence.attribution import attribute
from naturaltrace.evidence.reading import Reading
from naturaltrace.evidence.reference import AttributionReference, KnownGenerator, pack, read
from tests.daemon.evidence.cases import GRAPH, E, axis, reference, traits


def _groups() -> Reading:
    """Two groups along the first two axes."""
    return Reading(("gan", "gpt-image"), np.eye(E, 2, dtype=np.float32), np.zeros(2, dtype=np.float32), 0.1, 0.5)


def _with(**more: object) -> AttributionReference:
    known = reference().attribution
    assert known is not None
    return replace(known, **more)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_chances_add_up_and_follow_the_lines() -> None:
    chances = _groups().chances(np.stack([axis(0), axis(1), axis(3)]))
    assert chances.sum(1) == pytest.approx([1, 1, 1])
    assert chances.argmax(1).tolist() == [0, 1, 2]


def test_a_group_is_named_and_a_stranger_is_not() -> None:
    found = attribute(_with(groups=_groups()), traits(0))
    assert found.family is not None
    assert found.family.name == "gan"
    assert sum(g.probability for g in found.families) + found.unknown_family == pytest.approx(1, abs=1e-5)
    stranger = attribute(_with(groups=_groups()), traits(3))
    assert stranger.family is None
    assert stranger.unknown_family > 0.9


def _by_texture() -> Reading:
    """The same two groups, read in the texture: each has one statistic that is its own."""
    weights = np.zeros((4, 2), dtype=np.float32)
    weights[1, 0] = weights[3, 1] = 2.0
    return Reading(("gan", "gpt-image"), weights, np.zeros(2, dtype=np.float32), 0.1, 0.5, of_texture=True)


def test_texture_is_read_in_place_of_the_view() -> None:
    texture = mean_texture(np.array([[0.1, -0.1]]), np.array([[0.0, 1.5], [0.0, 0.5]]))
    found = attribute(_with(groups=_by_texture()), replace(traits(0), texture=texture))
    assert found.family is not None
    assert found.family.name == "gpt-image"


def test_a_graph_without_texture_is_attributed_as_before() -> None:
    """What reads texture says nothing of an image whose texture nobody handed out: prototypes speak instead."""
    with_reading = attribute(_with(groups=_by_texture(), models=_by_texture()), traits(0))
    assert with_reading == attribute(_with(), traits(0))


def test_models_come_from_their_own_reading() -> None:
    models = Reading(("dalle3", "sdxl"), np.eye(E, 2, dtype=np.float32), np.zeros(2, dtype=np.float32), 0.1, 0.5)
    found = attribute(_with(models=models), traits(0))
    assert found.model is not None
    assert (found.model.name, found.model.family) == ("dalle3", "openai")


def test_what_was_taught_comes_before_what_was_read() -> None:
    own = KnownGenerator("mine", "mine", axis(3)[None])
    known = _with(groups=_groups(), models=_groups())
    found = attribute(known, traits(3), [own])
    assert found.model is not None
    assert found.model.taught
    assert found.unknown + sum(g.probability for g in found.models) == pytest.approx(1, abs=1e-5)
    assert found.family is None


def _document(other: dict[str, Any]) -> dict[str, Any]:
    """`_groups` as it is kept, but for what is `other` in it."""
    known, own = reference().attribution, _groups()
    assert known is not None
    return {
        "schema": 1,
        "graph_sha256": GRAPH,
        "attribution": {
            "mean": pack(known.mean),
            "projection": pack(known.projection),
            "temperature": 0.1,
            "unknown": 0.5,
            "generators": [],
            "groups": {
                "names": own.names,
                "weights": pack(own.weights),
                "bias": pack(own.bias),
                "temperature": own.temperature,
                "unknown": own.unknown,
                **other,
            },
        },
    }


@pytest.mark.parametrize(("other", "of_texture"), [({}, False), ({"of_texture": True}, True)])
def test_a_reading_is_read_as_it_was_written(tmp_path: Path, other: dict[str, Any], of_texture: bool) -> None:
    own = _groups()
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(_document(other)), encoding="utf-8")
    known = read(path, GRAPH).attribution
    assert known is not None
    assert known.groups is not None
    assert known.groups.names == own.names
    assert np.array_equal(known.groups.weights, own.weights)
    assert known.groups.of_texture is of_texture
    assert known.models is None


@pytest.mark.parametrize("wrong", [{"names": ["gan"]}, {"temperature": 0}])
def test_a_damaged_reading_gives_no_evidence_at_all(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(_document(wrong)), encoding="utf-8")
    assert read(path, GRAPH).attribution is None
