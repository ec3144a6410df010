# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Federated credentials: which issuer's tokens an application takes in place of a secret of its own.

https://learn.microsoft.com/graph/api/resources/federatedidentitycredential and
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import (
    PATIENCE_FOR_OTHERS,
    READ,
    WRITE,
    Identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request, quoted
from ansible_collections.mailops.modern_auth.plugins.module_utils._properties import (
    Property,
    as_set,
    as_text,
    changes,
)

PROPERTIES = [
    Property("issuer", api="issuer"),
    Property("subject", api="subject"),
    Property("audiences", api="audiences", spec={"type": "list", "elements": "str"}, compare=as_set),
    Property("description", api="description", compare=as_text),
]
AT_MOST = 20
LONGEST = 600

_AUDIENCE = "api://AzureADTokenExchange"
#: By the name of the cloud, where it is another one.
_AUDIENCES = {
    "us_government": f"{_AUDIENCE}USGov", "us_government_dod": f"{_AUDIENCE}USGov", "china": f"{_AUDIENCE}China",
}


def check(params: Mapping[str, Any]) -> None:
    """Refuse what Entra ID would take and never match, or would refuse in words that do not help. Pure.

    :raises InputError: for a name, issuer, subject or audience that cannot be right.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", params["name"]):
        raise InputError(
            f'name: "{params["name"]}" cannot be the name of a federated credential.',
            remedy="Use 3 to 120 letters, digits, dashes and underscores, a letter or digit first.",
        )
    for option in ("issuer", "subject", "description"):
        value = params[option]
        if value is not None and len(value) > LONGEST:
            raise InputError(f"{option}: {len(value)} characters are too many; {LONGEST} are possible.")
    if params["issuer"] is not None and not _is_issuer(params["issuer"]):
        raise InputError(
            f'issuer: "{params["issuer"]}" is not the https address of an issuer.',
            remedy="Give what its tokens have as iss, to the letter, for example "
            "https://token.actions.githubusercontent.com; a slash at the end makes a difference.",
        )
    subject = params["subject"]
    if subject is not None and (not subject or subject != subject.strip()):
        raise InputError(
            f'subject: "{subject}" is empty, or begins or ends with a space.',
            remedy="Give what the issuer's tokens have as sub, to the letter.",
        )
    audiences = params["audiences"]
    if audiences is not None and len(audiences) != 1:
        raise InputError(
            f"audiences: {len(audiences)} were given, and a federated credential has exactly one.",
            remedy=f"Leave the option out for the usual one, {_AUDIENCE} in the global cloud.",
        )


def named(credentials: Sequence[Entity], name: str) -> Entity | None:
    """The credential of that name, or None. Pure."""
    return next((one for one in credentials if one["name"] == name), None)


def pending(credentials: Sequence[Entity], params: Mapping[str, Any]) -> Entity:
    """What is to be written so that there is the credential that the options describe; nothing if there is. Pure.

    :raises InputError: if an application can have no such credential beside those that it has.
    """
    name, current = params["name"], named(credentials, params["name"])
    wanted = dict(params)
    if current is None:
        for option in ("issuer", "subject"):
            if not params[option]:
                raise InputError(f'{option}: there is no federated credential "{name}" yet, and a new one needs it.')
        wanted["audiences"] = params["audiences"] or [_AUDIENCES.get(params["cloud"], _AUDIENCE)]
    body = changes(PROPERTIES, current or {}, wanted)
    after = {**(current or {}), **body}
    twin = next((one for one in credentials if one["name"] != name and _pair(one) == _pair(after)), None)
    if body and twin is not None:
        raise InputError(
            f'The application takes tokens of this issuer and subject already, by its federated credential '
            f'"{twin["name"]}".',
            remedy=f'Say name: {twin["name"]}, or remove that one first with state: absent; a name cannot be changed.',
        )
    if current is None and len(credentials) >= AT_MOST:
        listed = ", ".join(sorted(one["name"] for one in credentials))
        raise InputError(
            f"The application has {len(credentials)} federated credentials, and {AT_MOST} are possible: {listed}.",
            remedy="Remove one that is not used any more with state: absent.",
        )
    return body


async def read(graph: GraphClient, identity: Identity) -> list[Entity]:
    """The application's federated credentials.

    :raises InputError: if there is no such application.
    """
    request = _list(identity)
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
    )
    if answer.status == 404:
        raise InputError(
            f"There is no application {identity.label} in the tenant.", remedy="Check the identity and tenant_id."
        )
    return await graph.pages(answer)


async def write(graph: GraphClient, identity: Identity, name: str, body: Mapping[str, Any]) -> Entity:
    """Create or change the credential, and wait until a replica shows it so."""
    request = Request(
        "PATCH", _path(identity, name), f'write the federated credential "{name}" of {identity.label}', WRITE,
        body=body, headers={"Prefer": "create-if-missing"},
    )
    (await graph.send(request)).ok()

    def is_written(credential: Entity | None) -> bool:
        return credential is not None and body.items() <= credential.items()

    seen = await graph.wait_until(lambda: _look(graph, identity, name), is_written)
    if seen is None or not is_written(seen):
        raise GraphError(
            f'Microsoft Graph does not show the federated credential "{name}" of {identity.label} as it was written '
            "two minutes ago.", status=0, remedy="Run again.",
        )
    return seen


async def remove(graph: GraphClient, identity: Identity, name: str) -> None:
    """Remove the credential, and wait until a replica shows that it is gone."""
    path = _path(identity, name)
    action = f'remove the federated credential "{name}" of {identity.label}'
    (await graph.send(Request("DELETE", path, action, WRITE))).found()
    if await graph.wait_until(lambda: _look(graph, identity, name), lambda now: now is None) is not None:
        raise GraphError(
            f'Microsoft Graph still shows the federated credential "{name}" of {identity.label} two minutes after its '
            "removal.", status=0, remedy="Run again.",
        )


async def _look(graph: GraphClient, identity: Identity, name: str) -> Entity | None:
    answer = await graph.send(_list(identity))
    # A replica that does not know the application yet knows nothing of its credentials either.
    return None if answer.status == 404 else named(await graph.pages(answer), name)


def _list(identity: Identity) -> Request:
    action = f"read the federated credentials of the application {identity.label}"
    return Request("GET", f"{identity.path}/federatedIdentityCredentials", action, READ)


def _path(identity: Identity, name: str) -> str:
    return f"{identity.path}/federatedIdentityCredentials(name={quoted(name)})"


def _pair(credential: Mapping[str, Any]) -> tuple[Any, Any]:
    return credential.get("issuer"), credential.get("subject")


def _is_issuer(text: str) -> bool:
    address = urlsplit(text)
    is_bare = not (address.query or address.fragment or address.username)
    return address.scheme == "https" and bool(address.hostname) and is_bare and not re.search(r"\s", text)
