"""The certification authority of an instance and the server certificate that all its faces show."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from m365_sandbox.state.files import write_private

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
        certificate = authority.issue_cert(*NAMES, common_name=NAMES[0], organization_name="m365-sandbox")
        write_private(directory / CA_FILE, authority.cert_pem.bytes())
        write_private(server, certificate.private_key_and_cert_chain_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server)
    return context
