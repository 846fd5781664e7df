"""Hostile files: nothing outside its container counts, and nothing costs much time or memory."""

import io
import resource
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naturaltrace.provenance.findings import Claim, Provenance
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of, read_provenance
from tests.daemon.provenance import files

PARAMETERS = "a lighthouse\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1"
MARK = files.text("parameters", PARAMETERS)
SECONDS = 30.0  # of processor time, the making of the files included; the reading takes milliseconds


def kinds(provenance: Provenance) -> list[str]:
    return [finding.kind for finding in provenance.findings]


@pytest.fixture(autouse=True)
def quick() -> object:
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "tail",
    [
        b"parameters\0" + PARAMETERS.encode(),
        MARK,
        files.declared(),
        b"trainedAlgorithmicMedia",
        b"Made with Google AI",
        b"\xff\xfe" + struct.pack(">H", 40) + PARAMETERS.encode(),
        b"jumbfc2pa trainedAlgorithmicMedia",
        b"",
    ],
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_bytes_appended_to_a_file_say_nothing(format_name: str, tail: bytes) -> None:
    assert read_provenance(files.encode(format_name) + tail, format_name).findings == ()


def test_a_file_inside_another_says_nothing() -> None:
    marked = files.png([MARK])
    assert kinds(read_provenance(marked, "PNG")) == ["a1111.parameters"]
    for format_name in ("JPEG", "GIF", "WEBP"):
        assert read_provenance(files.encode(format_name) + marked, format_name).findings == ()
    # In front too: what was decoded as a PNG is read as a PNG, and a JPEG that is called PNG is not.
    assert read_provenance(files.jpeg([(0xFE, PARAMETERS.encode())]), "PNG").findings == ()


@pytest.mark.parametrize(
    ("format_name", "data"),
    [
        ("PNG", files.png([files.chunk(b"prVt", b"parameters\0" + PARAMETERS.encode())])),
        ("PNG", files.png([files.chunk(b"iCCP", b"parameters\0\0" + zlib.compress(PARAMETERS.encode()))])),
        ("PNG", files.png([files.text("XML:com.adobe.xmp2", files.declared().decode())])),
        ("JPEG", files.jpeg([(0xFE, files.png([MARK]))])),
        ("JPEG", files.jpeg([(0xE5, b"http://ns.adobe.com/xap/1.0/\0" + files.declared())])),
        ("JPEG", files.jpeg([(0xE1, b"parameters\0" + PARAMETERS.encode())])),
        ("GIF", files.gif(b"\x21\xff\x0bNOTXMP 0001" + files.declared()[:200] + b"\0")),
        ("AVIF", files.encode("AVIF") + struct.pack(">I4s", 8 + len(files.declared()), b"free") + files.declared()),
    ],
)
def test_a_mark_in_a_part_that_is_not_its_place_says_nothing(format_name: str, data: bytes) -> None:
    assert read_provenance(data, format_name).findings == ()


