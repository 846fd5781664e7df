"""All that was read from one file's bytes."""

from dataclasses import dataclass, field

from naturaltrace.imaging.prepared import Prepared
from naturaltrace.provenance.findings import Provenance


@dataclass(frozen=True, slots=True)
class Reading:
    """`provenance` and `thumbnail` (a JPEG) are None where they were not asked for. `timing_ms` is per stage."""

    prepared: Prepared
    provenance: Provenance | None = None
    thumbnail: bytes | None = None
    timing_ms: dict[str, float] = field(default_factory=dict[str, float])
