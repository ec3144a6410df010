# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An entry in a store, as those use it who are not alone with it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, Keeper
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import ATTEMPTS, pause
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Store


class StoredEntry:
    """See Keeper: an entry by its name in a store, mostly an application's unique name."""

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name = store, name

    def read(self) -> tuple[Entry, str]:
        """See Keeper."""
        held = self.store.read([self.name])[self.name]
        return held.entry, held.revision

    def write(self, entry: Entry, revision: str) -> str:
        """See Keeper."""
        return self.store.write(self.name, entry, revision)


class HeldEntry:
    """The entry as it was read; other hosts and other runs may change it meanwhile.

    :param keeper: where it is.
    :raises StoreError: it cannot be read.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._read()

    def _read(self) -> None:
        self.entry, self._revision = self._keeper.read()

    def change(self, edit: Callable[[Entry], Entry]) -> None:
        """Keep the edited entry; an entry that somebody else has changed meanwhile is read and edited anew.

        :raises StoreError: it cannot be kept, or others change it all the time.
        """
        for attempt in range(1, ATTEMPTS + 1):
            after = edit(self.entry)
            if after == self.entry:
                return
            try:
                self._revision = self._keeper.write(after, self._revision)
            except StoreError as error:
                if error.code != "conflict" or attempt == ATTEMPTS:
                    raise
                time.sleep(pause(attempt))
                self._read()
            else:
                self.entry = after
                return
