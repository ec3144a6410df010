# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Client secrets that this collection manages. https://learn.microsoft.com/graph/api/application-addpassword

A secret's value exists once, in the answer to addPassword. The marker in its display name is new for each attempt to
make one: after an answer that got lost it tells which secret, if any, nobody knows the value of.
"""

from __future__ import annotations

import secrets as dice
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import registrations
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.app_policy import explained
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import (
    PATIENCE_FOR_OTHERS,
    WRITE,
    Identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import SECRET, Registration, title
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    GraphError,
    ModernAuthError,
    UnknownOutcomeError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import pause

#: How often a secret is made anew after an answer that got lost.
ATTEMPTS = 5


@dataclass(frozen=True)
class Made:
    """A secret that was just made.

    :param credential: what Graph answered, ``secretText`` included.
    :param warnings: what could not be cleaned up.
    """

    credential: Entity
    warnings: Sequence[str]


async def read(graph: GraphClient, identity: Identity, key_id: str | None = None) -> Registration:
    """Read the application's secrets.

    :param key_id: a secret that should be there.
    :raises InputError: if there is no such application.
    """
    return await registrations.read(
        graph, identity, SECRET, lambda seen: key_id is None or seen.find(key_id) is not None
    )


async def make(
    graph: GraphClient, registration: Registration, name: str, lifetime: timedelta, stale: Sequence[Entity]
) -> Made:
    """Make a managed secret, then remove what nobody knows the value of.

    From the moment that the secret exists nothing is raised any more, since its value would be lost.

    :param stale: orphans of earlier runs, to be removed once there is a new secret.
    """
    lost: list[str] = []
    end = registration.moment + lifetime
    for attempt in range(1, ATTEMPTS + 1):
        wanted = title(name, dice.token_hex(4))
        try:
            credential = await _add(graph, registration, wanted, end)
        except UnknownOutcomeError:
            lost.append(wanted)
            if attempt == ATTEMPTS:
                await _clean_up(graph, await registrations.look(graph, registration), lost, (), None)
                raise
            await graph.rest(pause(attempt))
        else:
            return await _finish(graph, registration, credential, lost, stale)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def remove(
    graph: GraphClient, registration: Registration, credential: Mapping[str, Any], later: str | None = None
) -> None:
    """Remove a secret, and wait until a replica shows that it is gone.

    :param later: the id of a secret that was made after it, if one is known. A replica that shows neither has heard of
        neither, and tells nothing.
    """
    key_id = credential["keyId"]
    request = Request(
        "POST", f"{registration.path}/removePassword",
        f"remove the client secret {key_id} from {registration.label}", WRITE, body={"keyId": key_id}, repeatable=True,
    )

    async def attempt() -> Registration:
        answer = await graph.send(request)
        # The same words mean that it is gone and that this replica has not heard of it yet; the read tells which.
        if answer.status != 404 and "No password credential found" not in str(answer.body):
            answer.ok()
        return await registrations.look(graph, registration)

    def is_gone(seen: Registration) -> bool:
        return seen.find(key_id) is None and (later is None or seen.find(later) is not None)

    if not is_gone(await graph.wait_until(attempt, is_gone)):
        raise GraphError(
            f"Microsoft Graph does not show that the client secret {key_id} of {registration.label} is gone, two "
            "minutes after its removal.", status=0, remedy="Run again.",
        )


async def _add(graph: GraphClient, registration: Registration, display_name: str, end: datetime) -> Entity:
    request = Request(
        "POST", f"{registration.path}/addPassword", f"add a client secret to {registration.label}", WRITE,
        body={"passwordCredential": {"displayName": display_name, "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}},
    )
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
    )
    try:
        return answer.entity()
    except GraphError as error:
        raise explained(error, SECRET) from error


async def _finish(
    graph: GraphClient, registration: Registration, credential: Entity, lost: Sequence[str], stale: Sequence[Entity]
) -> Made:
    try:
        seen = await graph.wait_until(
            lambda: registrations.look(graph, registration), lambda now: now.find(credential["keyId"]) is not None
        )
    except ModernAuthError as error:
        return Made(credential, [f"The new client secret could not be read back: {error.message}"])
    # A replica that shows this secret shows every earlier one too, for all are parts of one object.
    if seen.find(credential["keyId"]) is None:
        return Made(credential, ["The new client secret cannot be seen yet."])
    return Made(credential, await _clean_up(graph, seen, lost, stale, credential["keyId"]))


async def _clean_up(
    graph: GraphClient, registration: Registration, lost: Sequence[str], stale: Sequence[Entity], later: str | None
) -> list[str]:
    """Remove secrets whose value is not known; what fails is told, for the next run to finish.

    :param later: the id of the secret that was made after them.
    """
    warnings = []
    ids = {one["keyId"] for one in stale}
    try:
        for one in registration.credentials:
            if one.get("displayName") in lost or one["keyId"] in ids:
                await remove(graph, registration, one, later)
    except ModernAuthError as error:
        warnings.append(f"A client secret whose value is not known could not be removed: {error.message}")
    return warnings
