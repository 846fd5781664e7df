"""A camera's own metadata: found, told from a program's that only names a camera, and never more than a nudge."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel
from naturaltrace.provenance import camera
from naturaltrace.provenance.findings import Finding
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of, read_provenance
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.fusion import judge
from naturaltrace.verdicts.verdict import ImageFacts
from tests.daemon.provenance import files

CAPTURE: dict[int, object] = {0x829A: 0.004, 0x829D: 5.6, 0x8827: 400, 0x920A: 50.0, 0x9003: "2024:05:29 14:55:12"}
# Tables as no library writes them: the fingerprint is set in the table of the test below.
TABLES = [list(range(1, 65)), list(range(2, 66))]


def photo(make: str = "Canon", model: str = "Canon EOS R6", **options: object) -> bytes:
    return files.encode("JPEG", exif=files.exif({0x010F: make, 0x0110: model}, CAPTURE), **options)


def found(data: bytes) -> Finding | None:
    return next((f for f in read_provenance(data, "JPEG").findings if f.kind == "exif.camera"), None)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> str:
    """TABLES are those of Canon's cameras."""
    fingerprint = camera.fingerprint(parts_of(photo(qtables=TABLES), "JPEG", Parts()))
    monkeypatch.setattr(camera, "tables", lambda: {fingerprint: frozenset({"canon"})})
    return fingerprint


def test_tables_of_the_makers_own_are_said(known: str) -> None:
    finding = found(photo(qtables=TABLES))
    assert finding is not None
    assert finding.fields["tables"] == "canon"
    text = judged(photo(qtables=TABLES))[1]
    assert "compressed the way this maker's cameras do it; both are easy to copy" in text


def test_other_tables_and_another_makers_are_not(known: str) -> None:
    for data in (photo(), photo("NIKON CORPORATION", "NIKON D5", qtables=TABLES), photo(quality=70)):
        finding = found(data)
        assert finding is not None
        assert "tables" not in finding.fields


def test_tables_without_exif_say_nothing(known: str) -> None:
    assert read_provenance(files.encode("JPEG", qtables=TABLES), "JPEG").findings == ()


def judged(data: bytes, level: PixelLevel = PixelLevel.AI) -> tuple[str, str]:
    facts = ImageFacts(64, 64, "JPEG", len(data), "ab" * 32)
    verdict = judge(facts, read_provenance(data, "JPEG"), Detection(level, 0.9, ModelInfo("t", "1"), None, 0.01, 0.05))
    return verdict.level.value, next((e.text for e in verdict.evidence if e.kind == "exif.camera"), "")


@pytest.mark.parametrize("level", PixelLevel)
def test_it_never_decides(known: str, level: PixelLevel) -> None:
    plain = files.encode("JPEG")
    for data in (photo(), photo(qtables=TABLES)):
        assert judged(data, level)[0] == judged(plain, level)[0]
    for key in ("camera", "camera.tables"):
        weight = decisions.table().weights[key]
        assert -0.3 <= weight.direction < 0
        assert weight.strength < min(decisions.table().weights[f"pixels.{each.value}"].strength for each in PixelLevel)


@pytest.mark.parametrize("missing", [0x010F, 0x0110])
def test_a_name_alone_or_too_few_facts_are_no_capture(missing: int) -> None:
    names: dict[int, object] = {0x010F: "Canon", 0x0110: "Canon EOS R6"}
    del names[missing]
    assert found(files.encode("JPEG", exif=files.exif(names, CAPTURE))) is None
    few: dict[int, object] = {0x829A: 0.004, 0x829D: 5.6}
    assert found(files.encode("JPEG", exif=files.exif({0x010F: "Canon", 0x0110: "R6"}, few))) is None


def test_fingerprints_tell_tables_apart_and_not_contents() -> None:
    prints = {camera.fingerprint(parts_of(photo(quality=q), "JPEG", Parts())) for q in range(40, 96)}
    assert len(prints) == 56
    other = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(other, "JPEG", quality=75)
    same = parts_of(other.getvalue(), "JPEG", Parts())
    assert camera.fingerprint(same) == camera.fingerprint(parts_of(photo(quality=75), "JPEG", Parts()))
    assert camera.fingerprint(parts_of(files.encode("PNG"), "PNG", Parts())) == ""


def test_libjpegs_own_tables_are_in_no_camera() -> None:
    for quality in range(1, 101):
        for subsampling in (0, 2):
            data = files.encode("JPEG", quality=quality, subsampling=subsampling)
            assert camera.fingerprint(parts_of(data, "JPEG", Parts())) not in camera.tables(), quality


def test_the_shipped_table_is_sound() -> None:
    shipped = camera.tables()
    assert len(shipped) > 100
    for fingerprint, makers in shipped.items():
        assert len(bytes.fromhex(fingerprint)) == 8
        assert all(camera.maker(name) == name for name in makers)
    assert Path(camera.__file__).with_name("camera_tables.toml").stat().st_size < 64_000


@pytest.mark.parametrize(
    ("make", "maker"),
    [("NIKON CORPORATION", "nikon"), ("Apple", "apple"), ("CASIO COMPUTER CO.,LTD.", "casio"), ("", ""), (" \0", "")],
)
def test_a_makers_names_are_one(make: str, maker: str) -> None:
    assert camera.maker(make) == maker


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 129, 600])
def test_broken_tables_are_read_without_complaint(size: int) -> None:
    for precision in (0x00, 0x10, 0xFF):
        parts = parts_of(files.jpeg([(0xDB, bytes([precision]) + b"\x01" * size)]), "JPEG", Parts())
        assert all(len(table) in (64, 128) for table in parts.quantisation.values())
    assert read_provenance(b"\xff\xd8\xff\xdb" + struct.pack(">H", 2), "JPEG").findings == ()
