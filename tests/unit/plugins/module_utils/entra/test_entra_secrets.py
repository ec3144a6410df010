# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A client secret is gone when a replica says so that has heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import secrets
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import SECRET, Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request

T = TypeVar("T")
REGISTRATION = Registration(SECRET, "/applications/1", '"Mail"', [], datetime(2026, 6, 1, tzinfo=UTC), None)


class Replicas:
    """Graph, each of whose requests meets the next replica; the last one has heard of everything.

    :param behind: the secrets that each of the others has.
    """

    def __init__(self, present: Sequence[str], *behind: Sequence[str]) -> None:
        self.present = list(present)
        self._behind = [list(one) for one in behind]

    async def send(self, request: Request) -> Answer:
        seen = self._behind.pop(0) if self._behind else self.present
        if request.method == "GET":
            found = {"id": "1", "displayName": "Mail", "passwordCredentials": [{"keyId": one} for one in seen]}
            return Answer(request, 200, body=found)
        key_id = cast(dict[str, Any], request.body)["keyId"]
        if key_id not in seen:
            return Answer(request, 400, body={"error": {
                "code": "Request_BadRequest", "message": f"No password credential found with keyId '{key_id}'.",
            }})
        self.present.remove(key_id)
        return Answer(request, 204)

    async def wait_until(self, attempt: Callable[[], Awaitable[T]], done: Callable[[T], bool]) -> T:
        for _attempt in range(5):
            result = await attempt()
            if done(result):
                break
        return result


def removed(replicas: Replicas, later: str | None = None) -> list[str]:
    """What is left once the secret "lost" was removed."""
    asyncio.run(secrets.remove(cast(GraphClient, replicas), REGISTRATION, {"keyId": "lost"}, later))
    return replicas.present


def test_a_replica_that_has_heard_of_neither_secret_tells_nothing() -> None:
    assert removed(Replicas(["old", "lost", "new"], ["old"], ["old"], ["old"], ["old"]), "new") == ["old", "new"]


def test_one_that_somebody_has_removed_already_is_gone() -> None:
    assert removed(Replicas(["old", "new"]), "new") == ["old", "new"]
    assert removed(Replicas(["old"])) == ["old"]


def test_one_that_stays_is_told() -> None:
    class Stubborn(Replicas):
        async def send(self, request: Request) -> Answer:
            return await super().send(request) if request.method == "GET" else Answer(request, 204)

    with pytest.raises(GraphError, match='does not show that the client secret lost of "Mail" is gone'):
        removed(Stubborn(["lost"]))
