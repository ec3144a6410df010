# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service principal as the module exchange_service_principal knows it: its options, and what is done for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import consent
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import service_principals
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient

#: The options.
OPTIONS: dict[str, dict[str, Any]] = {
    "app_id": {"required": True},
    "object_id": {},
    "display_name": {},
    "state": {"choices": ["present", "absent"], "default": "present"},
}
#: Seconds that an enterprise application made a moment ago is given to show up in Entra.
PATIENCE = 30.0


def given(params: Mapping[str, Any]) -> Pointer | None:
    """The pointer that the options say is right; None if Entra ID has to be asked."""
    object_id = params["object_id"]
    return Pointer(params["app_id"].lower(), object_id.lower(), "") if object_id else None


async def target(graph: GraphClient, params: Mapping[str, Any], check_mode: bool) -> Pointer:
    """The pointer that Entra ID says is right.

    :raises InputError: there is no such enterprise application.
    """
    app_id = params["app_id"].lower()
    found = await graph.wait_until(
        lambda: consent.look_up(graph, app_id),
        lambda seen: check_mode or seen.principal is not None or seen.application is None, PATIENCE,
    )
    if found.principal is not None:
        return Pointer(app_id, found.principal["id"], found.principal["displayName"])
    if found.application is None:
        raise InputError(
            f"There is neither an application nor an enterprise application {app_id} in the tenant.",
            remedy="Check app_id, which is the application (client) id and not an object id, and tenant_id.",
        )
    if check_mode:
        return Pointer(app_id, None, found.application["displayName"])
    raise InputError(
        f"The application {found.name} has no enterprise application (service principal) in Entra.",
        remedy="Make it with the module entra_admin_consent first.",
    )


async def present(
    session: ExchangeSession, params: Mapping[str, Any], right: Pointer, check_mode: bool
) -> dict[str, Any]:
    """Make, repair or rename the service principal; gives what the module returns.

    :param params: the options of the module.
    :param right: what it has to point to, see ``given`` and ``target``.
    """
    standing = await service_principals.find(session, right.app_id, right.object_id)
    kept = [one for one in standing if service_principals.is_right(one, right.app_id, right.object_id)]
    name = params["display_name"]
    if name is None:
        name = kept[0].display_name if kept else right.display_name
    wanted = replace(right, display_name=name, sid=kept[0].sid if kept else None)
    changed = standing != [wanted]
    after = wanted
    if changed and not check_mode:
        patience = 0.0 if params["object_id"] else service_principals.PATIENCE
        after = await service_principals.ensure(session, wanted, standing, patience)
    before = next(iter(kept or standing), None)
    return {
        "changed": changed, "service_principal": after.shown(), "repaired": len(standing) > len(kept),
        "diff": {"before": before.shown() if before else {}, "after": after.shown()},
    }


async def absent(session: ExchangeSession, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Remove the service principal, whatever its object id; gives what the module returns."""
    standing = await service_principals.find(session, params["app_id"])
    if standing and not check_mode:
        await service_principals.remove(session, standing)
    before = standing[0].shown() if standing else {}
    return {"changed": bool(standing), "service_principal": None, "diff": {"before": before, "after": {}}}
