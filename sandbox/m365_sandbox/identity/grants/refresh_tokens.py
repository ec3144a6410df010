"""Refresh tokens: each use gives another one, and the used one stays valid; what ends them is time and the person.

They are sealed, not stored: Entra revokes a user's, never a single one.
"""

from __future__ import annotations

from datetime import timedelta

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.clients import find_client, require_enabled
from m365_sandbox.identity.delegation import Delegation, iso
from m365_sandbox.identity.grants.public_clients import authenticate_for
from m365_sandbox.identity.token_request import Body, TokenRequest
from m365_sandbox.identity.user_tokens import delegated_answer
from m365_sandbox.state.clock import now
from m365_sandbox.state.seal import BrokenSeal

# Without a use, which is from its issue on, as each use gives another one.
INACTIVITY = timedelta(days=90)
SPA_LIFETIME = timedelta(hours=24)


async def redeem_refresh_token(request: TokenRequest) -> Body:
    """``grant_type=refresh_token``.

    :raises EntraError: for every request that gets no token.
    """
    token = request.form.get("refresh_token")
    if not token:
        raise errors.missing_parameter("refresh_token")
    client = find_client(request.tenant, request.client_id, request.lag)
    require_enabled(client)
    try:
        content = request.sandbox.seal.open("refresh_token", token.removeprefix("1."))
    except BrokenSeal as error:
        raise person_errors.malformed_grant() from error
    delegation, issued = Delegation.of(content["delegation"]), content["issued"]
    if delegation.client_id != client.app_id:
        raise person_errors.malformed_grant()
    auth_method = await authenticate_for(request, client, delegation.platform)
    age = now().timestamp() - issued
    if delegation.platform == "spa":
        if now().timestamp() - delegation.authentication.moment > SPA_LIFETIME.total_seconds():
            raise person_errors.expired_spa_token(iso(delegation.authentication.moment))
    elif age > INACTIVITY.total_seconds():
        raise person_errors.inactive_refresh_token(iso(issued), f"{INACTIVITY.days}.00:00:00")
    return delegated_answer(request, client, delegation, auth_method, refreshing=True)
