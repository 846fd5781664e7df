"""A certificate authority of the tests' own, and files signed under it."""

import datetime
import io
import json
from dataclasses import dataclass
from typing import Any

import c2pa  # pyright: ignore[reportMissingTypeStubs]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_TODAY = datetime.datetime.now(datetime.UTC)


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Signer:
    chain_pem: str
    key_pem: str

    def open(self) -> c2pa.Signer:
        info = c2pa.C2paSignerInfo(
            alg=b"es256", sign_cert=self.chain_pem.encode(), private_key=self.key_pem.encode(), ta_url=None
        )
        return c2pa.Signer.from_info(info)


class Authority:
    """A root that can issue signing certificates, valid or not."""

    def __init__(self, name: str = "Test Root") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name, "Natural Trace tests")
        public = self.key.public_key()
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_TODAY - datetime.timedelta(days=4000))
            .not_valid_after(_TODAY + datetime.timedelta(days=4000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(sign=False, certify=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.pem = _pem(self.certificate)

    def issue(
        self, organisation: str = "Test Camera Works", *, seconds: int | None = None, self_signed: bool = False
    ) -> Signer:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"{organisation} signer", organisation)
        begin, end = (_TODAY - datetime.timedelta(days=40), _TODAY + datetime.timedelta(days=400))
        if seconds is not None:  # a certificate that is about to expire
            end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        issuer_key = key if self_signed else self.key
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(sign=True, certify=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        key_pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        chain = _pem(certificate) if self_signed else _pem(certificate) + self.pem
        return Signer(chain, key_pem)


def _key_usage(*, sign: bool, certify: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=certify,
        encipher_only=False,
        decipher_only=False,
    )


def created(source_type: str) -> dict[str, Any]:
    return {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + source_type}


def sign(
    image: bytes,
    mime_type: str,
    signer: Signer,
    actions: list[dict[str, Any]],
    *,
    ingredients: list[tuple[bytes, str]] | None = None,
    program: str = "Test Program",
    check: bool = True,
) -> bytes:
    """`image` with content credentials: `actions`, and `ingredients` as (bytes, relationship) of the same type."""
    context = c2pa.Context.from_json(
        json.dumps(
            {
                "verify": {"remote_manifest_fetch": False, "verify_after_sign": check, "verify_trust": False},
                "builder": {"thumbnail": {"enabled": False}},
            }
        )
    )
    linked = [dict(action) for action in actions]
    for number, (_, relationship) in enumerate(ingredients or []):
        wanted = "c2pa.opened" if relationship == "parentOf" else "c2pa.placed"
        for action in linked:
            if action["action"] == wanted and "parameters" not in action:
                action["parameters"] = {"ingredientIds": [f"ingredient-{number}"]}
                break
    manifest = {
        "claim_generator_info": [{"name": program, "version": "1.0"}],
        "format": mime_type,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": linked}}],
    }
    builder = c2pa.Builder(json.dumps(manifest), context=context)
    for number, (data, relationship) in enumerate(ingredients or []):
        description = {"title": "ingredient", "relationship": relationship, "label": f"ingredient-{number}"}
        builder.add_ingredient(  # pyright: ignore[reportUnknownMemberType]
            json.dumps(description), mime_type, io.BytesIO(data)
        )
    out = io.BytesIO()
    builder.sign(signer.open(), mime_type, io.BytesIO(image), out)
    return out.getvalue()
