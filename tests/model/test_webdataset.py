"""WebDataset tars: what goes in comes out, training sees the same batches, and what is no crop is said."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naturaltrace_model.data import webdataset
from tests.needs import needs

needs("torch", "train")
import torch  # noqa: E402

from naturaltrace_model.cli import main  # noqa: E402
from naturaltrace_model.training.batches import Mix, Shard, balanced_batches  # noqa: E402
from tests.model.crops import material, noise_shard  # noqa: E402


def test_training_sees_the_same_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole training's input, with twins, is equal to the last bit."""
    made = material(tmp_path)
    for name in ("train", "twins"):
        assert main(["webdataset", str(tmp_path / name), str(tmp_path / "tars" / name), "--per-tar", "50"]) == 0
    assert "6 tars" in capsys.readouterr().out
    train, twins = Shard.open(tmp_path / "tars/train"), Shard.open(tmp_path / "tars/twins")
    assert (train.sources, train.categories) == (made.train.sources, made.train.categories)
    of_tars = balanced_batches(train, twins, Mix(16, 4), seed=3)
    of_folder = balanced_batches(made.train, made.twins, Mix(16, 4), seed=3)
    for _ in range(3):
        one, other = next(of_tars), next(of_folder)
        for field in ("crops", "label", "family", "region", "quality"):
            assert torch.equal(getattr(one, field), getattr(other, field)), field


def test_crops_are_indexed_like_an_array(tmp_path: Path) -> None:
    shard = noise_shard(tmp_path / "s", regions=8)
    webdataset.write(tmp_path / "s", tmp_path / "t", per_tar=5)
    crops = webdataset.read(tmp_path / "t").crops
    assert (len(crops), crops.shape) == (16, (16, 128, 128, 3))
    for rows in (3, -1, slice(2, 9), np.array([7, 0, 15]), [], np.arange(16) % 3 == 0):
        assert np.array_equal(crops[rows], shard.crops[rows])
    assert np.array_equal(np.asarray(crops), shard.crops)


def test_the_tars_follow_the_convention_and_repeat_themselves(tmp_path: Path) -> None:
    noise_shard(tmp_path / "s", regions=6)
    first = webdataset.write(tmp_path / "s", tmp_path / "a", per_tar=4)
    assert [path.name for path in first] == ["crops-000000.tar", "crops-000001.tar", "crops-000002.tar"]
    with tarfile.open(first[1], "r:") as tar:
        names = tar.getnames()
        assert names[:3] == ["000000004.npy", "000000004.json", "000000005.npy"]
        facts = json.loads(tar.extractfile(names[1]).read())  # pyright: ignore[reportOptionalMemberAccess]
        pixels = np.load(io.BytesIO(tar.extractfile(names[0]).read()))  # pyright: ignore[reportOptionalMemberAccess]
    assert (facts["family"], facts["source"], facts["label"]) == ("real", "s2", 0)
    assert (pixels.shape, pixels.dtype) == ((128, 128, 3), np.uint8)
    again = webdataset.write(tmp_path / "s", tmp_path / "b", per_tar=4)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    assert webdataset.write(tmp_path / "s", tmp_path / "a", per_tar=100) == first[:1]
    assert len(webdataset.read(tmp_path / "a").crops) == 12


def _tar(folder: Path, samples: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "crops-0.tar", "w") as tar:
        for name, data in samples.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def _npy(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


FACTS = {"label": 1, "family": "gan", "source": "mine", "category": "photo"}
CROP = np.full((128, 128, 3), 7, np.uint8)


def test_a_data_set_of_others_needs_four_facts(tmp_path: Path) -> None:
    whole = {"x/a.json": json.dumps(FACTS).encode(), "x/a.npy": _npy(CROP), "x/a.txt": b"a caption"}
    _tar(tmp_path, {**whole, "x/b.npy": _npy(CROP + 1), "x/b.json": json.dumps(FACTS).encode()})
    shard = Shard.open(tmp_path)
    assert (shard.region.tolist(), shard.twin.tolist(), shard.quality.tolist()) == ([0, 1], [-1, -1], [1.0, 1.0])
    assert (int(shard.crops[0].max()), int(shard.crops[1].max()), shard.sources) == (7, 8, ("mine",))


@pytest.mark.parametrize(
    ("pixels", "facts", "said"),
    [
        (CROP[:64], FACTS, "not uint8"),
        (CROP.astype(np.float32), FACTS, "not uint8"),
        (np.asfortranarray(CROP), FACTS, "not uint8"),
        (None, FACTS, "no npy"),
        (CROP, {"label": 1}, "no family, source, category"),
        (CROP, {**FACTS, "family": "unheard-of"}, "does not know"),
        (CROP, {**FACTS, "label": 2}, "does not know"),
    ],
)
def test_what_is_no_crop_is_said(tmp_path: Path, pixels: Any, facts: dict[str, Any], said: str) -> None:
    _tar(tmp_path, {**({} if pixels is None else {"a.npy": _npy(pixels)}), "a.json": json.dumps(facts).encode()})
    with pytest.raises(webdataset.BadShard, match=said):
        webdataset.read(tmp_path)


def test_a_tar_that_is_cut_short_is_said(tmp_path: Path) -> None:
    noise_shard(tmp_path / "s", regions=4)
    (path,) = webdataset.write(tmp_path / "s", tmp_path / "t")
    path.write_bytes(path.read_bytes()[: 3 * 49_664])
    with pytest.raises(webdataset.BadShard):
        webdataset.read(tmp_path / "t")
