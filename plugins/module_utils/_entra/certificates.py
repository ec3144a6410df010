# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Certificates of an application. https://learn.microsoft.com/graph/applications-how-to-add-certificate

They are one property, and a PATCH replaces the whole of it: what is to stay is sent as it was read. Graph offers no way
to make the change depend on what was read, so whatever another program changes in between gets lost.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import managed, registrations
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.app_policy import explained
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.applications import (
    PATIENCE_FOR_OTHERS,
    WRITE,
    Identity,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.key_pairs import (
    Certificate,
    certificate_from_der,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.managed import CERTIFICATE, Registration
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import GraphError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity, Request

#: Graph cuts longer display names, and a cut one would not be known as managed any more.
LONGEST_TITLE = 90

_NOTHING = {"thumbprint": None, "x5t": None, "x5t_s256": None}


def must_fit(name: str) -> None:
    """Refuse a name that is too long for a display name. Pure.

    :raises InputError: if it is.
    """
    longest = LONGEST_TITLE - len(managed.title("", "00000000"))
    if len(name) > longest:
        raise InputError(f"name: {len(name)} characters are too many for a certificate; {longest} are possible.")


def credential_of(certificate: Certificate, name: str) -> Entity:
    """The certificate as Graph takes it: the same for each attempt to register it. Pure."""
    return {
        "keyId": certificate.key_id,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(certificate.der).decode(),
        "displayName": managed.title(name, certificate.sha256.hex()[:8]),
        "startDateTime": certificate.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "endDateTime": certificate.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def registered(registration: Registration, certificate: Certificate | None) -> Entity | None:
    """The credential that holds this very certificate, whoever registered it. Pure."""
    if certificate is None:
        return None
    return next((one for one in registration.credentials if _der(one) == certificate.der), None)


def shown(credential: Entity) -> Entity:
    """A certificate as modules return it. Pure."""
    der = _der(credential)
    return {**managed.shown(credential), **(certificate_from_der(der).thumbprints if der else _NOTHING)}


async def read(
    graph: GraphClient, identity: Identity, expected: Collection[str | None], in_use: Certificate | None
) -> Registration:
    """Read the application's certificates.

    :param expected: key ids that should be there.
    :param in_use: a certificate that should be there.
    :raises InputError: if there is no such application.
    """
    def is_complete(seen: Registration) -> bool:
        return all(key_id is None or seen.find(key_id) is not None for key_id in expected) and (
            in_use is None or registered(seen, in_use) is not None
        )

    return await registrations.read(graph, identity, CERTIFICATE, is_complete)


async def complete(
    graph: GraphClient, identity: Identity, registration: Registration, known: Collection[str] | None
) -> Registration:
    """The registration with every certificate that the caller knows of, if the replica shows them in time.

    One that it does not know yet would get lost by a change that is made of what it knows.
    """
    if all(registration.find(key_id) for key_id in known or ()):
        return registration
    return await read(graph, identity, known or (), None)


async def register(
    graph: GraphClient, registration: Registration, credential: Entity, stale: Sequence[Entity]
) -> None:
    """Add a certificate, and take out those of which nobody has the private key.

    :raises GraphError: among others if the app management policy does not allow it.
    """
    kept = _without(registration, [credential, *stale])
    await _replace(graph, registration, [*kept, credential], f"add a certificate to {registration.label}")


async def remove(graph: GraphClient, registration: Registration, credential: Entity) -> None:
    """Remove a certificate, and wait until a replica shows that it is gone."""
    action = f"remove the certificate {credential['keyId']} from {registration.label}"
    await _replace(graph, registration, _without(registration, [credential]), action)
    await settled(graph, registration, credential["keyId"], is_there=False)


async def settled(graph: GraphClient, registration: Registration, key_id: str, *, is_there: bool) -> None:
    """Wait until a replica shows that a certificate was added or removed.

    :raises GraphError: if none does within two minutes.
    """
    seen = await graph.wait_until(
        lambda: registrations.look(graph, registration), lambda now: (now.find(key_id) is not None) is is_there
    )
    if (seen.find(key_id) is not None) is not is_there:
        raise GraphError(
            f"Microsoft Graph {'does not show' if is_there else 'still shows'} the certificate {key_id} of "
            f"{registration.label} two minutes after the change.", status=0, remedy="Run again.",
        )


async def _replace(graph: GraphClient, registration: Registration, credentials: list[Entity], action: str) -> None:
    request = Request("PATCH", registration.path, action, WRITE, body={CERTIFICATE.api: credentials})
    answer = await graph.wait_until(
        lambda: graph.send(request), lambda seen: seen.status != 404, PATIENCE_FOR_OTHERS
    )
    try:
        answer.ok()
    except GraphError as error:
        raise explained(error, CERTIFICATE) from error


def _without(registration: Registration, credentials: Sequence[Entity]) -> list[Entity]:
    gone = {one["keyId"].lower() for one in credentials}
    return [one for one in registration.credentials if one["keyId"].lower() not in gone]


def _der(credential: Entity) -> bytes | None:
    key = credential.get("key")
    return base64.b64decode(key) if key else None
