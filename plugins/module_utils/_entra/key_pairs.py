# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private keys and certificates that applications sign in with.

Entra ID takes assertions signed with RSA (PS256, RS256) and looks at nothing in the certificate but its key and dates:
https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import traceback
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

MISSING: dict[str, str] = {}
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
        pkcs12,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    MISSING["cryptography>=42"] = traceback.format_exc()

KEY_BITS = 2048
#: A new certificate is valid from a little earlier, for the clocks of the identity platform's machines differ.
SKEW = timedelta(minutes=5)

_KEY_IDS = uuid.UUID("5c5f4d3e-0c0f-4a8e-9d53-6f0a3a7b8d21")
_LONGEST_COMMON_NAME = 64


@dataclass(frozen=True)
class Certificate:
    """A certificate.

    :param der: its binary form.
    :param start: from when it is valid.
    :param end: until when.
    """

    der: bytes
    start: datetime
    end: datetime

    @property
    def sha1(self) -> bytes:
        """The thumbprint that portals show, and ``x5t``."""
        return x509.load_der_x509_certificate(self.der).fingerprint(hashes.SHA1())

    @property
    def sha256(self) -> bytes:
        """The thumbprint ``x5t#S256``."""
        return x509.load_der_x509_certificate(self.der).fingerprint(hashes.SHA256())

    @property
    def key_id(self) -> str:
        """The key id under which this collection registers it: always the same, so that a repetition adds nothing."""
        return str(uuid.uuid5(_KEY_IDS, self.sha256.hex()))

    def lasts(self, moment: datetime, at_least: timedelta, at_most: timedelta) -> bool:
        """Whether it has more left than the one, and is not valid for longer than the other."""
        return self.end - moment > at_least and self.end - self.start <= at_most

    @property
    def thumbprints(self) -> dict[str, str]:
        """The thumbprints as modules return them."""
        return {
            "thumbprint": self.sha1.hex().upper(), "x5t": _base64url(self.sha1), "x5t_s256": _base64url(self.sha256),
        }


@dataclass(frozen=True)
class KeyPair:
    """A private key and its certificate, in one PEM text."""

    certificate: Certificate
    pem: bytes


def make(name: str, moment: datetime, lifetime: timedelta) -> KeyPair:
    """A new private key, with a certificate that it signs itself.

    :param name: what people see as its subject.
    :param moment: the tenant's time.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_COMMON_NAME])])
    start = moment.replace(microsecond=0) - SKEW
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(_certificate(certificate), private + certificate.public_bytes(Encoding.PEM))


def key_pair_from(pem: bytes) -> KeyPair:
    """The private key and the certificate in a PEM text.

    :raises ValueError: if one of them is not in it, or they do not belong together.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        key = load_pem_private_key(pem, None)
    except TypeError as error:
        raise ValueError("The private key is encrypted.") from error
    if key.public_key() != certificate.public_key():
        raise ValueError("The private key and the certificate do not belong together.")
    return KeyPair(_certificate(certificate), pem)


def certificate_from_der(der: bytes) -> Certificate:
    """The certificate.

    :raises ValueError: if it is none.
    """
    return _certificate(x509.load_der_x509_certificate(der))


def certificate_from_file(option: str, content: bytes, password: str | None) -> Certificate:
    """The certificate in a PEM text, the first one if there are several, or in a PKCS#12 archive.

    :param option: the path's variable, for the message.
    :raises InputError: if there is none in it, or its key is none that the identity platform takes.
    """
    try:
        if b"-----BEGIN" in content:
            certificate = x509.load_pem_x509_certificates(content)[0]
        else:
            archive = pkcs12.load_pkcs12(content, password.encode() if password else None)
            if archive.cert is None:
                raise ValueError("There is no certificate in the archive.")
            certificate = archive.cert.certificate
    except ValueError as error:
        raise InputError(
            f"{option}: no certificate can be read from the file ({error}).",
            remedy="Give a certificate in PEM form, or a .pfx or .p12 file with source_password.",
        ) from error
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise InputError(f"{option}: the key of the certificate is not RSA, and Entra ID takes no other to sign in.")
    return _certificate(certificate)


def _certificate(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        certificate.public_bytes(Encoding.DER), certificate.not_valid_before_utc, certificate.not_valid_after_utc
    )


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
