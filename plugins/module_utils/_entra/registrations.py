# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application's credentials of one kind, read. https://learn.microsoft.com/graph/api/application-get"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import (
    PATIENCE_FOR_OTHERS,
    READ,
    Identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import Kind, Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request


async def read(
    graph: GraphClient, identity: Identity, kind: Kind, is_complete: Callable[[Registration], bool]
) -> Registration:
    """Read the application's credentials.

    :param is_complete: whether the credential that should be there is. If it is not, the replica is given time: making
        a second one since a first one was not seen yet would be worse than waiting.
    :raises InputError: if there is no such application.
    """
    request = _get(identity.path or "", identity.label, kind)

    def is_done(answer: Answer) -> bool:
        return answer.found() is not None and is_complete(of(answer.entity(), answer.moment, kind))

    answer = await graph.wait_until(lambda: graph.send(request), is_done, PATIENCE_FOR_OTHERS)
    if answer.status == 404:
        raise InputError(
            f"There is no application {identity.label} in the tenant.", remedy="Check the identity and tenant_id."
        )
    return of(answer.entity(), answer.moment, kind)


async def look(graph: GraphClient, registration: Registration) -> Registration:
    """Read them once more; a replica that does not know the application yet leaves things as they are."""
    answer = await graph.send(_get(registration.path, registration.label, registration.kind))
    if answer.status == 404:
        return replace(registration, moment=answer.moment)
    return of(answer.entity(), answer.moment, registration.kind)


def of(entity: Entity, moment: datetime, kind: Kind) -> Registration:
    """What an application that was read tells about its credentials of a kind. Pure.

    :param moment: the tenant's time when it was read.
    """
    created = entity.get("createdDateTime")
    return Registration(
        kind, f"/applications/{entity['id']}", f'"{entity.get("displayName") or entity["id"]}"',
        entity.get(kind.api) or [], moment, datetime.fromisoformat(created) if created else None,
    )


def _get(path: str, label: str, kind: Kind) -> Request:
    return Request(
        "GET", f"{path}?$select=id,displayName,createdDateTime,{kind.api}",
        f"read the {kind.noun}s of the application {label}", READ,
    )
