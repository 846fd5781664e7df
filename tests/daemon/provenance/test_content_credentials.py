"""Content credentials: who signed, whether it fits, and what the whole chain says."""

import io
import time
from typing import Any

import pytest

from naturaltrace.provenance import credential_chain
from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.reader import read_provenance
from naturaltrace.provenance.trust import TrustList
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import SOURCE_TYPE, Authority, created, sign

JPEG = "image/jpeg"
OPENED = {"action": "c2pa.opened"}
GENERATED = {**created("trainedAlgorithmicMedia"), "softwareAgent": "Some Model"}
FILLED = {
    "action": "c2pa.edited",
    "softwareAgent": "Some Fill",
    "digitalSourceType": SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia",
}


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def trust(root: Authority) -> TrustList:
    return TrustList("tests", "", "", root.pem)


@pytest.fixture(scope="module")
def photo(root: Authority) -> bytes:
    return sign(files.encode("JPEG"), JPEG, root.issue("Camera Works"), [created("digitalCapture")])


@pytest.fixture(scope="module")
def generated(root: Authority) -> bytes:
    return sign(files.encode("JPEG"), JPEG, root.issue("Model Works"), [GENERATED])


def credential(data: bytes, trust: TrustList | None, format_name: str = "JPEG") -> Finding:
    (finding,) = [f for f in read_provenance(data, format_name, trust=trust).findings if f.kind == "c2pa"]
    return finding


def edited(image: bytes, signer: Any, *actions: dict[str, Any], parts: list[bytes] | None = None) -> bytes:
    ingredients = [(image, "parentOf"), *((part, "componentOf") for part in parts or [])]
    return sign(image, JPEG, signer, [OPENED, *actions], ingredients=ingredients)


CONTAINERS = [
    ("JPEG", JPEG),
    ("PNG", "image/png"),
    ("WEBP", "image/webp"),
    ("AVIF", "image/avif"),
    ("HEIF", "image/heic"),
    ("TIFF", "image/tiff"),
    ("GIF", "image/gif"),
]


@pytest.mark.parametrize(("format_name", "mime_type"), CONTAINERS)
def test_a_trusted_signature_is_read_in_every_container(
    root: Authority, trust: TrustList, format_name: str, mime_type: str
) -> None:
    data = sign(files.encode(format_name), mime_type, root.issue("Model Works"), [GENERATED])
    finding = credential(data, trust, format_name)
    assert (finding.claim, finding.standing) == (Claim.GENERATED, Standing.TRUSTED)
    assert finding.generator == "Some Model"
    assert finding.fields["signer"] == "Model Works"
    assert finding.fields["source_types"] == ["trainedAlgorithmicMedia"]


