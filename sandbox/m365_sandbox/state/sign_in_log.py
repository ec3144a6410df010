"""Entra's log of sign-ins, in Graph's words, and what the sandbox itself writes into it.

Strings of ``clientAppUsed``: Microsoft's page on blocking legacy authentication. Numbers: its reference of error codes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import Complex, EntityType, Property
from m365_sandbox.state.tenant import Tenant

#: Everybody who reaches the sandbox comes from this machine.
ADDRESS = "127.0.0.1"
SMTP, BROWSER = "Authenticated SMTP", "Browser"
WRONG_PASSWORD = 50126
BLOCKED_BY_CONDITIONAL_ACCESS, BLOCKED_BY_SECURITY_DEFAULTS = 53003, 530035
INTERACTIVE, NON_INTERACTIVE = "interactiveUser", "nonInteractiveUser"
KINDS = (INTERACTIVE, NON_INTERACTIVE, "servicePrincipal", "managedIdentity")
REASONS = {
    0: "Other.", WRONG_PASSWORD: "Error validating credentials due to invalid username or password.",
    50053: "Account is locked because user tried to sign in too many times with an incorrect user ID or password.",
    BLOCKED_BY_CONDITIONAL_ACCESS: "Access has been blocked by Conditional Access policies.",
    BLOCKED_BY_SECURITY_DEFAULTS: "Access has been blocked by security defaults.",
}

SIGN_IN_STATUS = Complex("signInStatus", (
    Property("errorCode", "Int32", filters="eq"),
    Property("failureReason"),
    Property("additionalDetails"),
))
# What Microsoft's page says of $filter. Properties without one here are not filtered by.
_PROPERTIES = (
    Property("id", filters="eq"),
    Property("createdDateTime", "DateTimeOffset", filters="eq ge le"),
    Property("userDisplayName", filters="eq startswith"),
    Property("userPrincipalName", filters="eq startswith"),
    Property("userId", filters="eq"),
    Property("appId", filters="eq"),
    Property("appDisplayName", filters="eq startswith"),
    Property("ipAddress", filters="eq startswith"),
    Property("clientAppUsed", filters="eq"),
    Property("correlationId", filters="eq"),
    Property("conditionalAccessStatus", filters="eq"),
    Property("isInteractive", "Boolean"),
    Property("resourceDisplayName", filters="eq"),
    Property("resourceId", filters="eq"),
    Property("status", SIGN_IN_STATUS),
)
SIGN_IN = EntityType("signIn", _PROPERTIES, "auditLogs/signIns")
#: That of /beta.
SIGN_IN_BETA = EntityType("signIn", (
    *_PROPERTIES, Property("signInEventTypes", collection=True, values=KINDS, filters="eq"),
), "auditLogs/signIns")


def record(
    tenant: Tenant, user_id: str, client_app: str, *, error_code: int = 0, address: str = ADDRESS,
    application: str = "Office 365 Exchange Online", moment: str | None = None,
    kinds: Sequence[str] = (INTERACTIVE,), identifier: str | None = None,
) -> Entity:
    """Write a user's sign-in, or the attempt. The caller saves.

    :param error_code: the number after AADSTS, 0 for success.
    :param moment: ISO 8601; now when left out.
    :param identifier: the entry's id, a new one when left out; the log has one entry of an id.
    """
    user = tenant["users"].get(user_id) or {}
    identifier = identifier or str(uuid.uuid4())
    entry: Entity = {
        "id": identifier, "createdDateTime": moment or timestamp(now()),
        "userDisplayName": user.get("displayName"), "userPrincipalName": user.get("userPrincipalName"),
        "userId": user_id, "appId": "00000002-0000-0ff1-ce00-000000000000", "appDisplayName": application,
        "ipAddress": address, "clientAppUsed": client_app, "correlationId": str(uuid.uuid4()),
        "conditionalAccessStatus": "notApplied", "isInteractive": INTERACTIVE in kinds,
        "resourceDisplayName": "Office 365 Exchange Online", "resourceId": "00000002-0000-0ff1-ce00-000000000000",
        "status": {
            "errorCode": error_code, "failureReason": REASONS.get(error_code, "Other."), "additionalDetails": None,
        },
        "signInEventTypes": list(kinds),
    }
    tenant["sign_ins"].put(identifier, entry)
    return entry
