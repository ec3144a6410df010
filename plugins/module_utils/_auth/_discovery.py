# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The metadata documents of tenants: https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._private_files import read, write

#: The metadata of a tenant hardly ever changes; msal keeps it in memory for the same time.
SECONDS = 24 * 3600
#: What msal asks of a document.
_NEEDED = ("authorization_endpoint", "token_endpoint", "issuer")


class Discovery:
    """Keeps documents in memory, and for a day in a folder.

    :param folder: None for memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, bytes] = {}

    def get(self, url: str) -> bytes | None:
        """The document; None if it is not kept, or damaged."""
        content = self._known.get(url)
        if content is None and self._folder:
            content = read(self._path(self._folder, url), SECONDS)
        return content if content is not None and _is_document(content) else None

    def keep(self, url: str, content: bytes) -> None:
        """Keep a document."""
        self._known[url] = content
        if self._folder:
            write(self._path(self._folder, url), content)

    @staticmethod
    def _path(folder: Path, url: str) -> Path:
        return folder / f"discovery-{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"


def _is_document(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and all(isinstance(document.get(name), str) for name in _NEEDED)
