"""How many calls of one application the mailbox servers run at a time."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator


class TooManyCalls(Exception):
    """The application has as many calls under way as it may have."""


class Concurrency:
    """Counts calls by application. For one event loop.

    :param limit: calls at a time; Outlook allows 4 per application over all mailboxes together [LIM].
    """

    def __init__(self, limit: int = 4) -> None:
        self._limit = limit
        self._running: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def call(self, app_id: str) -> Iterator[None]:
        """Count a call while it runs; TooManyCalls if it would be one too many."""
        if self._running[app_id] >= self._limit:
            raise TooManyCalls(app_id)
        self._running[app_id] += 1
        try:
            yield
        finally:
            self._running[app_id] -= 1
