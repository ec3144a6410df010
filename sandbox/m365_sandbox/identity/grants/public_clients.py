"""How a client proves who it is when it comes with a person's leave: with a credential, or just without one."""

from __future__ import annotations

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.client_authentication import authenticate
from m365_sandbox.identity.clients import Client
from m365_sandbox.identity.delegation import Platform
from m365_sandbox.identity.token_request import TokenRequest
from m365_sandbox.identity.tokens import AuthMethod


async def authenticate_for(request: TokenRequest, client: Client, platform: Platform) -> AuthMethod:
    """Check the credential that a client of that platform has to give, or must not.

    :raises EntraError: 7000218 and the others for a missing or bad credential, 700025 for one of a public client,
        9002327 for a single-page application's request that does not come from a page.
    """
    if platform == "web":
        return await authenticate(
            request.sandbox, client, request.form, basic_secret=request.basic_secret, host=request.host
        )
    if request.basic_secret or request.form.get("client_secret") or request.form.get("client_assertion"):
        raise person_errors.secret_of_public_client()
    if platform == "spa" and not request.origin:
        raise person_errors.cross_origin_only()
    return "none"


def flow_platform(client: Client) -> Platform:
    """What a client is where no redirect URI says it: public if its registration allows that."""
    return "publicClient" if client.is_public else "web"
