# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Token sources for the checks of one run: one for each credential, none with a token that an earlier run asked for.

A token says what was true when it was issued. One from a cache would prove an application that has been deleted,
disabled or robbed of its secrets since: https://learn.microsoft.com/entra/identity-platform/access-tokens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections


class TokenSources:
    """Makes token sources, and gives the same one to all who sign in with the same credential.

    :param clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._connections = Connections()
        self._known: dict[frozenset[tuple[str, Any]], tuple[float, _auth.TokenSource]] = {}

    def source(self, options: Mapping[str, Any], since: float = 0.0) -> _auth.TokenSource:
        """The source for a credential.

        :param options: what ``_auth.token_source`` takes.
        :param since: a moment by the clock, before which no token must have been asked for.
        :raises InputError: if what the source needs is missing or unusable.
        """
        key = frozenset(options.items())
        made, source = self._known.get(key, (0.0, None))
        if source is None or made < since:
            made, source = self.clock(), _auth.token_source(options, self._connections)
            self._known[key] = made, source
        return source
