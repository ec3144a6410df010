# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Key files as Google hands them out, made here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

ACCOUNT = "mail@project.iam.gserviceaccount.com"
END = datetime(2030, 1, 2, tzinfo=UTC)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key, the same each time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None) -> str:
    """A private key in PEM."""
    return (key or rsa_key()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def as_json(**values: object) -> bytes:
    """A JSON key file, with other values where they are given; None leaves one out."""
    whole = {
        "type": "service_account", "project_id": "project", "private_key_id": "ab" * 20, "private_key": pem(),
        "client_email": ACCOUNT, "client_id": "123456789012345678901",
        "token_uri": "https://oauth2.googleapis.com/token", **values,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


@cache
def certificate(end: datetime = END) -> x509.Certificate:
    """The certificate in a P12 file."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "123456789012345678901")])
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key().public_key())
        .serial_number(1).not_valid_before(end - timedelta(days=3650)).not_valid_after(end)
        .sign(rsa_key(), hashes.SHA256())
    )


@cache
def as_p12(password: bytes = b"notasecret", end: datetime = END) -> bytes:
    """A P12 key file."""
    return pkcs12.serialize_key_and_certificates(
        b"privatekey", rsa_key(), certificate(end), None, serialization.BestAvailableEncryption(password)
    )
