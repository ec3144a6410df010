"""What every face is handed: the tenant and everything around it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from m365_sandbox.state.catalog import Catalog
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.faults import Faults
from m365_sandbox.state.keys import SigningKeys
from m365_sandbox.state.relay import RelayBehaviour
from m365_sandbox.state.request_log import RequestLog
from m365_sandbox.state.seal import Seal
from m365_sandbox.state.tenant import Tenant


@dataclass
class Sandbox:
    """One instance of the sandbox.

    ``directory`` is the instance's own folder (0700). ``keys`` are Entra's, ``issuer_keys`` those of the stand-in for a
    CI's identity provider, ``google_keys`` those of the seeded service account of Google's, by the format in which
    clients get them. ``ports`` maps the name of a face to the TCP port on 127.0.0.1 that it should listen on (0 =
    any free one), and to the real one as soon as it listens. ``tls`` is the server side's context (TLS 1.2 or later)
    with a certificate for localhost, 127.0.0.1 and ::1. ``seal`` closes what clients keep for the identity face,
    ``relay`` is how the relay behaves until the next reset or start.
    """

    directory: Path
    tenant: Tenant
    keys: SigningKeys
    issuer_keys: SigningKeys
    google_keys: Mapping[str, SigningKeys]
    faults: Faults
    requests: RequestLog
    catalog: Catalog
    credentials: Credentials
    ports: dict[str, int]
    tls: ssl.SSLContext
    seal: Seal
    relay: RelayBehaviour = field(default_factory=RelayBehaviour)
