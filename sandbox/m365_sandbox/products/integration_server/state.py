"""What the server keeps over a restart: one file (0600) in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from m365_sandbox.state.files import write_private

Values = dict[str, Any]


class State:
    """``ports`` by alias, the ``notification`` settings, ``refresh_tokens`` by who uses them, and the ``mails`` that
    ports have taken, each with the service that it was given to."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        kept: Values = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}
        self.ports: dict[str, Values] = kept.get("ports", {})
        self.notification: Values = kept.get("notification", {})
        self.refresh_tokens: dict[str, str] = kept.get("refresh_tokens", {})
        self.mails: list[dict[str, str]] = kept.get("mails", [])

    def save(self) -> None:
        """Write all of it."""
        content = {
            "ports": self.ports, "notification": self.notification, "refresh_tokens": self.refresh_tokens,
            "mails": self.mails,
        }
        write_private(self._path, json.dumps(content, indent=1).encode())
