"""The trust list: bundled, replaced by the user's own, taken back."""

import datetime
import hashlib
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from naturaltrace.provenance import trust
from naturaltrace.provenance.findings import Standing
from naturaltrace.provenance.reader import read_provenance
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import Authority, created, sign

FOLDER = Path(trust.__file__).parent / "trust_list"


def test_the_bundled_list_is_whole_and_says_where_it_comes_from() -> None:
    about = tomllib.loads((FOLDER / "about.toml").read_text("utf-8"))
    assert hashlib.sha256((FOLDER / "anchors.pem").read_bytes()).hexdigest() == about["sha256"]
    listed = trust.bundled()
    assert listed.name
    assert listed.source
    assert datetime.date.fromisoformat(listed.date) <= datetime.datetime.now(datetime.UTC).date()
    assert "CC BY 4.0" in listed.licence  # which asks that the source and the licence are named
    assert listed.count > 20


def test_every_certificate_of_the_bundled_list_is_an_authority_that_still_counts() -> None:
    found = x509.load_pem_x509_certificates(trust.bundled().pem.encode())
    assert len(found) == trust.bundled().count == len({c.fingerprint(hashes.SHA256()) for c in found})
    issued = datetime.datetime.fromisoformat(trust.bundled().date).replace(tzinfo=datetime.UTC)
    for certificate in found:
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, certificate.subject
        assert certificate.not_valid_before_utc <= issued < certificate.not_valid_after_utc, certificate.subject


def test_a_signer_who_only_borrows_a_listed_name_is_unknown() -> None:
    listed = x509.load_pem_x509_certificates(trust.bundled().pem.encode())[0]
    organisation = listed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    forged = Authority(str(listed.subject.rfc4514_string())).issue(str(organisation))
    photo = sign(files.encode("JPEG"), "image/jpeg", forged, [created("digitalCapture")])
    (finding,) = read_provenance(photo, "JPEG").findings  # by the bundled list
    assert (finding.standing, finding.fields["signer"]) == (Standing.UNKNOWN_SIGNER, organisation)


def test_a_list_that_another_program_replaces_counts_from_then_on(tmp_path: Path) -> None:
    believed = trust.Believed(tmp_path)
    assert believed.now() == trust.bundled() == trust.Believed(None).now()
    for root in (Authority(), Authority()):
        pem = tmp_path / "list.pem"
        pem.write_text(root.pem)
        assert trust.main(["--data-dir", str(tmp_path), "--load", str(pem)]) == 0
        assert believed.now().pem == trust.certificates(root.pem)
    trust.remove(tmp_path)
    assert believed.now() == trust.bundled()


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
