# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What applications sign in with and until when: client secrets and certificates, of many applications at once.

https://learn.microsoft.com/graph/api/resources/application. Federated credentials are left out, for they never end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import READ, Identity
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import managed_name
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import GUID
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request, quoted

SELECT = "id,appId,displayName,uniqueName,passwordCredentials,keyCredentials"
ACTION = "read the credentials of applications"
#: The largest page of a collection of directory objects.
PAGE = 999
KINDS = {"secret": "passwordCredentials", "certificate": "keyCredentials"}


@dataclass(frozen=True)
class Reading:
    """What the tenant has.

    :param applications: as Graph shows them, in the order asked for.
    :param not_found: the application ids that no application has.
    :param moment: the tenant's time, which decides what has expired; None if nothing was asked for.
    """

    applications: Sequence[Entity]
    not_found: Sequence[str]
    moment: datetime | None


async def read(graph: GraphClient, app_ids: Sequence[str]) -> Reading:
    """The applications with the ids, in one request for each twenty of them.

    :raises InputError: if an id is none.
    """
    for index, app_id in enumerate(app_ids):
        if not GUID.fullmatch(app_id):
            raise InputError(
                f'app_ids[{index}]: "{app_id}" is no application id.',
                remedy="Give the application (client) id, a GUID.",
            )
    wanted = list(dict.fromkeys(app_id.lower() for app_id in app_ids))
    answers = await graph.batch([
        Request("GET", f"{Identity(app_id=app_id).path}?$select={SELECT}", ACTION, READ) for app_id in wanted
    ])
    found = [answer.found() for answer in answers]
    return Reading(
        [entity for entity in found if entity is not None],
        [app_id for app_id, entity in zip(wanted, found, strict=True) if entity is None],
        max((answer.moment for answer in answers), default=None),
    )


async def read_all(graph: GraphClient) -> Reading:
    """Every application that the caller can read."""
    first = await graph.send(Request("GET", f"/applications?$select={SELECT}&$top={PAGE}", ACTION, READ))
    return Reading(await graph.pages(first), [], first.moment)


async def enabled(graph: GraphClient, app_ids: Sequence[str]) -> dict[str, bool | None]:
    """Whether somebody can sign in as each application: by its id in lower case; None without a service principal.

    https://learn.microsoft.com/graph/api/resources/serviceprincipal, accountEnabled.
    """
    wanted = list(dict.fromkeys(app_id.lower() for app_id in app_ids))
    answers = await graph.batch([
        Request(
            "GET", f"/servicePrincipals(appId={quoted(app_id)})?$select=id,accountEnabled",
            "read the service principals of applications", READ,
        ) for app_id in wanted
    ])
    found = [answer.found() for answer in answers]
    return {
        app_id: None if entity is None else bool(entity["accountEnabled"])
        for app_id, entity in zip(wanted, found, strict=True)
    }


def shown(application: Mapping[str, Any], moment: datetime, due_within: timedelta) -> Entity:
    """An application and its credentials as modules return them, the one that ends first in front. Pure.

    Of secrets and certificates only what says which they are and when they end.

    :param due_within: how long before its end a credential counts as due.
    """
    credentials = [
        _credential(kind, one, moment, due_within)
        for kind, name in KINDS.items() for one in application.get(name) or []
    ]
    return {
        "object_id": application["id"],
        "app_id": application["appId"],
        "unique_name": application.get("uniqueName"),
        "display_name": application.get("displayName"),
        "credentials": sorted(credentials, key=lambda one: datetime.fromisoformat(one["end"])),
    }


def told(reading: Reading, due_within: timedelta) -> Entity:
    """What was read as the module mail_credentials_info returns it. Pure.

    :param due_within: how long before its end a credential counts as due.
    """
    moment = reading.moment
    return {
        "changed": False,
        "moment": None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "applications": [shown(one, moment, due_within) for one in reading.applications if moment is not None],
        "not_found": list(reading.not_found),
    }


def judged(end: str, moment: datetime, due_within: timedelta) -> Entity:
    """A credential's end, the days until then, and what that means: ok, due or expired. Pure."""
    left = datetime.fromisoformat(end) - moment
    return {
        "end": end,
        # Rounded down, so that a credential that expired an hour ago does not have 0 days left.
        "days_left": left // timedelta(days=1),
        "status": "expired" if left <= timedelta() else "due" if left <= due_within else "ok",
    }


def _credential(kind: str, credential: Mapping[str, Any], moment: datetime, due_within: timedelta) -> Entity:
    name = managed_name(credential)
    return {
        "key_id": credential["keyId"],
        "kind": kind,
        "display_name": credential.get("displayName"),
        "managed": name is not None,
        "name": name,
        "start": credential.get("startDateTime"),
        **judged(credential["endDateTime"], moment, due_within),
    }
