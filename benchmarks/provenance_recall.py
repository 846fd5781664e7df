"""How much of what generators write into files is read, and how fast.

    python benchmarks/provenance_recall.py --images DIR [--trust LIST.pem] [--out FILE.json] [--exceptions]

With --exceptions only the misses and the marked real images are printed, a line for each with its reason.

DIR holds images.csv (columns file, label, generator, repo, format) and the files. A generated file counts as carrying a
mark when it embeds content credentials, or when any of its metadata values has one of the words in CARRIES, which were
written down from a dump of all metadata of the set and not from the table of marks. Recall is the share of these that
read as generated or composite; every miss is listed, and so is every real image that reads as either.
"""

import argparse
import csv
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

from naturaltrace.provenance.findings import Claim, Finding, Standing
from naturaltrace.provenance.parts import Parts
from naturaltrace.provenance.reader import parts_of, read_provenance
from naturaltrace.provenance.trust import TrustList, bundled, certificates

CARRIES = re.compile(
    r"AlgorithmicMedia|class_type|KSampler|\bSteps: \d|OpenAI|Midjourney|Google AI|DALL|Stable Diffusion|NovelAI"
    r"|InvokeAI|Fooocus|ComfyUI|Firefly|Ideogram|Job ID: |AIGC|^Signature: |AI.Generated|Generative|stable-diffusion",
    re.IGNORECASE,
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=Path, required=True)
    arguments.add_argument("--trust", type=Path, help="a PEM file of trusted certificates")
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--exceptions", action="store_true")
    options = arguments.parse_args()
    trust = TrustList("given", "", "", certificates(options.trust.read_text())) if options.trust else bundled()

    times: list[float] = []
    carrying, found, standings, kinds = 0, 0, Counter[str](), Counter[str]()
    missed, real = list[dict[str, Any]](), list[dict[str, Any]]()
    counts = Counter[str]()
    with (options.images / "images.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        data = (options.images / row["file"]).read_bytes()
        begin = time.thread_time()
        provenance = read_provenance(data, row["format"], trust=trust)
        times.append((time.thread_time() - begin) * 1e3)
        says = [f for f in provenance.findings if f.claim in (Claim.GENERATED, Claim.COMPOSITE)]
        counts[row["label"]] += 1
        summary = {key: row[key] for key in ("file", "repo", "generator", "format")}
        if row["label"] == "0":
            if says:
                real.append(summary | {"findings": [[f.kind, f.claim.value, f.fields.get("text")] for f in says]})
            continue
        parts = parts_of(data, row["format"], Parts())
        if parts.manifest_bytes or any(CARRIES.search(e.text) for e in parts.entries):
            carrying += 1
            found += bool(says)
            if not says:
                values = [[e.place, e.text[:80]] for e in parts.entries if CARRIES.search(e.text)][:3]
                missed.append(summary | {"why": _why(provenance.findings), "values": values})
        for finding in says:
            kinds[f"{finding.kind} {finding.standing.value}"] += 1
        if says:
            standings[says[0].standing.value] += 1
    times.sort()
    report = {
        "files": dict(counts),
        "trust_list": f"{trust.count} certificates",
        "generated_carrying_a_mark": carrying,
        "read_as_generated_or_composite": found,
        "recall": round(found / carrying, 4) if carrying else None,
        "missed_because": dict(Counter(m["why"] for m in missed)),
        "by_strongest_standing": dict(standings),
        "by_mark": dict(kinds.most_common()),
        "real_with_a_mark": real,
        "missed": missed,
        "milliseconds": {f"p{q:g}": round(times[int((len(times) - 1) * q / 100)], 3) for q in (50, 90, 99, 99.9, 100)},
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    if options.exceptions:
        for miss in missed:
            print(f"missed  {miss['repo']}  {miss['generator']}  {miss['file']}  {miss['why']}")
        for each in real:
            print(f"real    {each['repo']}  {each['file']}  {'; '.join(' '.join(f) for f in each['findings'])}")
    else:
        print(text)
    return 0


def _why(findings: tuple[Finding, ...]) -> str:
    """Why nothing that a file carries counts as a generator's mark."""
    for finding in findings:
        if finding.standing is Standing.INVALID:
            return (
                f"its credentials do not fit it: {', '.join(map(str, cast(list[object], finding.fields['failures'])))}"
            )
    if findings:
        return f"only {', '.join(f'{f.kind} ({f.claim.value})' for f in findings)}"
    return "nothing of it is in the table of marks"


if __name__ == "__main__":
    sys.exit(main())