def test_a_file_that_is_two_formats_is_read_as_the_one_that_was_decoded() -> None:
    """A ZIP, a PDF or a script behind, or inside, an image is what polyglots are mostly made of."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("marked.png", files.png([MARK]))
        bundle.writestr("metadata.xml", files.declared())
    for format_name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF"):
        both = files.encode(format_name) + archive.getvalue()
        assert zipfile.is_zipfile(io.BytesIO(both))
        assert read_provenance(both, format_name).findings == ()
    script = b"*/=1;/*" + files.declared() + b"*/"
    assert read_provenance(files.jpeg([(0xE9, script)]), "JPEG").findings == ()
    document = b"%PDF-1.7\n1 0 obj <</Type /Metadata>> stream\n" + files.declared() + b"\nendstream"
    assert read_provenance(files.png([files.chunk(b"pdFd", document)]), "PNG").findings == ()


def test_a_mark_in_an_image_embedded_in_exif_says_nothing() -> None:
    thumbnail = files.jpeg_xmp(files.declared())
    data = files.encode("JPEG", exif=files.exif({}, {0x927C: thumbnail}))
    assert read_provenance(data, "JPEG").findings == ()


def test_xmp_in_an_exif_comment_is_only_a_comment() -> None:
    data = files.encode("JPEG", exif=files.exif({0x010E: files.declared().decode()}, {0x9286: files.declared()}))
    assert read_provenance(data, "JPEG").findings == ()


def test_xmp_in_a_jpeg_comment_or_a_png_text_of_another_name_is_only_a_text() -> None:
    assert read_provenance(files.jpeg([(0xFE, files.declared())]), "JPEG").findings == ()
    assert read_provenance(files.png([files.text("Comment", files.declared().decode())]), "PNG").findings == ()


def test_a_source_type_inside_another_property_is_not_the_images_own() -> None:
    inner = f"<rdf:Description Iptc4xmpExt:DigitalSourceType='{files.SOURCE_TYPE}trainedAlgorithmicMedia'/>"
    data = files.jpeg_xmp(files.xmp(f"<xmpMM:History>{inner}</xmpMM:History>"))
    assert read_provenance(data, "JPEG").findings == ()


def test_a_text_of_a_hundred_megabytes_is_read_only_at_its_front() -> None:
    data = files.png([files.text("parameters", PARAMETERS + " " * 100_000_000)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    provenance = read_provenance(data, "PNG")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000  # kilobytes
    assert kinds(provenance) == ["a1111.parameters"]
    assert "longer than is read" in provenance.problems[0]


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_bomb_in_a_compressed_text_stops_at_the_limit(kind: bytes) -> None:
    packed = zlib.compressobj(9)
    bomb = b"".join(packed.compress(b"\0" * 1_000_000) for _ in range(64)) + packed.flush()
    body = b"parameters\0\0" + bomb if kind == b"zTXt" else b"parameters\0\1\0\0\0" + bomb
    data = files.png([files.chunk(kind, body)] * 3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    provenance = read_provenance(data, "PNG")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000
    assert "longer than is read" in provenance.problems[0]


def test_a_thousand_long_texts_share_one_budget() -> None:
    data = files.png([files.text(f"k{n}", "x" * 900_000) for n in range(100)])
    assert sum(len(e.text) for e in parts_of(data, "PNG", Parts()).entries) <= 8 << 20


def test_a_million_chunks_end() -> None:
    data = files.png([files.chunk(b"tEXt", b"a\0b")] * 200_000)
    assert read_provenance(data, "PNG").findings == ()


def test_a_chunk_with_a_wrong_checksum_is_read_and_said_to_be_damaged() -> None:
    provenance = read_provenance(files.png([files.text("parameters", PARAMETERS, sound=False)]), "PNG")
    assert kinds(provenance) == ["a1111.parameters"]
    assert provenance.findings[0].fields["damaged"] is True
    assert "checksum" in provenance.problems[0]


def test_a_truncated_packet_is_read_up_to_its_break() -> None:
    packet = files.declared()
    data = files.jpeg_xmp(packet[: packet.index(b"</rdf:Description>")])
    provenance = read_provenance(data, "JPEG")
    assert kinds(provenance) == ["iptc.digital_source_type.trained"]
    assert "damaged" in provenance.problems[0]


def test_a_truncated_compressed_text_is_read_up_to_its_break() -> None:
    body = b"parameters\0\0" + zlib.compress(PARAMETERS.encode() + bytes(range(256)) * 40)[:-60]
    assert kinds(read_provenance(files.png([files.chunk(b"zTXt", body)]), "PNG")) == ["a1111.parameters"]


def test_pieces_of_extended_xmp_never_cost_more_than_the_budget() -> None:
    packet = files.xmp("<dc:title>" + "x" * 3_000_000 + "</dc:title>")
    data = files.jpeg_extended_xmp(files.declared(), packet, piece=60_000)
    provenance = read_provenance(data, "JPEG")
    assert kinds(provenance) == ["iptc.digital_source_type.trained"]
    parts = parts_of(data, "JPEG", Parts())
    assert sum(map(len, parts.xmp_extensions)) <= 8 << 20


def test_entities_in_xmp_are_refused() -> None:
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    packet = doctype.encode() + files.xmp("<dc:title>&a9;&file;</dc:title>").partition(b"?>")[2]
    provenance = read_provenance(files.jpeg_xmp(packet), "JPEG")
    assert provenance.findings == ()
    assert "not read" in provenance.problems[0]


def test_xmp_that_nests_for_ever_ends() -> None:
    assert read_provenance(files.jpeg_xmp(files.xmp("<dc:title>" * 6_000)), "JPEG").findings == ()


def test_exif_directories_that_lead_back_to_themselves_end() -> None:
    # One directory with 500 entries, each of which says that the Exif directory is this one.
    entries = struct.pack("<HHII", 0x8769, 4, 1, 8) * 500
    block = b"II*\0" + struct.pack("<IH", 8, 500) + entries + struct.pack("<I", 8)
    for data, format_name in (
        (files.jpeg([(0xE1, b"Exif\0\0" + block)]), "JPEG"),
        (files.png([files.chunk(b"eXIf", block)]), "PNG"),
        (block, "TIFF"),
    ):
        assert read_provenance(data, format_name).findings == ()


def test_boxes_with_impossible_sizes_end() -> None:
    head = files.encode("AVIF")[:32]
    for size in (0, 1, 7, 8, 0xFFFFFFFF):
        boxes = struct.pack(">I4s", size, b"meta") * 1000
        assert read_provenance(head + boxes, "AVIF").findings == ()


def test_a_jpeg_of_nothing_but_fill_bytes_ends() -> None:
    assert read_provenance(b"\xff\xd8" + b"\xff" * 1_000_000, "JPEG").findings == ()


def test_a_real_photo_smeared_with_an_ai_tag_says_both() -> None:
    data = files.encode("JPEG", exif=files.photo_exif(), xmp=files.declared())
    found = {f.kind: f.claim for f in read_provenance(data, "JPEG").findings}
    assert found == {"iptc.digital_source_type.trained": Claim.GENERATED, "exif.camera": Claim.CAPTURE}


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF", b"GIF89a", b"II*\0", b"\0" * 64])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "nonsense", ""])
def test_scraps_are_read_without_complaint(data: bytes, format_name: str) -> None:
    assert read_provenance(data, format_name).findings == ()


SEEDS = {
    "PNG": files.png([MARK, files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.declared())]),
    "JPEG": files.encode("JPEG", exif=files.photo_exif(), xmp=files.declared()),
    "WEBP": files.encode("WEBP", exif=files.photo_exif(), xmp=files.declared()),
    "AVIF": files.encode("AVIF", exif=files.photo_exif(), xmp=files.declared()),
    "GIF": files.gif_xmp(files.declared()),
    "TIFF": files.tiff(files.declared()),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    format_name=st.sampled_from(sorted(SEEDS)),
    changes=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=24),
    cut=st.integers(0, 1 << 16),
)
def test_no_change_of_bytes_breaks_a_reader(format_name: str, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SEEDS[format_name])
    for at, value in changes:
        data[at % len(data)] = value
    data = data[: max(1, len(data) - cut % (len(data) * 2))]
    parts = parts_of(bytes(data), format_name, Parts())  # raises what read_provenance would hide
    assert len(parts.problems) <= 20
    read_provenance(bytes(data), format_name)
