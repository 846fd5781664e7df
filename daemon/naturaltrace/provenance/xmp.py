"""XMP packets (ISO 16684-1) as flat names and values, as far as the XML is sound."""

from xml.parsers import expat

from naturaltrace.provenance import limits
from naturaltrace.provenance.parts import Parts

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

# The usual prefix of each name space. A packet may bind any prefix to anything; only the address counts.
_PREFIXES = {
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.useplus.org/ldf/xmp/1.0/": "plus",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.tc260.org.cn/AIGC/1.0/": "TC260",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
    _RDF: "rdf",
}
_CONTAINERS = {"rdf:Seq", "rdf:Bag", "rdf:Alt", "rdf:li"}


class _StopReadingError(Exception):
    pass


class _Reader:
    """Gathers "xmp:PREFIX:NAME" for a resource's own properties, "xmp:OUTER/INNER" for structures inside them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.depth = 0
        self.description_depth = 0  # where the rdf:Description that is being read stands
        self.path: list[str] = []
        self.text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > limits.MAX_XMP_DEPTH:
            raise _StopReadingError
        short = _short(name)
        self.text.clear()
        if not self.description_depth:
            if short != "rdf:Description":
                self.path.append(short)
                return
            if self.path[-1:] != ["rdf:RDF"]:
                raise _StopReadingError
            self.description_depth = self.depth
            self.path.clear()
        elif short not in _CONTAINERS and short != "rdf:Description":
            self.path.append(short)
        for key, value in attributes.items():
            attribute = _short(key)
            if attribute == "rdf:resource":
                self._add(self.path, value)
            elif not attribute.startswith(("rdf:", "{", "xml:")) and ":" in attribute:
                self._add([*self.path, attribute], value)

    def end(self, name: str) -> None:
        short = _short(name)
        if self.description_depth:
            if text := "".join(self.text).strip():
                self._add(self.path, text)
            if self.depth == self.description_depth:
                self.description_depth = 0
                self.path = ["rdf:RDF"]
            elif short not in _CONTAINERS and short != "rdf:Description":
                self.path.pop()
        elif self.path:
            self.path.pop()
        self.text.clear()
        self.depth -= 1

    def characters(self, text: str) -> None:
        if self.description_depth:
            self.text.append(text)

    def _add(self, path: list[str], value: str) -> None:
        if path:
            self.parts.add("xmp:" + "/".join(path), value)


def read(packet: bytes, parts: Parts, *, whole: bool = True) -> None:
    """Adds the packet's properties; a packet that breaks off gives those before the break.

    That it breaks off is a problem only of a packet that was thought to be `whole`.
    """
    reader = _Reader(parts)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    # XMP has no document type: entities are only there to do harm.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(packet.strip(b"\x00 \t\r\n"), True)
    except expat.ExpatError:
        if whole:
            parts.problem("the XMP packet is damaged; what stands before the damage was read")
    except _StopReadingError:
        parts.problem("the XMP packet is built in a way that is not read")


def _refuse(*_: object) -> None:
    raise _StopReadingError


def _short(name: str) -> str:
    address, _, local = name.rpartition(" ")
    if not address:
        return local
    prefix = _PREFIXES.get(address)
    return f"{prefix}:{local}" if prefix else f"{{{address}}}{local}"
