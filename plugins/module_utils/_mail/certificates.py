# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is wrong with a server's certificate, and what to do about it. Pure."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime

try:
    from cryptography import x509
except ImportError:
    # Without it a certificate is refused all the same, in OpenSSL's words alone.
    x509 = None  # type: ignore[assignment]

# The numbers are OpenSSL's: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_UNKNOWN_ISSUER = frozenset({2, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})


@dataclass(frozen=True)
class Certificate:
    """A certificate that a server has shown.

    :param names: the host names and addresses that it is for.
    :param issuer: who issued it, as RFC 4514 writes it.
    :param starts: from when it is valid, an aware datetime; so is ``ends``.
    """

    names: tuple[str, ...]
    issuer: str
    starts: datetime
    ends: datetime

    @property
    def owner(self) -> str:
        """The names in words."""
        return ", ".join(self.names) or "no host name at all"


def parsed(der: bytes) -> Certificate | None:
    """A certificate from its DER form; None if it is malformed, or the library cryptography is missing."""
    if x509 is None:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            _names(certificate), certificate.issuer.rfc4514_string(),
            certificate.not_valid_before_utc, certificate.not_valid_after_utc,
        )
    except ValueError:
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        # A common name alone counts for nobody any more (RFC 9525 section 4.1).
        return ()
    addresses = [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    return (*alternative.get_values_for_type(x509.DNSName), *addresses)


def explain(
    error: ssl.SSLCertVerificationError, certificate: Certificate | None, host: str, moment: datetime
) -> tuple[str, str]:
    """Why a certificate was refused, and what to do.

    :param certificate: the one that the server shows; None if it could not be read.
    :param host: by which name the server was called.
    :param moment: now, an aware datetime.
    """
    about = f" (it is for {certificate.owner}; issued by {certificate.issuer})" if certificate else ""
    match error.verify_code:
        case code if code in _OTHER_NAME:
            names = f"is for {certificate.owner}, and not for {host}" if certificate else f"is not for {host}"
            issuer = f" (issued by {certificate.issuer})" if certificate else ""
            return (
                f"its certificate {names}{issuer}",
                f"Give a name that the certificate has as host, or have one issued for {host}.",
            )
        case code if code == _EXPIRED and (certificate is None or certificate.ends <= moment):
            since = f" on {certificate.ends:%Y-%m-%d %H:%M} UTC" if certificate else ""
            return f"its certificate expired{since}{about}", "Have the certificate renewed on the server."
        case code if code == _NOT_YET_VALID and (certificate is None or certificate.starts > moment):
            start = f" before {certificate.starts:%Y-%m-%d %H:%M} UTC" if certificate else ""
            return f"its certificate is not valid{start}{about}", "Check the clock of this machine and of the server."
        case code if code == _SELF_SIGNED:
            return (
                f"its certificate is self-signed and not trusted{about}",
                "If it is the right server, give the file of its certificate (PEM) as ca_path, or have it use one of "
                "an authority.",
            )
        case code if code in _UNKNOWN_ISSUER:
            return (
                f"its certificate comes from an authority that is not trusted{about}",
                "Give the file of that authority (PEM) as ca_path; or the server has to send the certificate between "
                "along.",
            )
        case _:
            return (
                f"its certificate is not trusted, {error.verify_message}{about}",
                "Look at the chain of certificates that the server sends.",
            )
