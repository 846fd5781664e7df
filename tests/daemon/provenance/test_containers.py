"""Each container's metadata is read where that container keeps it."""

import zlib
from collections.abc import Callable

import pytest

from naturaltrace.provenance.findings import Claim, Provenance, Standing
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of, read_provenance
from tests.daemon.provenance import files

WITH_XMP: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda packet: files.encode("JPEG", xmp=packet),
    "PNG": lambda packet: files.png([files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)]),
    "WEBP": lambda packet: files.encode("WEBP", xmp=packet),
    "AVIF": lambda packet: files.encode("AVIF", xmp=packet),
    "HEIF": lambda packet: files.encode("HEIF", xmp=packet),
    "GIF": files.gif_xmp,
    "TIFF": files.tiff,
}
WITH_EXIF = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"]


def claims(provenance: Provenance) -> dict[str, Claim]:
    return {finding.kind: finding.claim for finding in provenance.findings}


def places(data: bytes, format_name: str) -> dict[str, str]:
    return {entry.place: entry.text for entry in parts_of(data, format_name, Parts()).entries}


@pytest.mark.parametrize("format_name", WITH_XMP)
def test_a_source_type_in_xmp_is_found(format_name: str) -> None:
    provenance = read_provenance(WITH_XMP[format_name](files.declared()), format_name)
    assert claims(provenance) == {"iptc.digital_source_type.trained": Claim.GENERATED}
    assert provenance.findings[0].standing is Standing.UNSIGNED
    assert not provenance.problems


@pytest.mark.parametrize("format_name", WITH_EXIF)
def test_a_cameras_exif_is_found(format_name: str) -> None:
    provenance = read_provenance(files.encode(format_name, exif=files.photo_exif()), format_name)
    assert claims(provenance) == {"exif.camera": Claim.CAPTURE}
    assert provenance.findings[0].fields["model"] == "Canon EOS R6"
    assert provenance.findings[0].fields["maker_note"] is True


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
def test_all_three_kinds_of_png_text_are_read(kind: str) -> None:
    value = b"Steps: 20, Sampler: Euler, CFG scale: 7"
    bodies = {
        "tEXt": b"parameters\0" + value,
        "zTXt": b"parameters\0\0" + zlib.compress(value),
        "iTXt": b"parameters\0\1\0en\0\0" + zlib.compress(value),
    }
    data = files.png([files.chunk(kind.encode(), bodies[kind])])
    assert places(data, "PNG") == {"png.text:parameters": value.decode()}
    assert claims(read_provenance(data, "PNG")) == {"a1111.parameters": Claim.GENERATED}


def test_a_text_behind_the_pixels_is_read_too() -> None:
    plain = files.encode("PNG")
    data = plain[:-12] + files.text("Software", "NovelAI") + plain[-12:]
    assert "novelai.software" in claims(read_provenance(data, "PNG"))


def test_iptc_and_comments_of_a_jpeg_are_read() -> None:
    data = files.jpeg([(0xED, files.iptc({110: "Made with Google AI", 120: "A lake"})), (0xFE, b"a comment")])
    assert places(data, "JPEG") == {
        "iptc:Credit": "Made with Google AI",
        "iptc:Caption": "A lake",
        "jpeg.comment": "a comment",
    }
    assert claims(read_provenance(data, "JPEG")) == {"google.credit": Claim.GENERATED}


def test_a_gif_comment_is_read() -> None:
    data = files.gif(b"\x21\xfe\x05hello\x05there\x00")
    assert places(data, "GIF") == {"gif.comment": "hellothere"}


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_a_user_comment_is_read_in_either_byte_order(order: str) -> None:
    comment = b"UNICODE\0" + "Steps: 20, Sampler: Euler, Seed: 1".encode(order)
    data = files.encode("JPEG", exif=files.exif({}, {0x9286: comment}))
    assert claims(read_provenance(data, "JPEG")) == {"a1111.parameters": Claim.GENERATED}


