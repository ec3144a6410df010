"""What Google has of Fabrikam in a new sandbox, and in one that was reset."""

from __future__ import annotations

from m365_sandbox.google.service_accounts import MAIL_SCOPE, add_key, add_service_account
from m365_sandbox.google.workspace import DOMAIN, Workspace
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sandbox import Sandbox

ACCOUNT = "mail-operations"
PEOPLE = {"orders": "Orders", "returns": "Returns", "director": "Director", "probe": "Mail probe"}


def sow_google(sandbox: Sandbox) -> Entity:
    """Make the people, and the service account that may read and send all their mail; gives back the account.

    The caller has sown the tenant. It saves.
    """
    tenant = sandbox.tenant
    workspace = Workspace(tenant)
    for name, display_name in PEOPLE.items():
        workspace.add_user(f"{name}@{DOMAIN}", display_name)
    account = add_service_account(tenant, ACCOUNT, [MAIL_SCOPE])
    for key in sandbox.google_keys.values():
        add_key(tenant, account["client_email"], key)
    tenant.settle()
    tenant.save()
    return account


def seeded_account(sandbox: Sandbox) -> Entity:
    """The seeded service account; of an instance that an earlier version has sown, it is made now."""
    accounts = sandbox.tenant["google_service_accounts"].values()
    found = next((one for one in accounts if one["client_email"].startswith(f"{ACCOUNT}@")), None)
    return found or sow_google(sandbox)
