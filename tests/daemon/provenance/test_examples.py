"""One file of each kind: what it reads as, that all together reach every decision, what the command says of them."""

import json
from pathlib import Path

import pytest

from naturaltrace.detection.result import Detection, ModelInfo, PixelLevel, UnclearReason
from naturaltrace.imaging.decode import decode
from naturaltrace.provenance import trust
from naturaltrace.provenance.findings import Provenance
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.verdicts import decisions
from naturaltrace.verdicts.situation import Situation
from tests.daemon.programs import naturaltrace
from tests.daemon.provenance import examples
from tests.daemon.provenance.authority import Authority

# credential, mark (the columns of decisions.toml), and what else is found
KINDS: dict[str, tuple[str, str, set[str]]] = {
    "signed-ai.png": ("trusted_generated", "none", set()),
    "signed-ai-edited.jpg": ("trusted_generated", "none", set()),
    "signed-camera.jpg": ("trusted_capture", "none", set()),
    "signed-camera-cropped.jpg": ("trusted_capture", "none", set()),
    "signed-camera-filled.jpg": ("trusted_composite", "none", set()),
    "signed-camera-drawn.jpg": ("trusted_edit", "none", set()),
    "signed-camera-with-ai-mark.jpg": ("trusted_capture", "generated", {"iptc.digital_source_type.trained"}),
    "unknown-ai.webp": ("unknown_generated", "none", set()),
    "unknown-partly-ai.jpg": ("unknown_composite", "none", set()),
    "forged-camera.jpg": ("unknown_other", "none", set()),
    "self-signed-camera.jpg": ("unknown_other", "none", set()),
    "expired-camera.jpg": ("unknown_other", "none", set()),
    "tampered-camera.jpg": ("tampered", "none", set()),
    "tampered-ai.jpg": ("tampered", "none", set()),
    "appended-to-camera.jpg": ("tampered", "none", set()),
    "stripped.jpg": ("none", "none", set()),
    "credentials-elsewhere.jpg": ("none", "none", set()),
    "ai-mark.png": ("none", "generated", {"a1111.parameters"}),
    "partly-ai-mark.jpg": ("none", "composite", {"iptc.digital_source_type.composite"}),
    "smeared-photo.jpg": ("none", "generated", {"iptc.digital_source_type.trained", "exif.camera"}),
    "hidden-text.png": ("none", "generated", {"novelai.software"}),
    "watermark.png": ("none", "generated", {"watermark.sdxl"}),
    "colour-bar.png": ("none", "none", {"visible.dalle2_bar"}),
    "camera-exif.jpg": ("none", "none", {"exif.camera"}),
    "screenshot.png": ("none", "none", {"screenshot.comment"}),
    "caption.jpg": ("none", "none", set()),
    "appended-mark.jpg": ("none", "none", set()),
    "plain.jpg": ("none", "none", set()),
}
# Where the verdict does not depend on the pixels: level and basis.
SURE = {
    "signed-ai.png": ("ai", "signed"),
    "signed-ai-edited.jpg": ("ai", "signed"),
    "signed-camera.jpg": ("camera", "signed"),
    "signed-camera-cropped.jpg": ("camera", "signed"),
    "signed-camera-filled.jpg": ("ai", "signed"),
    "signed-camera-with-ai-mark.jpg": ("unclear", "signed"),
    "unknown-ai.webp": ("ai", "declared"),
    "unknown-partly-ai.jpg": ("ai", "declared"),
    "ai-mark.png": ("ai", "declared"),
    "partly-ai-mark.jpg": ("ai", "declared"),
    "smeared-photo.jpg": ("ai", "declared"),
    "hidden-text.png": ("ai", "declared"),
    "watermark.png": ("ai", "declared"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[examples.Example], Path]:
    """The examples, and the folder that they stand in, with a data folder beside them."""
    folder = tmp_path_factory.mktemp("examples")
    made, _ = examples.write(folder, Authority())
    return made, folder


@pytest.fixture(scope="module")
def read(written: tuple[list[examples.Example], Path]) -> dict[str, Provenance]:
    made, folder = written
    believed = trust.current(folder / "data")
    found: dict[str, Provenance] = {}
    for example in made:
        image = decode(example.data)
        found[example.name] = read_provenance(example.data, image.format, trust=believed, pixels=image.pixels)
    return found


def test_there_is_one_of_each(read: dict[str, Provenance]) -> None:
    assert set(read) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_an_example_reads_as_what_it_is(read: dict[str, Provenance], name: str) -> None:
    credential, mark, kinds = KINDS[name]
    situation = Situation.of(read[name], None)
    assert (situation.credential, situation.mark) == (credential, mark)
    assert {f.kind for f in read[name].findings} - {"c2pa"} == kinds


def pixels(level: PixelLevel | None) -> Detection | None:
    if level is None:
        return None
    reason = UnclearReason.BETWEEN if level is PixelLevel.UNCLEAR else None
    return Detection(level, 0.7, ModelInfo("tests", "1"), reason)


def test_every_row_of_the_table_is_reached_by_a_file(read: dict[str, Provenance]) -> None:
    table = decisions.table()
    reached = {
        table.decide(Situation.of(provenance, pixels(level))).name
        for provenance in read.values()
        for level in (*PixelLevel, None)
    }
    assert reached == {row.name for row in table.rows}


@pytest.mark.timeout(600)
def test_the_command_tells_each(written: tuple[list[examples.Example], Path], read: dict[str, Provenance]) -> None:
    made, folder = written
    names = [str(folder / example.name) for example in made]
    checked = naturaltrace("check", "--json", "--data-dir", folder / "data", *names, timeout_s=550)
    assert checked.returncode == 0, checked.stderr
    verdicts = [json.loads(line) for line in checked.stdout.splitlines()]
    assert [verdict["path"] for verdict in verdicts] == names
    for example, verdict in zip(made, verdicts, strict=True):
        found = read[example.name].findings
        assert {e["kind"] for e in verdict["evidence"]} - {"pixels"} == {f.kind for f in found}, example.name
        if example.name in SURE:
            assert (verdict["level"], verdict["basis"]) == SURE[example.name], example.name
        else:
            assert verdict["basis"] == "pixels", example.name
            assert verdict["level"] != "camera"


def test_nobody_was_asked_for_credentials_that_stand_elsewhere(read: dict[str, Provenance]) -> None:
    (problem,) = read["credentials-elsewhere.jpg"].problems
    assert "which are not fetched" in problem
