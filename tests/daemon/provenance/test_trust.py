"""The trust list: bundled, replaced by the user's own, taken back."""

from pathlib import Path

import pytest

from naturaltrace.provenance import trust
from naturaltrace.provenance.findings import Standing
from naturaltrace.provenance.reader import read_provenance
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import Authority, created, sign


def test_the_bundled_list_says_what_it_is() -> None:
    listed = trust.bundled()
    assert listed.name
    # An empty list says so; one with certificates says where they come from and from when they are.
    assert bool(listed.source and listed.date) == bool(listed.count)


def test_a_list_can_be_loaded_and_taken_back(tmp_path: Path) -> None:
    root = Authority()
    photo = sign(files.encode("JPEG"), "image/jpeg", root.issue(), [created("digitalCapture")])
    pem = tmp_path / "list.pem"
    pem.write_text("Subject: a root\n" + root.pem + "\n" + root.pem)
    assert trust.current(tmp_path) == trust.bundled()

    loaded = trust.install(pem, tmp_path, source="a “test”\n= list", date="2026-11-21")
    assert loaded.count == 1  # the same certificate counts once
    again = trust.current(tmp_path)
    assert (again.pem, again.date) == (loaded.pem, "2026-11-21")
    (finding,) = read_provenance(photo, "JPEG", trust=again).findings
    assert finding.standing is Standing.TRUSTED

    assert trust.remove(tmp_path) == trust.current(tmp_path) == trust.bundled()
    (finding,) = read_provenance(photo, "JPEG", trust=trust.current(tmp_path)).findings
    assert finding.standing is Standing.UNKNOWN_SIGNER


@pytest.mark.parametrize("content", ["", "hello", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_refused_and_changes_nothing(tmp_path: Path, content: str) -> None:
    pem = tmp_path / "list.pem"
    pem.write_text(content)
    with pytest.raises(trust.TrustListError):
        trust.install(pem, tmp_path)
    assert trust.current(tmp_path) == trust.bundled()


def test_a_private_key_in_the_file_is_not_kept(tmp_path: Path) -> None:
    root = Authority()
    pem = tmp_path / "list.pem"
    pem.write_text(root.issue().key_pem + root.pem)
    assert "PRIVATE" not in trust.install(pem, tmp_path).pem
    assert "PRIVATE" not in (tmp_path / "trust" / "anchors.pem").read_text()


def test_a_list_of_broken_certificates_trusts_nobody(tmp_path: Path) -> None:
    photo = sign(files.encode("JPEG"), "image/jpeg", Authority().issue(), [created("digitalCapture")])
    pem = tmp_path / "list.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
    provenance = read_provenance(photo, "JPEG", trust=trust.install(pem, tmp_path))
    assert all(f.standing is not Standing.TRUSTED for f in provenance.findings)


def test_the_command_shows_loads_and_removes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pem = tmp_path / "list.pem"
    pem.write_text(Authority().pem)
    assert trust.main(["--data-dir", str(tmp_path), "--load", str(pem), "--source", "tests"]) == 0
    assert "1 certificates" in capsys.readouterr().out
    assert trust.main(["--data-dir", str(tmp_path), "--remove"]) == 0
    assert capsys.readouterr().out.startswith(f"{trust.bundled().count} certificates")
    assert trust.main(["--data-dir", str(tmp_path), "--load", str(tmp_path / "none.pem")]) == 1
