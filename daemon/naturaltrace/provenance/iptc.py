"""IPTC-IIM record 2: the fields that name a source."""

from naturaltrace.provenance.parts import Parts

_FIELDS = {
    5: "ObjectName",
    25: "Keywords",
    40: "SpecialInstructions",
    55: "DateCreated",
    65: "OriginatingProgram",
    80: "Byline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    120: "Caption",
    122: "Writer",
}


def read(raw: bytes, parts: Parts) -> None:
    at = 0
    for _ in range(2_000):
        if at + 5 > len(raw) or raw[at] != 0x1C:
            return
        record, dataset = raw[at + 1], raw[at + 2]
        size = int.from_bytes(raw[at + 3 : at + 5], "big")
        if size & 0x8000:  # an extended size: nothing that short texts need
            return
        if record == 2 and dataset in _FIELDS:
            value = raw[at + 5 : at + 5 + size]
            parts.add(f"iptc:{_FIELDS[dataset]}", value.decode("utf-8", "replace"))
        at += 5 + size
