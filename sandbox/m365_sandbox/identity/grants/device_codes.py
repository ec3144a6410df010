"""The device code flow: a code for the device, one for the person, and the device's asking how far it is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.clients import find_client, require_enabled
from m365_sandbox.identity.consent import find_target
from m365_sandbox.identity.delegation import Delegation
from m365_sandbox.identity.grants.public_clients import authenticate_for, flow_platform
from m365_sandbox.identity.scopes import parse_scope, scope_of_v1
from m365_sandbox.identity.token_request import Body, TokenRequest
from m365_sandbox.identity.user_tokens import delegated_answer
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant, digest

LIFETIME_SECONDS = 900
INTERVAL_SECONDS = 5
# A device that waits as it was told may be a little early by our clock.
_TOLERANCE_SECONDS = 0.5
# No vowels, so no words; nothing that looks like something else.
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
_USER_CODE_LENGTH = 9


def start_device_flow(sandbox: Sandbox, version: int, form: Mapping[str, str], page: str) -> Body:
    """The answer of the endpoint ``devicecode``.

    :param page: the address where the person enters the code.
    :raises EntraError: for a request that leads to no code.
    """
    tenant = sandbox.tenant
    if not form.get("client_id"):
        raise errors.missing_parameter("client_id")
    client = find_client(tenant, form["client_id"])
    require_enabled(client)
    if version == 1 and not form.get("resource"):
        raise errors.missing_parameter("resource")
    scope = scope_of_v1(form["resource"]) if version == 1 else parse_scope(form.get("scope", ""))
    find_target(tenant, scope.single, sandbox.ports)
    device_code = secrets.token_urlsafe(96)
    user_code = "".join(secrets.choice(_ALPHABET) for _ in range(_USER_CODE_LENGTH))
    codes, moment = tenant["device_codes"], now().timestamp()
    for key, kept in codes.dump().items():
        if moment - kept["issued"] > 2 * LIFETIME_SECONDS:
            codes.delete(key)
    codes.put(digest(device_code), {
        "userCode": user_code, "issued": moment, "polled": None, "status": "pending", "clientId": client.app_id,
        "scope": scope.text, "resource": form.get("resource", ""), "delegation": None,
    })
    tenant.save()
    message = (
        f"To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
    )
    body: Body = {"device_code": device_code, "user_code": user_code, "message": message}
    if version == 1:
        return body | {
            "verification_url": page, "expires_in": str(LIFETIME_SECONDS), "interval": str(INTERVAL_SECONDS),
        }
    return body | {"verification_uri": page, "expires_in": LIFETIME_SECONDS, "interval": INTERVAL_SECONDS}


def find_user_code(tenant: Tenant, user_code: str) -> tuple[str, Entity]:
    """The key and the state of the flow that a person's code stands for; case and white space make no difference.

    :raises EntraError: 70018 for one that leads nowhere any more.
    """
    wanted = "".join(user_code.split()).upper()
    for key, kept in tenant["device_codes"].dump().items():
        if kept["userCode"] == wanted and kept["status"] == "pending" and not _is_over(kept):
            return key, kept
    raise person_errors.wrong_user_code()


def conclude(tenant: Tenant, key: str, delegation: Delegation | None) -> None:
    """Let the device have tokens, or (None) learn that the person said no. The caller saves."""
    kept = tenant["device_codes"].get(key)
    if kept is None or kept["status"] != "pending":
        raise person_errors.wrong_user_code()
    change: dict[str, Any] = {"status": "declined"} if delegation is None else {
        "status": "approved", "delegation": delegation.content(),
    }
    tenant["device_codes"].put(key, kept | change)


async def redeem_device_code(request: TokenRequest) -> Body:
    """``grant_type=urn:ietf:params:oauth:grant-type:device_code``; v1.0 calls the code ``code``.

    :raises EntraError: for every request that gets no token, ``authorization_pending`` among them.
    """
    codes, form = request.tenant["device_codes"], request.form
    client = find_client(request.tenant, request.client_id, request.lag)
    require_enabled(client)
    code = form.get("device_code") or form.get("code")
    if not code:
        raise errors.missing_parameter("device_code")
    auth_method = await authenticate_for(request, client, flow_platform(client))
    key = digest(code)
    kept = codes.get(key)
    if kept is None or kept["clientId"] != client.app_id or kept["status"] == "redeemed":
        raise person_errors.unknown_device_code()
    if kept["status"] == "declined":
        raise person_errors.device_code_declined()
    if kept["status"] == "approved":
        answer = delegated_answer(request, client, Delegation.of(kept["delegation"]), auth_method)
        codes.put(key, kept | {"status": "redeemed"})
        request.tenant.save()
        return answer
    if _is_over(kept):
        raise person_errors.device_code_expired()
    moment, last = now().timestamp(), kept["polled"]
    codes.put(key, kept | {"polled": moment})
    if last is not None and 0 <= moment - last < INTERVAL_SECONDS - _TOLERANCE_SECONDS:
        raise person_errors.slow_down()
    raise person_errors.authorization_pending()


def _is_over(kept: Entity) -> bool:
    return bool(now().timestamp() - kept["issued"] > LIFETIME_SECONDS)
