"""Training crops as WebDataset shards: tar files in which each crop is `KEY.npy` and `KEY.json`, side by side.

`KEY.npy` is the uint8 (128, 128, 3) crop; `KEY.json` an object with `label` (0, 1), `family` (one of FAMILIES),
`source` and `category` (names), and, where known, `region`, `twin`, `quality` and `rescale` as in `data.shards`.
Files that share a name up to the first dot are one sample and lie next to each other, as the `webdataset` package and
others expect. The tars are not compressed, so training reads crops where they lie, without unpacking them.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray

from naturaltrace.imaging.crops import CROP
from naturaltrace_model.data.manifest import FAMILIES

PATTERN = "crops-*.tar"
CROPS_PER_TAR = 10_000  # about 500 MB
_INTEGERS = ("label", "family", "source", "category", "region", "twin")


class BadShard(Exception):  # noqa: N818 (it reads as what it says)
    """A tar that training can't use; str(error) says which and why."""


def write(shard: Path, out: Path, *, per_tar: int = CROPS_PER_TAR) -> list[Path]:
    """The crops of a folder that `data.shards` wrote, as `crops-000000.tar` …; the same crops give the same bytes."""
    with np.load(shard / "index.npz") as index:
        columns = {name: index[name] for name in index.files}
    meta = json.loads((shard / "meta.json").read_text(encoding="utf-8"))
    crops = np.load(shard / "crops.npy", mmap_mode="r")
    out.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for first in range(0, len(columns["label"]), per_tar):
        path = out / f"crops-{len(paths):06}.tar"
        whole = path.with_suffix(".part")  # a shard that is cut short is never mistaken for a whole one
        with tarfile.open(whole, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in range(first, min(first + per_tar, len(columns["label"]))):
                facts = {name: column[row].item() for name, column in columns.items()}
                facts |= {
                    "family": FAMILIES[facts["family"]],
                    "source": meta["sources"][facts["source"]],
                    "category": meta["categories"][facts["category"]],
                }
                _add(tar, f"{row:09}.npy", _npy(crops[row]))
                _add(tar, f"{row:09}.json", json.dumps(facts, separators=(",", ":")).encode())
        paths.append(whole.replace(path))
    for left in sorted(out.glob(PATTERN)):
        if left not in paths:
            left.unlink()  # of a longer export before this one
    return paths


def holds(folder: Path) -> bool:
    """Whether `folder` holds WebDataset shards and no shard of `data.shards`."""
    return not (folder / "index.npz").exists() and next(folder.glob(PATTERN), None) is not None


@dataclass(frozen=True, slots=True)
class Opened:
    """`columns` as in `data.shards`' index; `source` and `category` count into the two lists of names."""

    crops: "TarCrops"
    columns: dict[str, NDArray[Any]]
    sources: tuple[str, ...]
    categories: tuple[str, ...]


class TarCrops:
    """Crops where they lie in the tars, mapped into memory: indexed like a uint8 (N, 128, 128, 3) array."""

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: list[Path], places: NDArray[np.int64]) -> None:
        self._paths, self._places = paths, places  # places: (N, 2), which tar and at what byte
        self._maps = [np.memmap(path, np.uint8, "r") for path in paths]
        self.shape = (len(places), CROP, CROP, 3)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: "SupportsIndex | slice | NDArray[Any] | list[int]") -> NDArray[np.uint8]:
        chosen = self._places[rows]
        if chosen.ndim == 1:
            return self._at(*chosen)
        return np.stack([self._at(*place) for place in chosen]) if len(chosen) else np.empty((0, CROP, CROP, 3), "u1")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return np.asarray(self[:], dtype)

    def _at(self, tar: int, start: int) -> NDArray[np.uint8]:
        return self._maps[tar][start : start + CROP * CROP * 3].reshape(CROP, CROP, 3)


def read(folder: Path) -> Opened:
    """All tars of a folder, in the order of their names. Raises BadShard."""
    paths = sorted(folder.glob(PATTERN))
    places: list[tuple[int, int]] = []
    facts: list[dict[str, Any]] = []
    for number, path in enumerate(paths):
        for start, found in _samples(path):
            places.append((number, start))
            facts.append(found)
    if not facts:
        raise BadShard(f"no crops in {folder}/{PATTERN}")
    names: dict[str, list[str]] = {key: list(dict.fromkeys(f[key] for f in facts)) for key in ("source", "category")}
    number_of = {key: {name: n for n, name in enumerate(own)} for key, own in names.items()}
    for row, found in enumerate(facts):
        found["family"] = FAMILIES.index(found["family"])
        found["source"], found["category"] = (number_of[key][found[key]] for key in ("source", "category"))
        # Of a data set that knows no regions, each crop is one of its own.
        found.setdefault("region", row)
        for key, usual in (("twin", -1), ("quality", 1.0), ("rescale", 0.0)):
            found.setdefault(key, usual)
    columns: dict[str, NDArray[Any]] = {
        key: np.array([f[key] for f in facts], np.int64 if key in _INTEGERS else np.float64)
        for key in (*_INTEGERS, "quality", "rescale")
    }
    crops = TarCrops(paths, np.array(places, np.int64))
    return Opened(crops, columns, tuple(names["source"]), tuple(names["category"]))


def _samples(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Where each crop's pixels begin in the tar, and its facts. Raises BadShard."""
    key, start, facts = "", -1, cast("dict[str, Any]", {})
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                stem, _, kind = member.name.rpartition("/")[2].partition(".")
                if stem != key and (start >= 0 or facts):
                    yield _whole(path, key, start, facts)
                    start, facts = -1, {}
                key = stem
                file = tar.extractfile(member)
                if file is None:
                    continue
                if kind == "npy":
                    start = member.offset_data + _header(file, path, member.name)
                elif kind == "json":
                    facts = json.load(file)
    except (tarfile.TarError, ValueError) as error:
        raise BadShard(f"{path}: {error}") from error
    if start >= 0 or facts:
        yield _whole(path, key, start, facts)


def _whole(path: Path, key: str, start: int, facts: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    missing = [name for name in ("label", "family", "source", "category") if name not in facts]
    if start < 0 or missing:
        raise BadShard(f"{path}: {key} has no {'npy' if start < 0 else ', '.join(missing)}")
    if facts["family"] not in FAMILIES or facts["label"] not in (0, 1):
        raise BadShard(f"{path}: {key} has a label or family that training does not know")
    return start, facts


def _header(file: Any, path: Path, name: str) -> int:
    """How long the NPY header is. Raises BadShard where it tells of anything but a uint8 crop."""
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, kind = reader(file)
    if shape != (CROP, CROP, 3) or fortran or kind != np.uint8:
        raise BadShard(f"{path}: {name} is {kind} {shape}, not uint8 ({CROP}, {CROP}, 3)")
    return int(file.tell())


def _npy(crop: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(crop), version=(1, 0))
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # no time, no owner: the same crops give the same bytes
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
