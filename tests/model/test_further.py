"""Further images: rules read, mirrors searched, images written once."""

import csv
import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from naturaltrace_model.data import further, manifest
from naturaltrace_model.data.lineages import lineage_of
from naturaltrace_model.data.manifest import family_of

_HEADER = "split,label,generator,category,repo,commit,take,leave,most,licence,proof\n"


def _png(seed: int, size: tuple[int, int] = (240, 220)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _mirror(root: Path, name: str, files: dict[str, bytes]) -> str:
    """A bare mirror of a repository with these files; its commit."""
    work = root / "work" / name.replace("/", "+")
    work.mkdir(parents=True)
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(content)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", str(work)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True)
    bare = root / name.replace("/", "+") / "repo"
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def _rules(path: Path, *lines: str) -> list[further.Rule]:
    path.write_text(_HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return further.read_rules(path)


def test_takes_what_the_rules_name_and_nothing_else(tmp_path: Path) -> None:
    files = {
        "art/a.png": _png(1),
        "art/b.png": _png(2),
        "art/copy-of-a.png": _png(1),
        "art/input_c.png": _png(3),
        "art/small.png": _png(4, (100, 100)),
        "art/broken.png": b"\x89PNG\r\n\x1a\n" + b"x" * 50,
        "art/notes.txt": b"text",
        "other/d.png": _png(5),
    }
    commit = _mirror(tmp_path, "maker/pictures", files)
    rules = _rules(
        tmp_path / "rules.csv",
        f",1,flux1,,maker/pictures,{commit},art/*,*input*,10,MIT,its README",
        f",0,,photo,maker/gone,{commit},*,,10,MIT,older than any generator",
        f",0,,photo,known/source,{commit},*,,10,MIT,older than any generator",
    )
    rows, wrong = further.collect(rules, tmp_path, tmp_path / "out", set(), {"known/source"})

    assert sorted(row["path_in_repo"].split("/")[0] for row in rows) == ["art", "art"]
    assert any("maker/gone" in line for line in wrong)
    assert any("known/source" in line for line in wrong)
    samples = manifest.load(tmp_path / "out")
    assert {(s.label, s.generator, s.split, s.source) for s in samples} == {(1, "flux1", "train", "maker/pictures")}
    assert all(s.path.read_bytes() in files.values() for s in samples)

    # What another set holds is passed over, and no rule takes more than it may.
    again, _ = further.collect(rules[:1], tmp_path, tmp_path / "more", {s.sha256 for s in samples}, set())
    assert again == []
    few = _rules(tmp_path / "few.csv", f",1,flux1,,maker/pictures,{commit},art/*,,1,MIT,its README")
    assert len(further.collect(few, tmp_path, tmp_path / "few", set(), set())[0]) == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",2,flux1,,a/b," + "0" * 40 + ",*,,5,MIT,x", "label"),
        (",1,,photo,a/b," + "0" * 40 + ",*,,5,MIT,x", "generator"),
        (",0,flux1,,a/b," + "0" * 40 + ",*,,5,MIT,x", "category"),
        (",1,flux1,,a/b,--output=x,*,,5,MIT,x", "40 hexadecimal"),
        (",one,flux1,,a/b," + "0" * 40 + ",*,,5,MIT,x", "line 2"),
    ],
)
def test_says_what_is_wrong_with_a_rule(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _rules(tmp_path / "rules.csv", line)


def test_a_mirror_without_the_commit_is_an_error_of_that_rule_alone(tmp_path: Path) -> None:
    commit = _mirror(tmp_path, "maker/pictures", {"a.png": _png(1)})
    rules = _rules(
        tmp_path / "rules.csv",
        f",1,flux1,,maker/pictures,{'0' * 40},*,,10,MIT,its README",
        f",1,flux1,,maker/pictures,{commit},*,,10,MIT,its README",
    )
    rows, wrong = further.collect(rules, tmp_path, tmp_path / "out", set(), set())
    assert len(rows) == 1
    assert len(wrong) == 1


def test_the_projects_own_rules_can_be_read() -> None:
    rules = further.read_rules()
    assert {rule.label for rule in rules} == {0, 1}
    with (Path(further.__file__).parent / "further.csv").open(newline="", encoding="utf-8") as rows:
        assert len(list(csv.DictReader(rows))) == len(rules)
    assert all(rule.proof and rule.take for rule in rules)


def test_what_a_release_is_checked_on_is_in_no_other_set() -> None:
    rules = further.read_rules(further.CHECK)
    assert {rule.split for rule in rules} == {"check"}
    assert {rule.label for rule in rules} == {0, 1}
    assert not {rule.repo.lower() for rule in rules} & {rule.repo.lower() for rule in further.read_rules()}


def test_every_gan_and_every_banana_of_the_rules_has_its_family_and_lineage() -> None:
    """What has no row is taken for another kind; left out with it, it would stay in training."""
    names = {rule.generator for rule in further.read_rules() if rule.label}
    for part, family, lineage in (("gan", "gan", "gan"), ("nano-banana", "google", "google")):
        # "vqgan-clip" is a search by CLIP and looks like one.
        own = {name for name in names if part in name} - {"vqgan-clip"}
        assert len(own) > 2
        assert {(name, family_of(name), lineage_of(name)) for name in own} == {(n, family, lineage) for n in own}
