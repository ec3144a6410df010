# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application's entry in a store, as the steps that run on many hosts at once use it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import ATTEMPTS, pause
from ansible_collections.mailops.modern_auth.plugins.plugin_utils.stores import Store


class HeldEntry:
    """The entry as it was read; other hosts and other runs may change it meanwhile.

    :param store: where it is.
    :param name: the application's unique name.
    :raises StoreError: it cannot be read.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self.name = name
        self._read()

    def _read(self) -> None:
        held = self._store.read([self.name])[self.name]
        self.entry: Entry = held.entry
        self._revision = held.revision

    def change(self, edit: Callable[[Entry], Entry]) -> None:
        """Keep the edited entry; an entry that somebody else has changed meanwhile is read and edited anew.

        :raises StoreError: it cannot be kept, or others change it all the time.
        """
        for attempt in range(1, ATTEMPTS + 1):
            after = edit(self.entry)
            if after == self.entry:
                return
            try:
                self._revision = self._store.write(self.name, after, self._revision)
            except StoreError as error:
                if error.code != "conflict" or attempt == ATTEMPTS:
                    raise
                time.sleep(pause(attempt))
                self._read()
            else:
                self.entry = after
                return
