"""The token that the control face asks for: whoever may read the instance's folder may command it."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from m365_sandbox.state.files import write_private

TOKEN_FILE = "control-token"


def load_or_create_token(directory: Path) -> str:
    """The token in the instance's folder, made (0600) at the first start."""
    path = directory / TOKEN_FILE
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return read_token(directory)


def read_token(directory: Path) -> str:
    """The token of an instance that was started once."""
    return (directory / TOKEN_FILE).read_text("ascii").strip()


def inbox_token(directory: Path) -> str:
    """What the inbox's pages ask for. It commands nothing, since browsers keep addresses."""
    return hmac.new(read_token(directory).encode(), b"inbox", "sha256").hexdigest()
