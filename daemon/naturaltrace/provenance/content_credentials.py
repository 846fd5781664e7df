"""C2PA content credentials (C2PA 2.2), verified by the c2pa library. Filled in below."""

from naturaltrace.provenance.findings import Finding
from naturaltrace.provenance.parts import Parts


def findings(data: bytes, mime_type: str, parts: Parts) -> list[Finding]:
    return []
