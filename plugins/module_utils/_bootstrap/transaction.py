# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The caller, or the reader, made true as a transaction: registered, allowed what it needs, able to sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap import sign_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import Party
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.sign_in import Parts
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import (
    admin_consent,
    application,
    applications,
    directory_role,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.directory_role import EXCHANGE_ADMINISTRATOR
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Entity
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done


async def present(
    graph: GraphClient, party: Party, permissions: Sequence[Mapping[str, Any]], *, administers_exchange: bool,
    cloud: str, check_mode: bool,
) -> Verdict:
    """Make a party what the plan needs of it, and no more: what it was granted besides is revoked.

    A managed identity may serve others, hence keeps what else it was granted.

    :param permissions: as the module entra_application takes them.
    :param cloud: its name, which decides the audience of foreign tokens.
    :returns: with ``client_id``, None while check mode has not registered it, ``ends``, when its credential does, and
        ``diff``.
    :raises ModernAuthError: it could not be done; the next run goes on from what was.
    """
    parts: Parts = {}
    entity, resources = None, None
    client_id = party.managed_identity
    if client_id is None:
        registered = await application.present(graph, _registration(party, permissions), check_mode)
        parts["application"], entity, resources = registered.result, registered.entity, registered.resources
        client_id = registered.result["application"]["app_id"]
        if client_id is None:
            return _summed(party, parts, check_mode, client_id=None, ends=None)
    consented = await admin_consent.settle(graph, {
        "app_id": client_id, "permissions": permissions, "purge": entity is not None, "state": "present",
    }, check_mode, application=entity, known=resources)
    parts["consent"] = consented
    principal_id = consented["service_principal"]["object_id"]
    if principal_id is not None:
        parts["directory role"] = await directory_role.settle(
            graph, principal_id, EXCHANGE_ADMINISTRATOR, held=administers_exchange, check_mode=check_mode
        )
    if party.managed_identity is None:
        parts |= await sign_in.settle(graph, party, client_id, cloud=cloud, check_mode=check_mode)
    ends = next((part["ends"] for part in parts.values() if "ends" in part), None)
    return _summed(party, parts, check_mode, client_id=client_id, ends=ends)


async def absent(
    graph: GraphClient, party: Party, permissions: Sequence[Mapping[str, Any]], check_mode: bool
) -> Verdict:
    """Take a party away, with its files; a managed identity loses what the plan needs.

    :returns: with ``client_id``, None if there is none.
    """
    client_id = party.managed_identity or await client_id_of(graph, party)
    if client_id is None:
        return _summed(party, {}, check_mode, client_id=None)
    consented = await admin_consent.settle(graph, {
        "app_id": client_id, "permissions": permissions, "purge": party.managed_identity is None, "state": "absent",
    }, check_mode)
    parts: Parts = {"consent": consented}
    principal = consented["service_principal"]
    if principal:
        parts["directory role"] = await directory_role.settle(
            graph, principal["object_id"], EXCHANGE_ADMINISTRATOR, held=False, check_mode=check_mode
        )
    if party.managed_identity is None:
        parts |= await sign_in.withdraw(graph, client_id, check_mode)
        parts["application"] = await application.absent(graph, _registration(party, []), check_mode)
        if not check_mode:
            sign_in.forget(party)
    return _summed(party, parts, check_mode, verb="removed", client_id=client_id)


async def client_id_of(graph: GraphClient, party: Party) -> str | None:
    """The client id of a party's application; None if it is not registered."""
    found = await applications.look_up(graph, applications.Identity(unique_name=party.unique_name))
    return next((str(one["appId"]) for one in found), None)


def _registration(party: Party, permissions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The options of the module entra_application."""
    return {
        **{name: option.get("default") for name, option in application.OPTIONS.items()},
        "unique_name": party.unique_name, "display_name": party.display_name, "permissions": permissions,
    }


def _summed(
    party: Party, parts: Parts, check_mode: bool, *, verb: str = "changed", **data: Any
) -> Verdict:
    changed = [name for name, part in parts.items() if part["changed"]]
    would = "would be " if check_mode else ""
    diff: list[Entity] = [
        {"before_header": f"{party.unique_name}: {name}", "after_header": f"{party.unique_name}: {name}",
         **parts[name]["diff"]}
        for name in changed
    ]
    return done(
        f"{party.display_name}: {', '.join(changed)} {would}{verb}." if changed
        else f"{party.display_name}: as it should be.",
        changed=bool(changed), diff=diff,
        warnings=[text for part in parts.values() for text in part.get("warnings", [])], **data,
    )
