"""C2PA content credentials, verified by the c2pa library; what they say is weighed in `credential_chain`."""

import io
import json
import threading
from functools import lru_cache

import c2pa  # pyright: ignore[reportMissingTypeStubs]

from naturaltrace.provenance import credential_chain, limits
from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.parts import Parts, shown
from naturaltrace.provenance.trust import TrustList

# The library's objects are not documented to be shared between threads; a read takes about two milliseconds.
_lock = threading.Lock()


@lru_cache(maxsize=4)
def _context(anchors: str) -> c2pa.Context:
    trust = {"trust_anchors": anchors} if anchors else {}
    return c2pa.Context.from_json(
        json.dumps(
            {
                "trust": trust,
                # Fetching would tell whoever signed the file that it was looked at.
                "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
            }
        )
    )


def load(trust: TrustList) -> None:
    """Load now what the first file would load: a process that is about to be shut off can't later."""
    _context(trust.pem)
    credential_chain.load()


def findings(data: bytes, mime_type: str, parts: Parts, trust: TrustList) -> list[Finding]:
    """At most one finding, "c2pa", on the credentials embedded in `data`. A remote manifest is named, never fetched."""
    if remote := parts.first("xmp:dcterms:provenance"):
        parts.problem(f"the file names content credentials elsewhere, which are not fetched: {shown(remote)[:120]}")
    if not parts.manifest_bytes:
        return []
    if parts.manifest_bytes > limits.MAX_MANIFEST_BYTES:
        parts.problem("the content credentials are larger than is read")
        return []
    try:
        with _lock, c2pa.Reader(mime_type, io.BytesIO(data), context=_context(trust.pem)) as reader:
            store = json.loads(reader.json())
    except c2pa.C2paError as error:
        return _unreadable(error, parts)
    return [credential_chain.judge(store)]


def _unreadable(error: c2pa.C2paError, parts: Parts) -> list[Finding]:
    reason = shown(str(error))
    if reason.startswith(("ManifestNotFound", "RemoteManifest", "NotSupported")):
        # A JUMBF box that holds something other than C2PA.
        parts.problem("the file holds a JUMBF box without content credentials")
        return []
    return [
        Finding("c2pa", Claim.TAMPERED, Standing.INVALID, None, {"state": "Unreadable", "failures": [reason[:120]]})
    ]
