# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A token cache on disk, of one application with one credential.

msal-extensions' own would not do: it overwrites the file in place, fails for good if the file is damaged, and its lock
keeps apart processes that share a file, while here each credential has a file of its own, and the worst that two
processes can do to each other is to ask for a token once more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._private_files import read, write

try:
    from msal import SerializableTokenCache
except ImportError:
    # Reported by who asks for tokens.
    SerializableTokenCache = object

#: What msal reads as a number of seconds.
_NUMBERS = ("_on", "_at")


class FileTokenCache(SerializableTokenCache):  # type: ignore[misc]
    """Begins with what the file holds, and writes each change to it.

    :param path: the file; it need not exist, and what is damaged is dropped.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        text = intact(read(path))
        if text is not None:
            self.deserialize(text)

    def modify(self, credential_type: str, old_entry: Any, new_key_value_pairs: Any = None) -> None:
        """Change an entry, or remove it."""
        super().modify(credential_type, old_entry, new_key_value_pairs)
        write(self._path, self.serialize().encode())


def intact(content: bytes | None) -> str | None:
    """A cache's text if msal can work with it, else None. Pure."""
    try:
        cache = json.loads((content or b"").decode())
    except (ValueError, RecursionError):
        return None
    sections = list(cache.values()) if isinstance(cache, dict) else [None]
    if not all(isinstance(section, dict) and all(map(_is_entry, section.values())) for section in sections):
        return None
    return json.dumps(cache)


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("target", ""), str) and all(
        isinstance(value, str) and value.isdecimal() for name, value in entry.items() if name.endswith(_NUMBERS)
    )
