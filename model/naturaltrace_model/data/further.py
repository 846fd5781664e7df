"""Further training images out of git mirrors, by rules: which paths of a repository at a commit, and what they are.

A rule is a row of `further.csv` (or of a CSV of your own): repository and commit, glob patterns of paths to take and to
leave (separated by `|`), the label with its generator or category, how many at most, and the proof: where the source
itself says that the images are generated, or why they cannot be. A commit older than the generators is the best proof.
Only the rules are part of the project; the images stay where they are collected.
"""

import csv
import fnmatch
import hashlib
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from tqdm import tqdm

RULES = Path(__file__).with_name("further.csv")
CHECK = Path(__file__).with_name("check.csv")  # sources that the released detector was checked on, never trained on
SHORTEST, LARGEST, MOST_PIXELS = 200, 60_000_000, 60_000_000  # px of the shorter side; bytes of a file; px
_TYPES = {".jpg", ".jpeg", ".png", ".webp", ".avif"}
_COLUMNS = (
    "split", "label", "category", "generator", "repo", "commit", "path_in_repo", "git_blob", "sha256", "ext", "licence",
    "width", "height", "format", "bytes", "file",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `label` 1 = generated (then `generator` says by what), 0 = real (then `category` says what); without a
    `split` it is for training, without a number 100 images at most."""

    split: str
    label: int
    generator: str
    category: str
    repo: str
    commit: str
    take: str
    leave: str
    most: int
    licence: str
    proof: str


@dataclass(frozen=True, slots=True)
class Found:
    """One image of a mirror that a rule names."""

    rule: Rule
    path: str
    blob: str


def read_rules(path: Path = RULES) -> list[Rule]:
    """The rules of a CSV. Raises ValueError naming the line that lacks a column or has a label other than 0 or 1."""
    rules: list[Rule] = []
    with path.open(newline="", encoding="utf-8") as rows:
        for number, row in enumerate(csv.DictReader(rows), 2):
            try:
                texts = {f.name: (row[f.name] or "").strip() for f in fields(Rule)}
                label = int(texts.pop("label"))
                most = int(texts.pop("most") or 100)
            except (KeyError, ValueError) as wrong:
                raise ValueError(f"{path}, line {number}: {wrong!r}") from wrong
            if not re.fullmatch("[0-9a-f]{40}", texts["commit"]):
                raise ValueError(f"{path}, line {number}: a commit is 40 hexadecimal digits")
            if label not in (0, 1) or not (texts["generator"] if label else texts["category"]):
                raise ValueError(f"{path}, line {number}: a label of 0 needs a category, of 1 a generator")
            rules.append(Rule(label=label, most=most, **texts))
    return rules


def find(rule: Rule, mirrors: Path) -> list[Found]:
    """What a rule names in its repository's tree, spread over the tree, at most `rule.most`.

    Raises FileNotFoundError where `mirrors` has no mirror of it, ValueError where the mirror lacks the commit.
    """
    listed = subprocess.run(  # noqa: S603
        [*_git(rule.repo, mirrors), "ls-tree", "-r", "-z", "-l", rule.commit], capture_output=True, check=False
    )
    if listed.returncode:
        raise ValueError(f"{rule.repo}: {listed.stderr.decode(errors='replace').strip()}")
    found: dict[str, Found] = {}
    for line in listed.stdout.decode(errors="replace").split("\0"):
        if not line:
            continue
        facts, path = line.split("\t", 1)
        _, kind, blob, size = facts.split()
        # Git says "BAD" of a file that is listed but absent, as a mirror's largest may be.
        held = kind == "blob" and size.isdigit() and int(size) <= LARGEST
        typed = PurePosixPath(path).suffix.lower() in _TYPES
        if held and typed and _matches(path, rule.take) and not _matches(path, rule.leave):
            found.setdefault(blob, Found(rule, path, blob))
    every = sorted(found.values(), key=lambda f: f.path)
    order = np.random.default_rng(0).permutation(len(every))
    return [every[i] for i in order]


def collect(
    rules: list[Rule], mirrors: Path, out: Path, taken: set[str], known: set[str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Write the images under `out`, by their sha256, and `out/images.csv`; its rows and what went wrong.

    `taken` are hashes of images that other sets hold, `known` their sources in lower case: both are passed over.
    """
    rows: list[dict[str, str]] = []
    wrong: list[str] = []
    seen = set(taken)
    for rule in tqdm(rules, desc="rules", mininterval=10):
        try:
            if rule.repo.lower() in known:
                raise ValueError(f"{rule.repo} is a source of another set")
            listed = find(rule, mirrors)
        except (FileNotFoundError, ValueError) as error:
            wrong.append(str(error))
            continue
        own = 0
        for found, data in _read(listed, mirrors):
            if own >= rule.most:
                break
            sha = hashlib.sha256(data).hexdigest()
            facts = _facts(data)
            if sha in seen or facts is None:
                continue
            seen.add(sha)
            own += 1
            category = rule.category or "generated"
            ext = PurePosixPath(found.path).suffix.lower().lstrip(".")
            file = f"{sha[:2]}/{sha}.{ext}"
            (out / sha[:2]).mkdir(parents=True, exist_ok=True)
            (out / file).write_bytes(data)
            width, height, kind = facts
            values = (
                rule.split or "train", str(rule.label), category, rule.generator, rule.repo,
                rule.commit, found.path, found.blob, sha, ext, rule.licence, str(width), str(height), kind,
                str(len(data)), file,
            )  # fmt: skip
            rows.append(dict(zip(_COLUMNS, values, strict=True)))
        if not own:
            wrong.append(f"{rule.repo}: nothing to take by {rule.take!r} ({len(listed)} paths)")
    out.mkdir(parents=True, exist_ok=True)
    with (out / "images.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list[str](_COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    return rows, wrong


def _git(repo: str, mirrors: Path) -> list[str]:
    """The beginning of a command on a repository's mirror. Raises FileNotFoundError where there is none."""
    git = mirrors / repo.replace("/", "+") / "repo"
    git = git / ".git" if (git / ".git").exists() else git
    program = shutil.which("git")
    if program is None or not git.exists():
        raise FileNotFoundError(f"no mirror of {repo} in {mirrors}" if program else "git is not installed")
    return [program, f"--git-dir={git}"]


def _matches(path: str, patterns: str) -> bool:
    return any(fnmatch.fnmatchcase(path, p.strip()) for p in patterns.split("|") if p.strip())


def _read(found: list[Found], mirrors: Path) -> Iterator[tuple[Found, bytes]]:
    """Each one's bytes, through one `git cat-file --batch`; those that the mirror does not hold are left out."""
    if not found:
        return
    command = [*_git(found[0].rule.repo, mirrors), "cat-file", "--batch"]
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for one in found:
            process.stdin.write(f"{one.blob}\n".encode())
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3 or head[1] != b"blob":
                continue
            data = process.stdout.read(int(head[2]))
            process.stdout.read(1)
            yield one, data
    finally:
        process.stdin.close()
        process.kill()
        process.wait()


def _facts(data: bytes) -> tuple[int, int, str] | None:
    """Width, height and format of a still picture that is large enough; None for anything else."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if (
                min(image.size) < SHORTEST
                or image.width * image.height > 60_000_000
                or getattr(image, "n_frames", 1) > 1
            ):
                return None
            return image.width, image.height, image.format or ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