def test_imagemagicks_raw_profile_is_unpacked() -> None:
    digits = files.declared().hex()
    profile = "\nxmp\n" + str(len(digits) // 2).rjust(8) + "\n" + digits
    data = files.png([files.text("Raw profile type xmp", profile)])
    assert claims(read_provenance(data, "PNG")) == {"iptc.digital_source_type.trained": Claim.GENERATED}


def test_xmp_names_go_by_the_name_space_and_not_by_the_prefix() -> None:
    packet = files.xmp(
        attributes=' xmlns:zz="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" zz:DigitalSourceType="'
        f'{files.SOURCE_TYPE}trainedAlgorithmicMedia"'
    )
    assert "xmp:Iptc4xmpExt:DigitalSourceType" in places(files.jpeg_xmp(packet), "JPEG")
    borrowed = packet.replace(b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/", b"http://example.org/")
    assert not read_provenance(files.jpeg_xmp(borrowed), "JPEG").findings


def test_xmp_lists_and_structures_are_flattened() -> None:
    packet = files.xmp(
        "<xmpMM:History><rdf:Seq><rdf:li stEvt:action='edited' stEvt:softwareAgent='Adobe Firefly'/></rdf:Seq>"
        "</xmpMM:History><dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bo</rdf:li></rdf:Seq></dc:creator>"
    )
    entries = [(e.place, e.text) for e in parts_of(files.jpeg_xmp(packet), "JPEG", Parts()).entries]
    assert ("xmp:xmpMM:History/stEvt:softwareAgent", "Adobe Firefly") in entries
    assert [value for place, value in entries if place == "xmp:dc:creator"] == ["Ann", "Bo"]
    assert claims(read_provenance(files.jpeg_xmp(packet), "JPEG")) == {"firefly.history": Claim.COMPOSITE}


def test_a_plain_file_says_nothing() -> None:
    for format_name in [*WITH_XMP, "BMP"]:
        assert read_provenance(files.encode(format_name), format_name) == Provenance(), format_name


TRAINED = {"iptc.digital_source_type.trained": Claim.GENERATED}


def test_extended_xmp_is_put_together_in_any_order() -> None:
    data = files.jpeg_extended_xmp(files.xmp(), files.declared())
    provenance = read_provenance(data, "JPEG")
    assert claims(provenance) == TRAINED
    assert not provenance.problems
    segments = jpeg_segments(data)
    assert len(segments) == 4
    turned = data[:2] + segments[0] + b"".join(reversed(segments[1:])) + data[2 + sum(map(len, segments)) :]
    assert claims(read_provenance(turned, "JPEG")) == TRAINED


def test_an_extension_that_the_packet_does_not_name_belongs_to_nothing() -> None:
    data = files.jpeg_extended_xmp(files.xmp(), files.declared())
    first = len(jpeg_segments(data)[0])
    assert read_provenance(data[:2] + data[2 + first :], "JPEG").findings == ()
    other = files.jpeg_extended_xmp(files.xmp(), files.declared(), named=b"0" * 32)
    assert read_provenance(other, "JPEG").findings == ()


def test_an_extension_with_a_gap_is_read_up_to_it() -> None:
    packet = files.declared().replace(
        b"</rdf:Description>", b"<dc:title>" + b"x" * 900 + b"</dc:title></rdf:Description>"
    )
    data = files.jpeg_extended_xmp(files.xmp(), packet, piece=1000)
    segments = jpeg_segments(data)
    gap = data[:2] + b"".join(segments[:-1]) + data[2 + sum(map(len, segments)) :]
    provenance = read_provenance(gap, "JPEG")
    assert claims(provenance) == TRAINED
    assert provenance.problems == ("the extended XMP is not whole; what stands before the gap was read",)


def jpeg_segments(data: bytes) -> list[bytes]:
    """The segments that `files` put behind the first two bytes."""
    out, at = list[bytes](), 2
    while data[at + 1] == 0xE1:
        size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        out.append(data[at : at + size])
        at += size
    return out


RE_EDIT = b'{"originalPath":"","genAIType":1}'


def samsung(trailer: bytes, make: str = "samsung") -> bytes:
    return files.encode("JPEG", exif=files.exif({0x010F: make})) + trailer


def test_a_samsung_trailer_is_read() -> None:
    trailer = files.samsung_trailer({"Image_UTC_Data": b"1754705787853", "PhotoEditor_Re_Edit_Data": RE_EDIT})
    data = samsung(trailer)
    assert places(data, "JPEG")["samsung:Image_UTC_Data"] == "1754705787853"
    assert claims(read_provenance(data, "JPEG")) == {"samsung.galaxy_ai": Claim.COMPOSITE}
    none = files.samsung_trailer({"PhotoEditor_Re_Edit_Data": RE_EDIT.replace(b"1", b"0")})
    assert read_provenance(samsung(none), "JPEG").findings == ()


def test_a_samsung_trailer_elsewhere_says_nothing() -> None:
    trailer = files.samsung_trailer({"PhotoEditor_Re_Edit_Data": RE_EDIT})
    assert read_provenance(samsung(trailer, make="Canon"), "JPEG").findings == ()
    assert read_provenance(samsung(trailer + b"\0"), "JPEG").findings == ()  # not at the very end
    assert read_provenance(files.encode("PNG") + trailer, "PNG").findings == ()


@pytest.mark.parametrize("at", range(8, 48, 4))
@pytest.mark.parametrize("value", [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"])
def test_a_damaged_samsung_trailer_is_read_without_complaint(at: int, value: bytes) -> None:
    trailer = bytearray(files.samsung_trailer({"A": b"one", "B": b"two"}))
    trailer[len(trailer) - at : len(trailer) - at + 4] = value
    parts_of(samsung(bytes(trailer)), "JPEG", Parts())
