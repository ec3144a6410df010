"""The values of the seeded secrets: the tenant keeps digests only, but ``m365-sandbox env`` must print them."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from m365_sandbox.state.files import write_private

FILE_NAME = "credentials.json"


@dataclass(frozen=True)
class Credentials:
    """Made once per instance and kept over restarts and resets.

    The secrets belong to the operator's and the reader's application, the probe password to probe@contoso.example, the
    user password to every other person, the relay user to the company's own mail relay, the WinRM password to the
    Windows host's account. The token secret signs Google's access tokens.
    """

    operator_secret: str
    reader_secret: str
    probe_password: str
    user_password: str
    relay_user: str
    relay_password: str
    winrm_password: str
    google_token_secret: str

    @classmethod
    def load_or_create(cls, directory: Path) -> Credentials:
        """Read ``credentials.json`` of the instance's folder, or make it (0600)."""
        path = directory / FILE_NAME
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
        made = cls(
            operator_secret=client_secret(),
            reader_secret=client_secret(),
            probe_password=secrets.token_urlsafe(18),
            user_password=secrets.token_urlsafe(18),
            relay_user="apikey",
            relay_password=secrets.token_urlsafe(32),
            winrm_password=secrets.token_urlsafe(18),
            google_token_secret=secrets.token_urlsafe(48),
        )
        # A folder of an earlier version lacks the secrets that came later.
        credentials = replace(made, **kept)
        if asdict(credentials) != kept:
            write_private(path, json.dumps(asdict(credentials), indent=1).encode())
        return credentials


def client_secret() -> str:
    """A random client secret that looks like Entra's: 40 characters, three of them before ``8Q~``."""
    text = secrets.token_urlsafe(40).replace("-", "~").replace("_", ".")
    return f"{text[:3]}8Q~{text[3:37]}"
