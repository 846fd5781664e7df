"""The released evidence, where there is any, belongs to the released graph."""

import json
from importlib.resources import files

import pytest

from naturaltrace.detection import card as cards
from naturaltrace.evidence import words
from naturaltrace.evidence.reference import FILE, for_card


def test_released_evidence_is_the_released_graphs_own() -> None:
    card = cards.released()
    path = files(cards.RELEASED_PACKAGE) / FILE
    if not path.is_file():
        pytest.skip("this release has no evidence.json: nearness, attribution and parts are left out of its verdicts")
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert raw["graph_sha256"] == card.sha256, "measure it anew: naturaltrace-model evidence"
    found = for_card(card)
    assert found.nearness
    for each in found.nearness:
        assert list(each.proximity) == sorted(each.proximity)
    for trace in found.traces:
        assert f"kind.{trace.kind}" in words.load("en")
    if found.part is not None:
        assert found.part.rate <= 0.05
    if found.attribution is not None:
        assert len(found.attribution.generators) >= 5
        size = found.attribution.projection.shape[1]
        assert all(g.prototypes.shape[1] == size for g in found.attribution.generators)
