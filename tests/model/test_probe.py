"""File facts, and what they tell before and after alignment."""

import io
from pathlib import Path

import numpy as np
import pytest

from naturaltrace_model.data.file_facts import NAMES, facts
from tests.daemon.images import encoded
from tests.model.sets import picture, saved
from tests.needs import needs


def test_facts_tell_encodings_apart() -> None:
    fine = dict(zip(NAMES, facts(encoded(picture(1), "JPEG", quality=95, subsampling=0)), strict=True))
    coarse = dict(zip(NAMES, facts(encoded(picture(1), "JPEG", quality=40, subsampling=2)), strict=True))
    raw = dict(zip(NAMES, facts(encoded(picture(1), "PNG")), strict=True))
    assert fine["luma table"] < coarse["luma table"]
    assert (fine["subsampling"], coarse["subsampling"]) == (1, 4)
    assert np.isnan(raw["luma table"])
    assert fine["format"] != raw["format"]
    assert (raw["width"], raw["height"]) == (200, 160)
    assert fine["bits per pixel"] > coarse["bits per pixel"]


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        facts(io.BytesIO(b"no image").getvalue())


def test_alignment_takes_the_format_out(tmp_path: Path) -> None:
    needs("sklearn", "train")
    from naturaltrace_model.data.probe import probe, sample_evenly, table

    samples = [
        saved(
            tmp_path,
            f"{i}.{'png' if i % 2 else 'jpg'}",
            picture(i),
            label=i % 2,
            source=f"s{i % 10}",
        )
        for i in range(60)
    ]
    assert [s.label for s in sample_evenly(samples, 20, 0)] == [0] * 10 + [1] * 10
    lines = probe(samples, most=60, seed=1)
    assert lines[0].by_source > 0.95  # PNG or JPEG gives it away
    assert lines[-1].by_source < lines[0].by_source - 0.2
    assert f"{lines[-1].by_source:.3f}" in table(lines)
