# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Client secrets that this collection manages. https://learn.microsoft.com/graph/api/application-addpassword

A secret's value exists once, in the answer to addPassword. A managed secret is called ``mailops.modern_auth: NAME
(marker)``. The marker is new for each attempt to make one: after an answer that got lost it tells which secret, if any,
nobody knows the value of.
"""

from __future__ import annotations

import re
import secrets as dice
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import (
    PATIENCE_FOR_OTHERS,
    READ,
    WRITE,
    Identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.permissions import same_id
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    GraphError,
    InputError,
    ModernAuthError,
    UnknownOutcomeError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Entity, Request
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import pause

OWNER = "mailops.modern_auth: "
#: How often a secret is made anew after an answer that got lost.
ATTEMPTS = 5

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True)
class Registration:
    """What one read of an application tells about its secrets.

    :param path: addresses the application by its object id.
    :param moment: the tenant's time, which decides what has expired.
    """

    path: str
    label: str
    credentials: Sequence[Entity]
    moment: datetime

    def find(self, key_id: str | None) -> Entity | None:
        """The secret with the id, or None."""
        return next((one for one in self.credentials if key_id and same_id(one["keyId"], key_id)), None)

    def managed(self, name: str) -> list[Entity]:
        """The managed secrets of that name."""
        return [one for one in self.credentials if is_managed(one, name)]


@dataclass(frozen=True)
class Made:
    """A secret that was just made.

    :param credential: what Graph answered, ``secretText`` included.
    :param warnings: what could not be cleaned up.
    """

    credential: Entity
    warnings: Sequence[str]


def duration(option: str, text: str) -> timedelta:
    """A length of time: a number and h, d or w, for hours, days or weeks. Pure.

    :raises InputError: if it is none, or is not positive.
    """
    match = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f'{option}: "{text}" is not a length of time.', remedy="Write for example 180d, 24h or 26w.")
    return int(match[1]) * _UNITS[match[2]]


def is_managed(credential: Mapping[str, Any], name: str | None = None) -> bool:
    """Whether this collection made the secret, under the given name if there is one. Pure."""
    title = credential.get("displayName") or ""
    pattern = ".+" if name is None else re.escape(name) + r" \([0-9a-f]{8}\)"
    return re.fullmatch(re.escape(OWNER) + pattern, title) is not None


def managed_name(credential: Mapping[str, Any]) -> str | None:
    """The name under which this collection made the credential; None if it did not. Pure."""
    if not is_managed(credential):
        return None
    return re.sub(r" \([0-9a-f]{8}\)\Z", "", credential["displayName"].removeprefix(OWNER))


def shown(credential: Mapping[str, Any]) -> Entity:
    """A secret as modules return it and show it in a diff, without its value and the first letters of it. Pure."""
    return {
        "key_id": credential.get("keyId"),
        "display_name": credential.get("displayName"),
        "start_date_time": credential.get("startDateTime"),
        "end_date_time": credential.get("endDateTime"),
    }


def is_due(credential: Mapping[str, Any], moment: datetime, renew_within: timedelta) -> bool:
    """Whether the secret has no more than ``renew_within`` left. Pure."""
    return datetime.fromisoformat(credential["endDateTime"]) - moment <= renew_within


def orphans(
    registration: Registration, name: str, key_id: str | None, known: Collection[str] | None
) -> list[Entity]:
    """The managed secrets of the name that no store holds, so that nobody knows their value. Pure.

    :param known: the ids that the stores hold; None if that is not known, so that none counts as an orphan.
    """
    if known is None:
        return []
    held = {one.lower() for one in (*known, *([key_id] if key_id else []))}
    return [one for one in registration.managed(name) if one["keyId"].lower() not in held]


def unknown_values(registration: Registration, name: str) -> InputError:
    """The refusal to add a secret beside managed ones that the caller seems to know nothing of. Pure."""
    listed = ", ".join(one["keyId"] for one in registration.managed(name))
    return InputError(
        f'{registration.label} has managed client secrets named "{name}" ({listed}), whose values cannot be read.',
        remedy="Give the key_id of the one whose value you hold; or known_key_ids: [] if you hold none, to get a new "
        "one and have these removed.",
    )


def must_be_managed(registration: Registration, credential: Mapping[str, Any]) -> None:
    """Refuse to remove a secret that somebody else made. Pure.

    :raises InputError: if this collection did not make it.
    """
    if not is_managed(credential):
        raise InputError(
            f"The client secret {credential['keyId']} of {registration.label} is named "
            f'"{credential.get("displayName")}": this collection did not make it, and does not remove it.',
            remedy="Remove it where it was made, or in the Entra portal.",
        )


async def read(graph: GraphClient, identity: Identity, key_id: str | None = None) -> Registration:
    """Read the application's secrets.

    :param key_id: a secret that should be there. If it is not, the replica is given time: making a second secret since
        a first one was not seen yet would be worse than waiting.
    :raises InputError: if there is no such application.
    """
    request = _get(identity.path or "", identity.label)

    def is_complete(answer: Answer) -> bool:
        entity = answer.found()
        return entity is not None and (key_id is None or _registration(answer, identity.label).find(key_id) is not None)

    answer = await graph.wait_until(lambda: graph.send(request), is_complete, PATIENCE_FOR_OTHERS)
    if answer.status == 404:
        raise InputError(
            f"There is no application {identity.label} in the tenant.", remedy="Check the identity and tenant_id."
        )
    return _registration(answer, identity.label)


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
        title = f"{OWNER}{name} ({dice.token_hex(4)})"
        try:
            credential = await _add(graph, registration, title, end)
        except UnknownOutcomeError:
            lost.append(title)
            if attempt == ATTEMPTS:
                await _clean_up(graph, await _look(graph, registration), lost, stale=())
                raise
            await graph.rest(pause(attempt))
        else:
            return await _finish(graph, registration, credential, lost, stale)
    raise AssertionError("unreachable: the last attempt returns or raises")


async def remove(graph: GraphClient, registration: Registration, credential: Mapping[str, Any]) -> None:
    """Remove a secret, and wait until a replica shows that it is gone."""
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
        return await _look(graph, registration)

    seen = await graph.wait_until(attempt, lambda now: now.find(key_id) is None)
    if seen.find(key_id) is not None:
        raise GraphError(
            f"Microsoft Graph still shows the client secret {key_id} of {registration.label} two minutes after its "
            "removal.", status=0, remedy="Run again.",
        )


async def _add(graph: GraphClient, registration: Registration, title: str, end: datetime) -> Entity:
    request = Request(
        "POST", f"{registration.path}/addPassword", f"add a client secret to {registration.label}", WRITE,
        body={"passwordCredential": {"displayName": title, "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}},
    )
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
    )
    return answer.entity()


async def _finish(
    graph: GraphClient, registration: Registration, credential: Entity, lost: Sequence[str], stale: Sequence[Entity]
) -> Made:
    try:
        seen = await graph.wait_until(
            lambda: _look(graph, registration), lambda now: now.find(credential["keyId"]) is not None
        )
    except ModernAuthError as error:
        return Made(credential, [f"The new client secret could not be read back: {error.message}"])
    # A replica that shows this secret shows every earlier one too, for all are parts of one object.
    if seen.find(credential["keyId"]) is None:
        return Made(credential, ["The new client secret cannot be seen yet."])
    return Made(credential, await _clean_up(graph, seen, lost, stale))


async def _clean_up(
    graph: GraphClient, registration: Registration, lost: Sequence[str], stale: Sequence[Entity]
) -> list[str]:
    """Remove secrets whose value is not known; what fails is told, for the next run to finish."""
    warnings = []
    ids = {one["keyId"] for one in stale}
    try:
        for one in registration.credentials:
            if one.get("displayName") in lost or one["keyId"] in ids:
                await remove(graph, registration, one)
    except ModernAuthError as error:
        warnings.append(f"A client secret whose value is not known could not be removed: {error.message}")
    return warnings


async def _look(graph: GraphClient, registration: Registration) -> Registration:
    answer = await graph.send(_get(registration.path, registration.label))
    if answer.status == 404:
        return registration
    return _registration(answer, registration.label)


def _registration(answer: Answer, label: str) -> Registration:
    entity = answer.entity()
    name = f'"{entity["displayName"]}"' if entity.get("displayName") else label
    return Registration(
        f"/applications/{entity['id']}", name, entity.get("passwordCredentials") or [], answer.moment
    )


def _get(path: str, label: str) -> Request:
    return Request(
        "GET", f"{path}?$select=id,displayName,passwordCredentials",
        f"read the client secrets of the application {label}", READ,
    )
