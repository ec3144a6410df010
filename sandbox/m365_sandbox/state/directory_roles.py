"""Directory roles that matter to Exchange's administration, and who holds them.

Template ids: Entra's list of built-in roles. Which of them Exchange takes from applications: Microsoft's page on
app-only authentication.
"""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

DIRECTORY_ROLES: Mapping[str, str] = {
    "Compliance Administrator": "17315797-102d-40b4-93e0-432062caca18",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Exchange Recipient Administrator": "31392ffb-586c-42d1-9346-e59415a2cc4e",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "Security Operator": "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f",
    "Security Reader": "5d6b6bb7-de71-4623-b4af-96380a352509",
}
# What tokens of applications without a directory role have.
NO_ROLE = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"

# What tokens of a tenant's own users have besides.
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"


def held_roles(tenant: Tenant, principal_id: str) -> list[str]:
    """The template ids of the roles that a service principal holds: the token's ``wids``."""
    assignments = tenant.find("directory_role_assignments", principalId=principal_id)
    return [assignment["roleDefinitionId"] for assignment in assignments] or [NO_ROLE]


def held_by_user(tenant: Tenant, user_id: str) -> list[str]:
    """The template ids of the roles that a user holds, with the one that every member has: the token's ``wids``."""
    assignments = tenant.find("directory_role_assignments", principalId=user_id)
    return [*(assignment["roleDefinitionId"] for assignment in assignments), MEMBER]


def assign_role(tenant: Tenant, principal_id: str, name: str) -> Entity:
    """Give a service principal or a user a directory role; a KeyError for an unknown one. The caller saves."""
    template = DIRECTORY_ROLES[name]
    assignment = {
        "id": f"{principal_id}-{template}", "principalId": principal_id, "roleDefinitionId": template,
        "directoryScopeId": "/",
    }
    tenant["directory_role_assignments"].put(assignment["id"], assignment)
    return assignment
