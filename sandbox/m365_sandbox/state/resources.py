"""The resources that applications of the tenant ask tokens for, and the audiences that each accepts."""

from __future__ import annotations

from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

# Microsoft's own tenant, in which its first-party applications are registered.
MICROSOFT_TENANT_ID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"

GRAPH_AUDIENCES = frozenset({"https://graph.microsoft.com", "https://graph.microsoft.com/", GRAPH_APP_ID})
EXCHANGE_AUDIENCES = frozenset({
    "https://outlook.office365.com", "https://outlook.office365.com/",
    "https://outlook.office.com", "https://outlook.office.com/",
    EXCHANGE_APP_ID,
})
MANAGEMENT_AUDIENCES = frozenset({
    "https://management.core.windows.net", "https://management.core.windows.net/",
    "https://management.azure.com", "https://management.azure.com/", "797f4846-ba00-4fd7-ba43-dac1f8f63013",
})


def find_resource(tenant: Tenant, resource: str) -> Entity | None:
    """The service principal that answers to an appId or to one of its servicePrincipalNames.

    A trailing slash makes no difference when looking it up; it does in the token's ``aud``.
    """
    wanted = resource.rstrip("/").casefold()
    for principal in tenant["service_principals"].values():
        names = [principal["appId"], *principal["servicePrincipalNames"]]
        if wanted in (name.rstrip("/").casefold() for name in names):
            return principal
    return None
