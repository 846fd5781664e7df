"""An authority of the tests' own, and a certificate of it for this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class Tls:
    """Files: the authority's certificate, the server's chain, the server's key."""

    authority: Path
    chain: Path
    key: Path


def make_tls(folder: Path) -> Tls:
    """For https://127.0.0.1."""
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _name(f"Tests' authority {folder.name}"), _name("127.0.0.1")
    signs = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        _builder(issuer, issuer, root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .sign(root, hashes.SHA256())
    )
    server = (
        _builder(subject, issuer, own)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = Tls(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    files.authority.write_bytes(authority.public_bytes(pem))
    files.chain.write_bytes(server.public_bytes(pem) + authority.public_bytes(pem))
    plain = serialization.NoEncryption()
    files.key.write_bytes(own.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
