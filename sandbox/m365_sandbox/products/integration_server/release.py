"""What a version of the server has. Sources: its readme files of Core Fixes, and the Administrator API of 10.15."""

from __future__ import annotations

from dataclasses import dataclass

VERSIONS = ("10.3", "10.5", "10.7", "10.11", "10.15")
# The fix of which PIE-66302 is a part: OAuth for e-mail ports and pub.client:smtp, and getExternalAccessToken.
_OAUTH_FIX = {"10.3": 14, "10.5": 7}


@dataclass(frozen=True)
class Release:
    """A version, and the Core Fix that is installed on it (0 for none)."""

    version: str
    core_fix: int = 0

    @property
    def full_version(self) -> str:
        """As the server says it."""
        return f"{self.version}.0.0"

    @property
    def has_oauth(self) -> bool:
        """For e-mail ports and services."""
        return self.core_fix >= _OAUTH_FIX.get(self.version, 0)

    @property
    def has_oauth_for_notifications(self) -> bool:
        """For the SMTP server of notifications."""
        return self.version == "10.15"

    @property
    def shows_stack_traces(self) -> bool:
        """Whether errors have one unless watt.adminapi.returnExceptions says otherwise; its default has changed."""
        return self.version in ("10.3", "10.5")
