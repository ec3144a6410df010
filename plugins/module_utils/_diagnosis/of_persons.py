# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a person who is the caller may do what a plan needs, as far as the person's token tells. Pure.

What such a token is good for is what its scopes and the person's directory roles have in common:
https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview. Who may grant what:
https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent. The ids of the roles' templates:
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import (
    ALL,
    ASSIGN,
    GRANT,
    OWNED,
    Needs,
    lacking,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import CONTROLLER, Finding
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import GRAPH

CHECK = "caller_permissions"
#: What the Azure CLI's tokens have: they do in the directory whatever the person may do.
_AS_PERSON = "Directory.AccessAsUser.All"
_GLOBAL, _PRIVILEGED = "62e90394-69f5-4237-9190-012177145e10", "e8611ab8-c189-46e8-94e1-60213ab1f814"
_APPLICATION, _CLOUD = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "158c047a-c907-4556-b7ef-446551a6b5f7"
_NAMES: Mapping[str, str] = {
    _GLOBAL: "Global Administrator", _PRIVILEGED: "Privileged Role Administrator",
    _APPLICATION: "Application Administrator", _CLOUD: "Cloud Application Administrator",
}
#: Who looks after applications, who grants permissions of Microsoft Graph, and who those of others and delegated ones.
_LOOK_AFTER: tuple[str, ...] = (_APPLICATION, _CLOUD, _GLOBAL)
_GRANT_GRAPH: tuple[str, ...] = (_PRIVILEGED, _GLOBAL)
_GRANT_OTHERS: tuple[str, ...] = (_APPLICATION, _CLOUD, _PRIVILEGED, _GLOBAL)


def judge(claims: Mapping[str, Any], needed: Needs, applications: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """What a person's token for Microsoft Graph says of what the person may do.

    That a role is not there decides nothing: a role of the tenant's own, or owning an application, may do as well.

    :param claims: the token's.
    :param applications: as the plan has them.
    """
    scopes = set(str(claims.get("scp") or "").split())
    missing = {} if _AS_PERSON in scopes else lacking(needed, scopes)
    if missing:
        # There is no delegated permission for the applications that somebody owns.
        told = "; ".join(f"{ALL if name == OWNED else name} ({why})" for name, why in missing.items())
        return CONTROLLER.cross(
            CHECK, f"The token of the person who signs in lacks {told}.",
            "Sign in by the Azure CLI, or by an application that has them as delegated permissions of Microsoft Graph "
            "with consent; or let mailops.modern_auth.bootstrap make a caller that is no person.",
        )
    held = set(claims.get("wids") or ())
    unclear = [
        f"{what} ({' or '.join(_NAMES[role] for role in roles)} does)"
        for what, roles in _deeds(needed, applications).items() if held.isdisjoint(roles)
    ]
    if unclear:
        return CONTROLLER.unknown([CHECK], (
            f"a person signs in, and the token names no directory role that is known to let it {'; '.join(unclear)}"
        ))
    return CONTROLLER.ok(CHECK)


def _deeds(needed: Needs, applications: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[str, ...]]:
    """What takes a directory role, and the ids of those that are enough. Any member may read."""
    deeds = {needed.permissions[name]: _LOOK_AFTER for name in (OWNED, ALL) if name in needed.permissions}
    grants_graph = any(
        one["resource"] == GRAPH and one["application"] for wanted in applications for one in wanted["permissions"]
    )
    if ASSIGN in needed.permissions:
        deeds[needed.permissions[ASSIGN]] = _GRANT_GRAPH if grants_graph else _GRANT_OTHERS
    if GRANT in needed.permissions:
        deeds[needed.permissions[GRANT]] = _GRANT_OTHERS
    return deeds
