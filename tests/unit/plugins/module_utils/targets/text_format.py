# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A format as tests read best: over texts, where formats take and give bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import formats


class TextFormat:
    """The format of that name."""

    def __init__(self, name: str) -> None:
        self._format = formats.named(name)

    def read(self, text: str, settings: Mapping[str, Any] | None = None) -> Any:
        """What the text says."""
        return self._format.read(text.encode(), settings or {})

    def render(self, text: str, settings: Mapping[str, Any], *, create: bool = False) -> str:
        """The text with the settings."""
        return self._format.render(text.encode(), settings, create=create).decode()

    def changes(self, before: str, after: str, settings: Mapping[str, Any]) -> tuple[str, str]:
        """Both for people to read."""
        return self._format.changes(before.encode(), after.encode(), settings)
