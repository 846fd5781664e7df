"""What the words on the command line stand for, and that all their bytes can be read."""

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from naturaltrace.scan.items import Item, Kind, Ref, Unjudged
from naturaltrace.scan.opening import Missing, pyarrow
from naturaltrace.scan.reading import Reader
from naturaltrace.scan.sources import Choice, find

PICTURES = {"b/one.jpg": b"one", "b/c/two.PNG": b"two two", "a.webp": b"three", "notes.txt": b"no image"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in PICTURES.items():
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "pictures"


def _found(argument: object, **choice: object) -> dict[str, Item]:
    return {item.path: item for item in find(str(argument), Choice(**choice))}  # pyright: ignore[reportArgumentType]


def _bytes(items: dict[str, Item]) -> list[bytes | Unjudged]:
    reader = Reader(1000)
    try:
        return [reader.read(item.ref) for _, item in sorted(items.items())]
    finally:
        reader.close()


def test_a_folder_stands_for_the_images_below_it(folder: Path) -> None:
    found = _found(folder)
    assert sorted(found) == [str(folder / name) for name in ("a.webp", "b/c/two.PNG", "b/one.jpg")]
    assert _bytes(found) == [b"three", b"two two", b"one"]
    assert len(_found(folder, all_files=True)) == 4


def test_a_pattern_stands_for_what_fits_and_says_so_when_nothing_does(folder: Path) -> None:
    assert list(_found(folder / "**" / "*.jpg")) == [str(folder / "b/one.jpg")]
    (problem,) = _found(folder / "*.heic").values()
    assert problem.problem == Unjudged("not-found", "Nothing fits this pattern.")


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "photo [1].jpg").write_bytes(b"x")
    assert list(_found(tmp_path / "photo [1].jpg")) == [str(tmp_path / "photo [1].jpg")]


def test_what_is_named_is_judged_whatever_its_name(folder: Path) -> None:
    assert _bytes(_found(folder.parent / "pictures" / "b" / "one.jpg")) == [b"one"]
    (folder / "noname").write_bytes(b"x")
    assert _bytes(_found(folder / "noname")) == [b"x"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are not files there")
def test_what_cannot_be_read_is_an_item_with_its_reason(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jpg")
    assert [i.problem and i.problem.type for i in _found(folder / "pipe.jpg").values()] == ["not-a-file"]
    assert [i.problem and i.problem.type for i in _found(folder / "gone.jpg").values()] == ["not-found"]
    assert str(folder / "pipe.jpg") not in _found(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_unicode_is_shown_as_an_escape_and_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    found = _found(tmp_path)
    assert list(found) == [str(tmp_path / "caf\\udce9.jpg")]
    item = next(iter(found.values()))
    assert Ref.from_text(item.ref.to_text()) == item.ref
    assert _bytes(found) == [b"x"]


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    try:
        (folder / "round").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert len(_found(folder)) == 3


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in PICTURES.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]
        for name, data in PICTURES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))  # pyright: ignore[reportUnknownMemberType]
    return path


def test_members_of_archives_are_read_where_they_lie(tmp_path: Path) -> None:
    for path, kind in (
        (_zip(tmp_path / "a.zip"), Kind.ZIP),
        (_tar(tmp_path / "a.tar", "w:"), Kind.TAR),
        (_tar(tmp_path / "a.tar.gz", "w:gz"), Kind.STREAM),
        (_tar(tmp_path / "a.tar.xz", "w:xz"), Kind.STREAM),
    ):
        found = _found(path)
        assert sorted(found) == [f"{path}!/{name}" for name in ("a.webp", "b/c/two.PNG", "b/one.jpg")]
        assert {item.ref.kind for item in found.values()} == {kind}
        assert _bytes(found) == [b"three", b"two two", b"one"]


def test_archives_inside_folders_are_opened_when_asked(tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip")
    assert not _found(tmp_path)
    assert len(_found(tmp_path, inner_archives=True)) == 3


def test_a_broken_archive_is_one_item_with_its_reason(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tgz"):
        (tmp_path / name).write_bytes(b"not an archive")
        (item,) = _found(tmp_path / name).values()
        assert item.problem is not None
        assert item.problem.type == "bad-archive"


def test_a_damaged_member_and_a_locked_one_cost_only_themselves(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    place = data.index(b"b/one.jpg") + len("b/one.jpg")
    data[place : place + 3] = b"\xff\xff\xff"
    path.write_bytes(data)
    kinds = [read.type if isinstance(read, Unjudged) else "read" for read in _bytes(_found(path))]
    assert kinds == ["read", "read", "bad-archive"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.txt", "# what we have\nb/one.jpg\n\nb/c/two.PNG\n"),
        ("list.csv", "id,image_path\n1,b/one.jpg\n2,b/c/two.PNG\n"),
        ("list.tsv", "path\tnote\nb/one.jpg\tx\nb/c/two.PNG\ty\n"),
        ("bare.csv", "b/one.jpg\nb/c/two.PNG\n"),
        ("list.jsonl", '{"file": "b/one.jpg"}\n"b/c/two.PNG"\n'),
    ],
)
def test_lists_name_images_from_their_own_folder_on(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    found = list(find(str(folder / name), Choice()))
    assert [Reader(100).read(item.ref) for item in found] == [b"one", b"two two"]
    assert [item.number for item in found] == [0, 1]


def test_a_column_can_be_named_and_a_missing_one_is_said(folder: Path) -> None:
    (folder / "list.csv").write_text("Bild;x,where\n1,b/one.jpg\n", encoding="utf-8")
    assert list(_found(folder / "list.csv", column="where")) == [str(folder / "b/one.jpg")]
    (item,) = _found(folder / "list.csv").values()
    assert item.problem is not None
    assert item.problem.type == "bad-list"
    assert "Bild;x, where" in item.problem.detail


def test_a_parquet_list(folder: Path) -> None:
    arrow = pyarrow()
    table = arrow.table({"n": [1, 2], "url": ["b/one.jpg", "b/c/two.PNG"]})
    arrow.parquet.write_table(table, folder / "list.parquet")
    assert list(_found(folder / "list.parquet")) == [str(folder / "b/one.jpg"), str(folder / "b/c/two.PNG")]


def test_urls_go_through_fsspec() -> None:
    import fsspec  # pyright: ignore[reportMissingTypeStubs]

    store = fsspec.filesystem("memory")  # pyright: ignore[reportUnknownMemberType]
    for name, data in PICTURES.items():
        store.pipe_file(f"/bucket/{name}", data)  # pyright: ignore[reportUnknownMemberType]
    try:
        found = _found("memory://bucket")
        assert sorted(found) == [f"memory:///bucket/{name}" for name in ("a.webp", "b/c/two.PNG", "b/one.jpg")]
        assert _bytes(found) == [b"three", b"two two", b"one"]
        assert all(item.stamp for item in found.values())
        assert _bytes(_found("memory://bucket/a.webp")) == [b"three"]
        assert len(_found("memory://bucket/**/*.jpg")) == 1
        (problem,) = _found("memory://elsewhere").values()
        assert problem.problem is not None
    finally:
        store.rm("/bucket", recursive=True)  # pyright: ignore[reportUnknownMemberType]


def test_a_store_whose_helper_is_missing_is_said() -> None:
    with pytest.raises(Missing, match="unheard"):
        _found("unheard-of://bucket")


def test_no_more_is_read_than_is_needed_to_refuse_it(tmp_path: Path) -> None:
    (tmp_path / "huge.jpg").write_bytes(b"x" * 5000)
    (read,) = _bytes(_found(tmp_path))
    assert isinstance(read, bytes)
    assert len(read) == 1001
