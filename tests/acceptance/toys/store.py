# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A store that is one JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, fingerprint
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, text
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import (
    Controller,
    Held,
    Surroundings,
    conflict,
)


class Store:
    """The file."""

    OPTIONS: ClassVar[Table] = {"path": Key(text, required=True)}

    def __init__(self, options: Mapping[str, Any], controller: Controller) -> None:
        self._file = Path(options["path"])

    @classmethod
    def of(cls, variables: Mapping[str, Any], surroundings: Surroundings, problems: list[str]) -> dict[str, Any]:
        """See Store."""
        return {"path": variables["mail_store_path"]}

    def prove(self, names: Sequence[str]) -> Mapping[str, StoreError]:
        """See Store."""
        return {}

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        """See Store."""
        entries = self._entries()
        return {
            name: Held(entries[name], fingerprint(entries[name])) if name in entries else Held({}, "") for name in names
        }

    def names(self) -> Sequence[str]:
        """See Store."""
        return list(self._entries())

    def write(self, name: str, entry: Entry, revision: str) -> str:
        """See Store."""
        if self.read([name])[name].revision != revision:
            raise conflict(name)
        self._file.touch(0o600)
        self._file.write_text(json.dumps({**self._entries(), name: entry}))
        return fingerprint(entry)

    def _entries(self) -> dict[str, Entry]:
        found: dict[str, Entry] = json.loads(self._file.read_text() or "{}") if os.path.exists(self._file) else {}
        return found
