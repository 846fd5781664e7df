"""What was taught survives restarts, damage and foreign hands, and nothing of an image is in it."""

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturaltrace.evidence.reference import Floats, Reference, pack, read, unpack
from naturaltrace.evidence.store import EvidenceStore, Kind, StoreError, Taught, clean_name, dump, load, prototypes_of


def _rows(count: int, seed: int = 0) -> Floats:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_it_is_there_after_a_restart_and_for_this_user_only(tmp_path: Path) -> None:
    added = EvidenceStore(tmp_path).add("New model", Kind.GENERATOR, "g", _rows(6))
    (found,) = EvidenceStore(tmp_path).list()
    assert (found.name, found.kind, found.samples) == ("New model", Kind.GENERATOR, 6)
    assert np.allclose(found.prototypes, added.prototypes, atol=1e-3)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "taught.json").stat().st_mode) == 0o600


def test_fewer_than_five_samples_are_refused_in_words(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    with pytest.raises(StoreError, match="At least 5"):
        store.add("x", Kind.GENERATOR, "g", _rows(4))
    assert store.list() == ()


def test_a_second_process_sees_what_the_first_added(tmp_path: Path) -> None:
    first, second = EvidenceStore(tmp_path), EvidenceStore(tmp_path)
    assert second.list() == ()
    first.add("a", Kind.CAMERA, "g", _rows(5))
    assert [t.name for t in second.list()] == ["a"]
    assert second.remove("a") == 1
    assert first.list() == ()


def test_names_of_both_kinds_do_not_collide(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.add("a", Kind.CAMERA, "g", _rows(5))
    store.add("a", Kind.GENERATOR, "g", _rows(5))
    assert len(store.list()) == 2
    assert store.remove("a", Kind.CAMERA) == 1
    assert [t.kind for t in store.list()] == [Kind.GENERATOR]
    assert store.remove("nobody") == 0


def test_a_damaged_file_is_set_aside_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "taught.json").write_text('{"schema": 1, "taught": [{"name"')
    store = EvidenceStore(tmp_path)
    assert store.list() == ()
    assert "damaged" in store.notices[0]
    assert len(list(tmp_path.glob("taught.json.damaged-*"))) == 1
    store.add("a", Kind.CAMERA, "g", _rows(5))
    assert len(store.list()) == 1


def test_an_export_can_be_imported_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = EvidenceStore(tmp_path / "a")
    first.add("x", Kind.GENERATOR, "g", _rows(20))
    second = EvidenceStore(tmp_path / "b")
    second.put(load(dump(first.list())))
    assert [t.name for t in second.list()] == ["x"]


def test_an_export_holds_a_few_numbers_and_no_image(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.add("x", Kind.GENERATOR, "g", _rows(100))
    (entry,) = json.loads(dump(store.list()))["taught"]
    assert set(entry) == {"name", "kind", "graph", "samples", "spread", "added", "prototypes"}
    assert len(dump(store.list())) < 1000


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 99, "taught": []}', '{"schema": 1, "taught": 3}', '{"schema": 1, "taught": [{}]}',
     '{"schema": 1, "taught": [3]}'],
)  # fmt: skip
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(StoreError):
        load(text)


@given(st.text(max_size=120))
def test_any_name_is_kept_as_it_is_or_refused(name: str) -> None:
    try:
        kept = clean_name(name)
    except StoreError:
        return
    assert kept == name.strip()
    assert kept.isprintable()


def test_prototypes_lie_among_their_samples() -> None:
    two = np.repeat(np.eye(2, 8, dtype=np.float32), 12, axis=0)
    centres, spread = prototypes_of(two)
    assert sorted(np.abs(centres).argmax(1).tolist()) == [0, 1] or len(centres) == 3
    assert spread > 0.99
    one, _ = prototypes_of(two[:5])
    assert len(one) == 1


def test_packed_numbers_come_back() -> None:
    matrix = _rows(3)
    assert np.allclose(unpack(pack(matrix)), matrix, atol=1e-3)
    with pytest.raises(ValueError, match="numbers"):
        unpack(pack(np.array([[np.nan]], dtype=np.float32)))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "graph_sha256": "g", "traces": [1]}'])
def test_a_reference_that_cannot_be_read_is_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(text)
    assert read(path, "g") == Reference()


def test_a_reference_of_another_graph_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(
        json.dumps({"schema": 1, "graph_sha256": "x", "part": {"contrast": 1, "chance": 0.5, "rate": 0.02}})
    )
    assert read(path, "x").part is not None
    assert read(path, "y").part is None


def test_entries_say_when_they_were_made_by_another_graph(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.add("x", Kind.GENERATOR, "old", _rows(5))
    assert store.of(Kind.GENERATOR, "new") == ()
    assert isinstance(store.of(Kind.GENERATOR, "old")[0], Taught)
