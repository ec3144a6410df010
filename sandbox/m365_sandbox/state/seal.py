"""Content that a client keeps for the service and cannot read or change: refresh tokens, cookies, hidden fields.

Entra's are encrypted blobs, too. So nothing is stored for them, and they outlive a restart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from m365_sandbox.state.files import write_private

SEAL_FILE = "seal.key"


class BrokenSeal(Exception):
    """A text that this instance did not seal, or not for this purpose."""


class Seal:
    """Encrypts and authenticates with a key of the instance's own.

    :param key: a Fernet key.
    """

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def load_or_create(cls, path: Path) -> Seal:
        """Read the key from its file, or make both (0600)."""
        if not path.exists():
            write_private(path, Fernet.generate_key())
        return cls(path.read_bytes())

    def seal(self, purpose: str, content: dict[str, Any]) -> str:
        """The content, which JSON can hold, as text of base64url's characters."""
        return self._fernet.encrypt(json.dumps([purpose, content]).encode()).decode().rstrip("=")

    def open(self, purpose: str, text: str) -> dict[str, Any]:
        """What was sealed for the purpose.

        :raises BrokenSeal: for every other text.
        """
        try:
            found, content = json.loads(self._fernet.decrypt(text + "=" * (-len(text) % 4)))
        except (InvalidToken, ValueError) as error:
            raise BrokenSeal from error
        if found != purpose:
            raise BrokenSeal
        return dict(content)
