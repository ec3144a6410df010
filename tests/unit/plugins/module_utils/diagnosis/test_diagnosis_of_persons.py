# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a person's token says of what the person may do as the caller: what it lacks is sure, a role is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import needs
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import of_persons
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import EXCHANGE, GRAPH

AZURE_CLI = "AuditLog.Read.All Directory.AccessAsUser.All Group.ReadWrite.All User.ReadWrite.All"
WRITE, ASSIGN = "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"
GLOBAL, PRIVILEGED = "62e90394-69f5-4237-9190-012177145e10", "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION, MEMBER = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "b79fbf4d-3ef9-4689-8143-76b194e85509"


def application(resource: str, kind: str = "application") -> dict[str, Any]:
    permission = {"resource": resource, "application": [], "delegated": [], kind: ["SMTP.SendAsApp"]}
    return {"identity": "entra", "permissions": [permission], "exclusive": False, "exchange": None}


BY_GRAPH, BY_SMTP, FOR_PEOPLE = application(GRAPH), application(EXCHANGE), application(EXCHANGE, "delegated")


@pytest.mark.parametrize(("wanted", "scopes", "roles", "state", "words"), [
    (BY_GRAPH, AZURE_CLI, [GLOBAL], "ok", []),
    (BY_GRAPH, AZURE_CLI, [PRIVILEGED, APPLICATION], "ok", []),
    (BY_GRAPH, f"{WRITE} {ASSIGN}", [GLOBAL, MEMBER], "ok", []),
    (BY_GRAPH, AZURE_CLI, [APPLICATION], "unknown", ["grant them", "Privileged Role Administrator"]),
    (BY_GRAPH, AZURE_CLI, [PRIVILEGED], "unknown", ["register", "Application Administrator"]),
    (BY_GRAPH, AZURE_CLI, [MEMBER], "unknown", ["register", "grant them"]),
    (BY_GRAPH, AZURE_CLI, None, "unknown", ["register", "grant them"]),
    # Whoever looks after applications grants everything but permissions of Microsoft Graph.
    (BY_SMTP, AZURE_CLI, [APPLICATION], "ok", []),
    (FOR_PEOPLE, f"{WRITE} DelegatedPermissionGrant.ReadWrite.All", [APPLICATION], "ok", []),
    (FOR_PEOPLE, WRITE, [GLOBAL], "cross", ["DelegatedPermissionGrant.ReadWrite.All"]),
    (BY_GRAPH, "openid User.Read", [GLOBAL], "cross", [WRITE, ASSIGN, "grant them SMTP.SendAsApp"]),
    # It is none of a person's.
    (BY_GRAPH, f"Application.Read.All {ASSIGN}", [GLOBAL], "cross", [f"lacks {WRITE} (register"]),
])
def test_what_the_token_decides(
    wanted: dict[str, Any], scopes: str, roles: list[str] | None, state: str, words: list[str]
) -> None:
    claims = {"scp": scopes, **({} if roles is None else {"wids": roles})}
    [found] = of_persons.judge(claims, needs([wanted], []), [wanted])
    assert (found.check, found.state) == ("caller_permissions", state)
    assert all(word in found.found for word in words), found.found
    assert bool(found.remedy) is (state == "cross")
