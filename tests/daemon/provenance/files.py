"""Small image files with metadata in each container, made here."""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
import pillow_heif
from PIL import Image, PngImagePlugin

pillow_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType]

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def picture(size: int = 64, seed: int = 1) -> Image.Image:
    """Coloured noise, so that no format can make it vanish."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))


def xmp(body: str = "", *, attributes: str = "") -> bytes:
    """An XMP packet whose one rdf:Description has these attributes and children."""
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
        ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'
        f"{attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def declared(source_type: str = "trainedAlgorithmicMedia") -> bytes:
    """An XMP packet with an IPTC digital source type."""
    return xmp(f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}{source_type}</Iptc4xmpExt:DigitalSourceType>")


def encode(format_name: str, **options: object) -> bytes:
    """`picture()` as Pillow writes it in `format_name`."""
    buffer = io.BytesIO()
    picture().save(buffer, format_name, **options)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def exif(tags: dict[int, object], inner: dict[int, object] | None = None) -> bytes:
    """An EXIF block with `tags` in its first directory and `inner` in the Exif directory."""
    block = Image.Exif()
    for number, value in tags.items():
        block[number] = value
    if inner:
        block.get_ifd(0x8769).update(inner)
    return block.tobytes()


def photo_exif() -> bytes:
    """What a camera writes."""
    return exif(
        {0x010F: "Canon", 0x0110: "Canon EOS R6"},
        {0x829A: 0.004, 0x829D: 5.6, 0x8827: 400, 0x920A: 50.0, 0x9003: "2024:05:29 14:55:12", 0x927C: b"\x01" * 200},
    )


def chunk(kind: bytes, body: bytes, *, sound: bool = True) -> bytes:
    """A PNG chunk, with a wrong checksum when not `sound`."""
    check = zlib.crc32(kind + body) ^ (0 if sound else 1)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def text(keyword: str, value: str, *, sound: bool = True) -> bytes:
    return chunk(b"tEXt", keyword.encode() + b"\x00" + value.encode(), sound=sound)


def png(chunks: Iterable[bytes] = (), *, after: bytes = b"") -> bytes:
    """A PNG with `chunks` behind its header and `after` behind its end."""
    plain = encode("PNG")
    head = 8 + 25  # signature and IHDR
    return plain[:head] + b"".join(chunks) + plain[head:] + after


def png_info(texts: dict[str, str]) -> bytes:
    info = PngImagePlugin.PngInfo()
    for keyword, value in texts.items():
        info.add_text(keyword, value)
    return encode("PNG", pnginfo=info)


def jpeg(segments: Iterable[tuple[int, bytes]] = (), *, after: bytes = b"") -> bytes:
    """A JPEG with `segments` (marker, payload) behind its first two bytes and `after` behind its end."""
    plain = encode("JPEG")
    made = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return plain[:2] + made + plain[2:] + after


def jpeg_xmp(packet: bytes) -> bytes:
    return jpeg([(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet)])


def iptc(fields: dict[int, str]) -> bytes:
    """A JPEG's APP13 payload with IPTC record 2."""
    record = b"".join(
        struct.pack(">BBBH", 0x1C, 2, dataset, len(value.encode())) + value.encode()
        for dataset, value in fields.items()
    )
    padded = record + b"\x00" * (len(record) % 2)
    return b"Photoshop 3.0\x00" + b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(record)) + padded


def gif(extensions: bytes) -> bytes:
    """A GIF with `extensions` before its trailer."""
    plain = encode("GIF")
    assert plain.endswith(b"\x3b")
    return plain[:-1] + extensions + b"\x3b"


def gif_xmp(packet: bytes) -> bytes:
    """XMP in a GIF, with the ramp that leads readers of sub-blocks out of it."""
    ramp = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return gif(b"\x21\xff\x0bXMP DataXMP" + packet + ramp)


def tiff(packet: bytes) -> bytes:
    return encode("TIFF", tiffinfo={700: packet, 305: "Test Program"})


def jpeg_extended_xmp(packet: bytes, extension: bytes, *, piece: int = 300, named: bytes | None = None) -> bytes:
    """A JPEG whose XMP names an extension, cut into pieces; `named` is a sum to name instead of the true one."""
    digest = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    note = b' xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="' + (named or digest) + b'">'
    linked = packet.replace(b'ResourceEvent#">', b'ResourceEvent#"' + note, 1)
    segments = [(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + linked)]
    for at in range(0, len(extension), piece):
        head = b"http://ns.adobe.com/xmp/extension/\x00" + digest + struct.pack(">II", len(extension), at)
        segments.append((0xE1, head + extension[at : at + piece]))
    return jpeg(segments)


def samsung_trailer(blocks: dict[str, bytes]) -> bytes:
    """What a Samsung phone writes behind a JPEG."""
    bodies, entries, total = b"", b"", 0
    for name, value in blocks.items():
        body = struct.pack("<HHI", 0, 0x0BA1, len(name)) + name.encode() + value
        bodies += body
        total += len(body)
    rest = total
    for name, value in blocks.items():
        size = 8 + len(name) + len(value)
        entries += struct.pack("<HHII", 0, 0x0BA1, rest, size)
        rest -= size
    directory = b"SEFH" + struct.pack("<II", 107, len(blocks)) + entries
    return bodies + directory + struct.pack("<I", len(directory)) + b"SEFT"
