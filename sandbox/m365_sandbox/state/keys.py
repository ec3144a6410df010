"""RSA key pairs with a certificate, which sign tokens, kept in the instance's folder."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from m365_sandbox.state.clock import now
from m365_sandbox.state.files import write_private

ENTRA_FILE, ISSUER_FILE = "signing.pem", "issuer.pem"
#: The keys of the seeded service account of Google's, by the format in which clients get them.
GOOGLE_FILES = {"json": "google-json.pem", "p12": "google-p12.pem"}
#: How long the certificate in a P12 file is valid.
GOOGLE_LIFETIME = timedelta(days=3650)


def base64url(data: bytes) -> str:
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SigningKeys:
    """An RSA key with a self-signed certificate; ``kid`` is the certificate's ``x5t``, as in Entra's own key set.

    :param pem: the key and the certificate.
    """

    def __init__(self, pem: bytes) -> None:
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("the file holds no RSA key")
        self.private_key = key
        self.certificate = x509.load_pem_x509_certificate(pem)
        self._der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.thumbprint = hashlib.sha1(self._der).hexdigest()
        self.kid = base64url(bytes.fromhex(self.thumbprint))

    @classmethod
    def load_or_create(cls, path: Path, *, lifetime: timedelta = timedelta(days=1825)) -> SigningKeys:
        """Read the key from its file, or make both (0600)."""
        if not path.exists():
            write_private(path, new_key(lifetime))
        return cls(path.read_bytes())

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """The half that the faces verify tokens with."""
        return self.private_key.public_key()

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (facts: Entra's keys carry x5t and x5c)."""
        numbers = self.public_key.public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "kid": self.kid,
                    "x5t": self.kid,
                    "n": base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
                    "e": base64url(numbers.e.to_bytes(3, "big")),
                    "x5c": [base64.b64encode(self._der).decode()],
                }
            ]
        }


def new_key(lifetime: timedelta) -> bytes:
    """A new key and its certificate, in PEM.

    :param lifetime: of the certificate, from yesterday on; negative for one that has expired.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.sandbox")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now(), now() + lifetime) - timedelta(days=1))
        .not_valid_after(now() + lifetime)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
