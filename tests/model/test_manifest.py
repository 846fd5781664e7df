"""Manifests of both layouts."""

from pathlib import Path

import pytest

from naturaltrace_model.data import manifest

_PACK = "file,split,label,category,generator,repo,sha256_of_original,how,original_width,original_height,original_format"
_FULL = (
    "split,label,category,generator,repo,commit,path_in_repo,git_blob,sha256,ext,licence,width,height,format,bytes,file"
)


def test_both_layouts_give_the_same_sample(tmp_path: Path) -> None:
    pack, full = tmp_path / "pack", tmp_path / "full"
    pack.mkdir()
    full.mkdir()
    (pack / "pack.csv").write_text(f"{_PACK}\na/b.jpg,train,1,generated,sdxl,o/r,ab12,crop,640,480,JPEG\n")
    (full / "images.csv").write_text(
        f"{_FULL}\ntrain,1,generated,sdxl,o/r,c0,x.jpg,b0,ab12,jpg,MIT,640,480,JPEG,99,a/b.jpg\n"
    )
    one, other = manifest.load(pack)[0], manifest.load(full)[0]
    assert (one.path, other.path) == (pack / "a/b.jpg", full / "a/b.jpg")
    assert (one.label, one.family, one.width, one.source, one.sha256) == (1, "stable-diffusion", 640, "o/r", "ab12")
    assert (other.label, other.family, other.width, other.source, other.sha256) == (
        one.label, one.family, one.width, one.source, one.sha256,
    )  # fmt: skip


def test_only_the_wanted_splits_are_loaded(tmp_path: Path) -> None:
    rows = "\n".join(f"{s}.jpg,{s},0,photo,,o/{s},00,crop,9,9,JPEG" for s in ("train", "val", "test"))
    (tmp_path / "pack.csv").write_text(f"{_PACK}\n{rows}\n")
    assert [s.split for s in manifest.load(tmp_path, ("val", "test"))] == ["val", "test"]


def test_a_folder_without_a_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"pack\.csv nor images\.csv"):
        manifest.load(tmp_path)


def test_real_images_are_a_family_of_their_own_and_new_generators_have_one() -> None:
    def family(label: int, generator: str) -> str:
        return manifest.Sample(Path(), "train", label, "", generator, "", "", 1, 1, "").family

    assert family(0, "sdxl") == "real"
    assert family(1, "a-generator-of-next-year") in manifest.FAMILIES
