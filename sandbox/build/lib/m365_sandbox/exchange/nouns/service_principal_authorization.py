"""Test-ServicePrincipalAuthorization: what the role assignments give an application. Entra's grants are left out."""

from __future__ import annotations

from collections.abc import Iterator

from m365_sandbox.exchange.authorization import active_assignments, in_scope
from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter
from m365_sandbox.exchange.directory import MAILBOXES, POINTERS, find
from m365_sandbox.exchange.nouns.management_role_assignment import scope_names
from m365_sandbox.exchange.nouns.service_principal import ID
from m365_sandbox.exchange.output import Output, Row, text
from m365_sandbox.exchange.parameter_types import identity
from m365_sandbox.exchange.roles import APPLICATION_ROLES

RESOURCE_ID = identity("UserIdParameter")
OUTPUT: Output = text("RoleName", "GrantedPermissions", "AllowedResourceScope", "ScopeType", "InScope")


def _test(call: Call) -> Iterator[Row]:
    app = find(call.tenant, POINTERS, call["Identity"], call.lag)
    mailbox = find(call.tenant, MAILBOXES, call["Resource"], call.lag) if "Resource" in call else None
    for assignment in active_assignments(call.tenant, app.id, call.lag):
        limits = [name for name in ("CustomResourceScope", "RecipientGroupScope") if assignment[name] is not None]
        yield {
            "RoleName": assignment["Role"],
            "GrantedPermissions": ", ".join(APPLICATION_ROLES[assignment["Role"]]),
            "AllowedResourceScope": scope_names(call, assignment)[limits[0]] if limits else "Organization",
            "ScopeType": "CustomRecipientScope" if limits else "Organization",
            "InScope": "Not Run" if mailbox is None else str(in_scope(call.tenant, assignment, mailbox)),
        }


CMDLETS = (
    Cmdlet(
        "Test-ServicePrincipalAuthorization", "roles",
        (identity_parameter(ID, mandatory=True), Parameter("Resource", RESOURCE_ID)), _test, OUTPUT,
    ),
)
