"""What clients asked for: kept so that tests can count requests and see that none was sent twice."""

from __future__ import annotations

from typing import Any

LIMIT = 20_000


class RequestLog:
    """The newest requests of the HTTP faces, oldest first.

    An entry is {time, face, method, path, query, status, app_id, batch, cmdlet, began, ended}: ``time`` as the tenant's
    clock has it, ``status`` null when the connection was cut instead of an answer, ``app_id`` null without a token,
    ``batch`` the requests inside a ``$batch`` as [{method, url, status}], Exchange's with the ``cmdlet`` that each ran,
    ``began`` and ``ended`` in seconds of a clock that nobody turns.
    """

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry; the oldest one goes when there are too many."""
        self._entries.append(entry)
        del self._entries[:-LIMIT]

    def entries(self, face: str | None = None) -> list[dict[str, Any]]:
        """The entries of one face, or all."""
        return [entry for entry in self._entries if face is None or entry["face"] == face]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
