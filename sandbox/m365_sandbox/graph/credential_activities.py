"""/reports/appCredentialSignInActivities of /beta: when each credential of an application was last signed in with.

[reportroot-list-appcredentialsigninactivities]. Entra makes the report a day or more after the sign-ins, so those in
the sandbox itself are not in it; what is, the control face has put there. Credentials without a sign-in are absent.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from m365_sandbox.graph.query import View, answer_collection, require_known
from m365_sandbox.graph.routing import BETA, Answer, Call, Route
from m365_sandbox.graph.sign_ins import LOG, authorise
from m365_sandbox.state.history import Entity
from m365_sandbox.state.schema import Complex, EntityType, Property

ACTIVITY = EntityType("appCredentialSignInActivity", (
    Property("appId", filters="eq"),
    Property("appObjectId"),
    Property("createdDateTime", "DateTimeOffset"),
    Property("credentialOrigin"),
    Property("expirationDateTime", "DateTimeOffset"),
    Property("id"),
    Property("keyId", filters="eq"),
    Property("keyType"),
    Property("keyUsage"),
    Property("resourceId"),
    Property("servicePrincipalObjectId"),
    Property("signInActivity", Complex("signInActivity", (
        Property("lastSignInDateTime", "DateTimeOffset"), Property("lastSignInRequestId"),
    ))),
), "reports/appCredentialSignInActivities")
_KINDS = (("passwordCredentials", "clientSecret", None), ("keyCredentials", "certificate", "verify"))


async def show_all(call: Call) -> Answer:
    """GET the report."""
    authorise(call)
    require_known(call.query, "$filter", "$top", "$skiptoken")
    return answer_collection(call, View(ACTIVITY), _activities(call), service=LOG)


def _activities(call: Call) -> Iterator[Entity]:
    signed_in = call.tenant["credential_sign_ins"].dump(call.lag)
    for application in call.tenant["applications"].values(call.lag):
        principals = call.tenant.find("service_principals", call.lag, appId=application["appId"])
        for name, key_type, usage in _KINDS:
            for credential in application[name]:
                if (activity := signed_in.get(credential["keyId"])) is None:
                    continue
                identifier = base64.b64encode(f"{credential['keyId']}|application".encode()).decode()
                yield {
                    "appId": application["appId"], "appObjectId": application["id"], "credentialOrigin": "application",
                    "createdDateTime": credential["startDateTime"], "expirationDateTime": credential["endDateTime"],
                    "id": identifier, "keyId": credential["keyId"], "keyType": key_type, "keyUsage": usage,
                    "servicePrincipalObjectId": principals[0]["id"] if principals else None,
                    "signInActivity": activity,
                }


ROUTES = (Route("GET", "/reports/appCredentialSignInActivities", (), show_all, versions=(BETA,)),)
