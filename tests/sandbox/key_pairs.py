"""RSA keys with self-signed certificates: what applications sign in with."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass
class KeyPair:
    """A private key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def thumbprint(self, algorithm: str) -> bytes:
        return hashlib.new(algorithm, self.der).digest()

    def credential(self, **properties: Any) -> dict[str, Any]:
        """Graph's keyCredential."""
        key = base64.b64encode(self.der).decode()
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": key, **properties}


def key_pair(days: int = 30, *, age: int = 60) -> KeyPair:
    """A certificate that ends in so many days and is so many days old."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    return KeyPair(key, (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=age))
        .not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    ))
