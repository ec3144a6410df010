"""The certification authority of an instance and the server certificate that all its faces show."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import trustme

CA_FILE = "ca.pem"
SERVER_FILE = "server.pem"
NAMES = ("localhost", "127.0.0.1", "::1")


def load_or_create_tls(directory: Path) -> ssl.SSLContext:
    """The server side's TLS context. ``ca.pem`` (for the clients) and ``server.pem`` are made once per instance.

    The authority's own key is not kept: nothing else is ever to be signed with it.
    """
    server = directory / SERVER_FILE
    if not server.exists():
        authority = trustme.CA(organization_name="m365-sandbox")
        certificate = authority.issue_cert(*NAMES, organization_name="m365-sandbox")
        authority.cert_pem.write_to_path(directory / CA_FILE)
        descriptor = os.open(server, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.private_key_and_cert_chain_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server)
    return context
