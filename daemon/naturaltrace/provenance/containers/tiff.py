"""TIFF 6.0: the first directory is read as EXIF is; XMP, IPTC and C2PA have tags of their own."""

from naturaltrace.provenance.containers import photoshop
from naturaltrace.provenance.ifd import Tiff
from naturaltrace.provenance.parts import Parts

_XMP, _IPTC, _PHOTOSHOP, _C2PA = 700, 33723, 34377, 52545


def walk(data: memoryview, parts: Parts) -> None:
    tiff = Tiff.open(data)
    if tiff is None:
        parts.problem("the file does not begin as a TIFF")
        return
    parts.exif.append(data)  # a view: the readers of EXIF take what they need from it
    for tag in tiff.directory(tiff.first):
        if tag.number == _C2PA:
            parts.manifest_bytes += tag.byte_count
        elif tag.number in (_XMP, _IPTC, _PHOTOSHOP):
            raw = tiff.raw(tag, parts.take(tag.byte_count))
            if tag.number == _XMP:
                parts.xmp.append(raw)
            elif tag.number == _IPTC:
                parts.iptc.append(raw)
            else:
                photoshop.resources(memoryview(raw), parts)
