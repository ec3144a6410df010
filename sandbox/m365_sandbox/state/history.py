"""Versioned collections: the mechanism behind restartable state and behind replication lag.

Entra ID answers reads from replicas that trail the writes. A collection therefore remembers when each version of an
object was written, so that a read can be answered as of a moment in the past.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

Entity = dict[str, Any]
RETENTION_SECONDS = 900.0
# Before every moment that a replica can be behind; the clock may have started with the machine, minutes ago.
ALWAYS = float("-inf")


class Collection:
    """Objects by id, each with the versions it had during the last quarter of an hour.

    A version is kept as JSON text, and ``get`` and ``values`` read it anew: an object changes through ``put`` and
    ``delete`` only, or a replica would see a change before it was written. A deep copy takes three times as long.
    """

    def __init__(self, entities: dict[str, Entity] | None = None) -> None:
        self._versions: dict[str, list[tuple[float, str | None]]] = {
            key: [(ALWAYS, json.dumps(entity))] for key, entity in (entities or {}).items()
        }

    def put(self, key: str, entity: Entity) -> None:
        """Write a new version of the object ``key``."""
        self._write(key, json.dumps(entity))

    def delete(self, key: str) -> None:
        """Write the absence of the object ``key``; a KeyError if it is not there."""
        if key not in self:
            raise KeyError(key)
        self._write(key, None)

    def get(self, key: str, lag: float = 0.0) -> Entity | None:
        """The object ``key`` as it was ``lag`` seconds ago, or None if it was not there."""
        text = self._text(key, lag)
        return None if text is None else json.loads(text)

    def values(self, lag: float = 0.0) -> list[Entity]:
        """Every object as of ``lag`` seconds ago, in the order of their creation."""
        return list(self.dump(lag).values())

    def __iter__(self) -> Iterator[str]:
        return (key for key in list(self._versions) if key in self)

    def __contains__(self, key: str) -> bool:
        return self._text(key) is not None

    def dump(self, lag: float = 0.0) -> dict[str, Entity]:
        """Every object by id as of ``lag`` seconds ago, as JSON can hold it."""
        return {key: entity for key in list(self._versions) if (entity := self.get(key, lag)) is not None}

    def _text(self, key: str, lag: float = 0.0) -> str | None:
        moment = time.monotonic() - lag
        for written, text in reversed(self._versions.get(key, [])):
            if written <= moment:
                return text
        return None

    def _write(self, key: str, text: str | None) -> None:
        now = time.monotonic()
        versions = self._versions.setdefault(key, [])
        versions.append((now, text))
        while len(versions) > 1 and versions[1][0] < now - RETENTION_SECONDS:
            versions.pop(0)
        if versions == [(versions[0][0], None)]:
            del self._versions[key]
