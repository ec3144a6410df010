"""Tokens for applications that sign in as themselves."""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.identity import errors
from m365_sandbox.identity.client_authentication import authenticate
from m365_sandbox.identity.clients import find_client, require_enabled
from m365_sandbox.identity.discovery import SHARED_TENANTS
from m365_sandbox.identity.own_addresses import official_resource
from m365_sandbox.identity.scopes import SIGN_IN_SCOPES
from m365_sandbox.identity.token_request import Body, TokenRequest
from m365_sandbox.identity.tokens import issue_app_token, random_lifetime
from m365_sandbox.state.clock import now
from m365_sandbox.state.resources import find_resource


async def answer_client_credentials(request: TokenRequest) -> Body:
    """``grant_type=client_credentials``.

    :raises EntraError: for every request that gets no token.
    """
    tenant, form = request.tenant, request.form
    _require_tenant(request.tenant_name)
    requested = _resource_of_v1(form) if request.version == 1 else _resource_of_v2(form)

    client = find_client(tenant, request.client_id, request.lag)
    audience = official_resource(requested, request.sandbox.ports)
    resource = find_resource(tenant, audience)
    if resource is None:
        raise errors.unknown_resource(requested, tenant.display_name)
    if not resource["accountEnabled"]:
        raise errors.disabled_resource(requested)
    if client.principal is None:
        raise errors.missing_service_principal(request.client_id, tenant.tenant_id)
    require_enabled(client)
    auth_method = await authenticate(
        request.sandbox, client, form, basic_secret=request.basic_secret, host=request.host
    )

    lifetime = random_lifetime()
    token = issue_app_token(
        tenant, request.sandbox.keys, service_principal=client.principal, resource=audience, auth_method=auth_method,
        lifetime=lifetime,
    )
    return _body(token, lifetime - 1, requested, request.version)


def _require_tenant(name: str) -> None:
    if name.casefold() == "organizations":
        raise errors.tenant_needed()
    if name.casefold() in SHARED_TENANTS:
        raise errors.grant_needs_tenant()


def _resource_of_v1(form: Mapping[str, str]) -> str:
    if not form.get("resource"):
        raise errors.missing_field("resource")
    return form["resource"]


def _resource_of_v2(form: Mapping[str, str]) -> str:
    """The resource of ``scope``, with the slash that it may end with: ``https://x//.default`` is ``https://x/``."""
    if "resource" in form:
        raise errors.resource_not_supported()
    if not form.get("scope", "").strip():
        raise errors.missing_field("scope")
    scopes = [scope for scope in form["scope"].split() if scope not in SIGN_IN_SCOPES]
    resources = {scope.removesuffix("/.default") for scope in scopes if scope.endswith("/.default")}
    if len(resources) > 1:
        raise errors.several_resources(form["scope"])
    if not resources or len(scopes) > 1 or resources == {""}:
        raise errors.scope_without_default(form["scope"])
    return resources.pop()


def _body(token: str, expires_in: int, resource: str, version: int) -> Body:
    if version == 2:
        return {
            "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": token,
        }
    moment = int(now().timestamp())
    return {
        "token_type": "Bearer", "expires_in": str(expires_in), "ext_expires_in": str(expires_in),
        "expires_on": str(moment + expires_in), "not_before": str(moment - 300), "resource": resource,
        "access_token": token,
    }