@pytest.mark.parametrize(("format_name", "mime_type"), CONTAINERS)
def test_a_changed_pixel_is_tampering_in_every_container(
    root: Authority, trust: TrustList, format_name: str, mime_type: str
) -> None:
    plain = files.encode(format_name)
    data = sign(plain, mime_type, root.issue("Camera Works"), [created("digitalCapture")])
    piece = plain[len(plain) * 3 // 5 :][:24]  # well inside the coded noise
    assert data.count(piece) == 1
    finding = credential(flipped(data, data.index(piece) + 12), trust, format_name)
    assert (finding.claim, finding.standing, finding.generator) == (Claim.TAMPERED, Standing.INVALID, None)


@pytest.mark.parametrize(("format_name", "mime_type"), CONTAINERS)
def test_a_strangers_signature_is_unknown_in_every_container(
    trust: TrustList, format_name: str, mime_type: str
) -> None:
    data = sign(files.encode(format_name), mime_type, Authority("Stranger").issue("Camera Works"), [GENERATED])
    finding = credential(data, trust, format_name)
    assert (finding.claim, finding.standing) == (Claim.GENERATED, Standing.UNKNOWN_SIGNER)


def test_credentials_behind_the_files_end_are_none(root: Authority, trust: TrustList) -> None:
    signed = sign(files.encode("PNG"), "image/png", root.issue("Camera Works"), [created("digitalCapture")])
    at = signed.index(b"caBX") - 4
    box = signed[at : at + 12 + int.from_bytes(signed[at : at + 4], "big")]
    assert credential(signed, trust, "PNG").standing is Standing.TRUSTED
    behind = signed.replace(box, b"") + box
    assert not [f for f in read_provenance(behind, "PNG", trust=trust).findings if f.standing is Standing.TRUSTED]


def test_without_a_trust_list_every_signer_is_unknown(photo: bytes, generated: bytes) -> None:
    nobody = TrustList("empty", "", "", "")
    assert credential(photo, nobody).standing is Standing.UNKNOWN_SIGNER
    assert credential(generated, nobody).standing is Standing.UNKNOWN_SIGNER
    assert credential(generated, nobody).claim is Claim.GENERATED


def test_a_camera_is_a_camera(photo: bytes, trust: TrustList) -> None:
    finding = credential(photo, trust)
    assert (finding.claim, finding.standing, finding.generator) == (Claim.CAPTURE, Standing.TRUSTED, None)


def test_cropping_leaves_a_capture_and_its_signer(photo: bytes, root: Authority, trust: TrustList) -> None:
    finding = credential(edited(photo, root.issue("Editor"), {"action": "c2pa.cropped"}), trust)
    assert (finding.claim, finding.standing) == (Claim.CAPTURE, Standing.TRUSTED)
    assert finding.fields["signer"] == "Camera Works"
    assert [link["signer"] for link in finding.fields["chain"]] == ["Editor", "Camera Works"]  # type: ignore[union-attr]


@pytest.mark.parametrize("action", ["c2pa.drawing", "c2pa.edited", "c2pa.unknown", "com.example.anything"])
def test_any_other_edit_ends_a_capture(photo: bytes, root: Authority, trust: TrustList, action: str) -> None:
    finding = credential(edited(photo, root.issue("Editor"), {"action": action}), trust)
    assert (finding.claim, finding.standing) == (Claim.HUMAN_EDIT, Standing.TRUSTED)


def test_a_generative_edit_of_a_photo_is_a_composite(photo: bytes, root: Authority, trust: TrustList) -> None:
    finding = credential(edited(photo, root.issue("Editor"), FILLED), trust)
    assert (finding.claim, finding.standing, finding.generator) == (Claim.COMPOSITE, Standing.TRUSTED, "Some Fill")


def test_a_generated_image_stays_generated_however_it_is_edited(
    generated: bytes, root: Authority, trust: TrustList
) -> None:
    twice = edited(edited(generated, root.issue("Editor"), {"action": "c2pa.cropped"}), root.issue("Editor"), FILLED)
    finding = credential(twice, trust)
    assert (finding.claim, finding.standing, finding.generator) == (Claim.GENERATED, Standing.TRUSTED, "Some Model")
    assert finding.fields["signer"] == "Model Works"


def test_a_generated_part_placed_in_a_photo_is_a_composite(
    photo: bytes, generated: bytes, root: Authority, trust: TrustList
) -> None:
    finding = credential(edited(photo, root.issue("Editor"), {"action": "c2pa.placed"}, parts=[generated]), trust)
    assert (finding.claim, finding.standing) == (Claim.COMPOSITE, Standing.TRUSTED)


def test_a_part_of_unknown_origin_ends_a_capture(photo: bytes, root: Authority, trust: TrustList) -> None:
    plain = files.encode("JPEG")
    finding = credential(edited(photo, root.issue("Editor"), {"action": "c2pa.placed"}, parts=[plain]), trust)
    assert finding.claim is Claim.HUMAN_EDIT


def test_a_trusted_editor_cannot_vouch_for_an_unknown_camera(root: Authority, trust: TrustList) -> None:
    stranger = Authority("Stranger")
    fake = sign(files.encode("JPEG"), JPEG, stranger.issue("Leica Camera AG"), [created("digitalCapture")])
    finding = credential(edited(fake, root.issue("Editor"), {"action": "c2pa.cropped"}), trust)
    assert (finding.claim, finding.standing) == (Claim.CAPTURE, Standing.UNKNOWN_SIGNER)
    assert finding.fields["signer"] == "Leica Camera AG"


def test_an_unknown_editor_takes_the_trust_from_a_camera(photo: bytes, trust: TrustList) -> None:
    finding = credential(edited(photo, Authority("Stranger").issue("Editor"), {"action": "c2pa.cropped"}), trust)
    assert finding.standing is Standing.UNKNOWN_SIGNER


@pytest.mark.parametrize("self_signed", [False, True])
def test_a_forged_name_is_an_unknown_signer(trust: TrustList, self_signed: bool) -> None:
    forged = Authority("Natural Trace tests").issue("Camera Works", self_signed=self_signed)
    data = sign(files.encode("JPEG"), JPEG, forged, [created("digitalCapture")], check=False)
    finding = credential(data, trust)
    assert finding.standing is Standing.UNKNOWN_SIGNER
    assert finding.fields["failures"] == ["signingCredential.untrusted"]


def test_an_expired_certificate_is_not_trusted(root: Authority, trust: TrustList) -> None:
    # The library signs with no expired certificate, so one that is about to expire is used and waited for.
    data = sign(files.encode("JPEG"), JPEG, root.issue("Camera Works", seconds=4), [created("digitalCapture")])
    deadline = time.monotonic() + 60
    while (finding := credential(data, trust)).standing is Standing.TRUSTED and time.monotonic() < deadline:
        time.sleep(0.2)
    assert finding.standing is Standing.UNKNOWN_SIGNER
    assert finding.claim is Claim.CAPTURE


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_changed_pixel_is_tampering_and_nothing_else(photo: bytes, generated: bytes, trust: TrustList) -> None:
    for data in (photo, generated):
        finding = credential(flipped(data, len(data) - 40), trust)
        assert (finding.claim, finding.standing, finding.generator) == (Claim.TAMPERED, Standing.INVALID, None)
        assert "assertion.dataHash.mismatch" in finding.fields["failures"]  # type: ignore[operator]


def test_a_changed_manifest_is_tampering(photo: bytes, trust: TrustList) -> None:
    finding = credential(flipped(photo, photo.index(b"digitalCapture")), trust)
    assert (finding.claim, finding.standing) == (Claim.TAMPERED, Standing.INVALID)


def test_a_signature_moved_to_another_image_is_tampering(photo: bytes, trust: TrustList) -> None:
    end = photo.index(b"\xff\xdb")  # credentials stand before the tables
    buffer = io.BytesIO()
    files.picture(seed=9).save(buffer, "JPEG")
    moved = photo[:end] + buffer.getvalue()[buffer.getvalue().index(b"\xff\xdb") :]
    assert credential(moved, trust).claim is Claim.TAMPERED


def test_a_stripped_file_says_nothing(photo: bytes, trust: TrustList) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(buffer, "JPEG", quality=90)
    assert read_provenance(buffer.getvalue(), "JPEG", trust=trust).findings == ()


def test_bytes_appended_to_a_signed_file_break_it(photo: bytes, trust: TrustList) -> None:
    assert credential(photo + b"\0" * 13, trust).claim is Claim.TAMPERED


def test_credentials_elsewhere_are_named_and_not_fetched() -> None:
    packet = files.xmp(
        attributes=' xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:9/m.c2pa"'
    )
    provenance = read_provenance(files.jpeg_xmp(packet), "JPEG")
    assert provenance.findings == ()
    assert "not fetched" in provenance.problems[0]


def test_a_box_of_another_kind_is_no_credential() -> None:
    box = b"JP\x00\x01\x00\x00\x00\x01\x00\x00\x00\x2cjumb\x00\x00\x00\x24jumd" + b"\x11" * 16 + b"\x03other\0"
    assert read_provenance(files.jpeg([(0xEB, box)]), "JPEG").findings == ()


def test_no_flip_in_a_manifest_changes_what_a_trusted_signer_says(photo: bytes, trust: TrustList) -> None:
    said = credential(photo, trust)
    begin, end = photo.index(b"jumb"), photo.index(b"\xff\xdb")
    broken = 0
    for at in range(begin, end, max(1, (end - begin) // 100)):
        for finding in read_provenance(flipped(photo, at), "JPEG", trust=trust).findings:
            # Padding behind the signature is all that may differ and still be trusted.
            assert finding == said or finding.standing is not Standing.TRUSTED
            broken += finding.standing is Standing.INVALID
    assert broken > 50


# ── The chain on its own: stores that no honest library writes ───────────────────────────────────────────────────
def store(manifests: dict[str, Any], **more: Any) -> dict[str, Any]:
    good = [
        {"code": code, "url": f"self#jumbf=/c2pa/{label}/c2pa.signature"}
        for label in manifests
        for code in ("claimSignature.validated", "signingCredential.trusted")
    ]
    return {
        "active_manifest": next(iter(manifests)),
        "manifests": manifests,
        "validation_state": "Trusted",
        "validation_results": {"activeManifest": {"success": good}},
        **more,
    }


def manifest(*actions: dict[str, Any], parents: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": list(actions)}}],
        "ingredients": [{"relationship": "parentOf", "active_manifest": label} for label in parents],
        "signature_info": {"issuer": "Somebody"},
    }


def test_ingredients_that_lead_back_to_themselves_end() -> None:
    finding = credential_chain.judge(
        store({"a": manifest(OPENED, parents=("b",)), "b": manifest(OPENED, parents=("a",))})
    )
    assert finding.claim is Claim.NOTHING


def test_a_chain_of_thousands_ends() -> None:
    manifests = {str(n): manifest(OPENED, parents=(str(n + 1),)) for n in range(3_000)}
    assert credential_chain.judge(store(manifests)).claim is Claim.NOTHING


def test_a_hundred_parents_each_with_a_hundred_end() -> None:
    layers = [[f"{layer}.{n}" for n in range(100)] for layer in range(6)]
    manifests = {
        label: manifest(OPENED, parents=tuple(layers[depth + 1]) if depth < 5 else ())
        for depth, layer in enumerate(layers)
        for label in layer
    }
    assert credential_chain.judge(store(manifests)).claim is Claim.NOTHING


@pytest.mark.parametrize("wrong", [None, 7, "x", [], [1], {"a": 1}, [[]], [{"label": 3}]])
@pytest.mark.parametrize("key", ["assertions", "ingredients", "signature_info", "claim_generator_info"])
def test_values_of_the_wrong_type_read_as_empty(key: str, wrong: Any) -> None:
    broken = manifest(created("digitalCapture"))
    broken[key] = wrong
    credential_chain.judge(store({"a": broken}))
    credential_chain.judge({"active_manifest": "a", "manifests": wrong, "validation_results": wrong})


def test_a_recorded_success_does_not_outweigh_the_readers_own_failure() -> None:
    signature = {"url": "self#jumbf=/c2pa/camera/c2pa.signature"}
    chain = {
        "editor": manifest(OPENED, {"action": "c2pa.cropped"}, parents=("camera",)),
        "camera": manifest(created("digitalCapture")),
    }
    chain["editor"]["ingredients"][0]["validation_results"] = {
        "activeManifest": {"success": [{"code": "signingCredential.trusted", **signature}]}
    }
    results = store(chain)["validation_results"]
    assert credential_chain.judge(store(chain)).standing is Standing.TRUSTED
    results["ingredientDeltas"] = [
        {"validationDeltas": {"failure": [{"code": "signingCredential.untrusted", **signature}]}}
    ]
    assert credential_chain.judge(store(chain, validation_results=results)).standing is Standing.UNKNOWN_SIGNER
