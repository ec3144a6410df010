"""The certification authority of an instance, the certificate that its faces show, and worse ones to rehearse with."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from m365_sandbox.state.files import write_private

CA_FILE = "ca.pem"
SERVER_FILE = "server.pem"
NAMES = ("localhost", "127.0.0.1", "::1")
OTHER_NAME = "mail.elsewhere.example"
EXPIRED_ON = datetime(2026, 1, 31, tzinfo=UTC)
# What the relay can be told to show; all but the good one are refused by who verifies.
RELAY_FILES: Mapping[str, str] = {
    "good": SERVER_FILE, "self_signed": "self-signed.pem", "expired": "expired.pem", "other_name": "other-name.pem",
}
_ORGANIZATION = "m365-sandbox"


def load_or_create_tls(directory: Path) -> ssl.SSLContext:
    """The server side's TLS context. ``ca.pem`` (for the clients) and the servers' files are made once per instance.

    The authority's own key is not kept: nothing else is ever to be signed with it.
    """
    if not all((directory / name).exists() for name in RELAY_FILES.values()):
        authority = trustme.CA(organization_name=_ORGANIZATION)
        good = authority.issue_cert(*NAMES, common_name=NAMES[0], organization_name=_ORGANIZATION)
        expired = authority.issue_cert(
            *NAMES, common_name=NAMES[0], organization_name=_ORGANIZATION, not_after=EXPIRED_ON,
        )
        other = authority.issue_cert(OTHER_NAME, common_name=OTHER_NAME, organization_name=_ORGANIZATION)
        write_private(directory / CA_FILE, authority.cert_pem.bytes())
        for kind, certificate in (("good", good), ("expired", expired), ("other_name", other)):
            write_private(directory / RELAY_FILES[kind], certificate.private_key_and_cert_chain_pem.bytes())
        write_private(directory / RELAY_FILES["self_signed"], _self_signed())
    return _context(directory / SERVER_FILE)


def relay_contexts(directory: Path) -> dict[str, ssl.SSLContext]:
    """The server side's contexts of an instance that has its files, by the kind of certificate that they show."""
    return {kind: _context(directory / name) for kind, name in RELAY_FILES.items()}


def _context(server: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server)
    return context


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    now = datetime.now(UTC)
    names = [x509.DNSName(NAMES[0]), *(x509.IPAddress(ip_address(address)) for address in NAMES[1:])]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
