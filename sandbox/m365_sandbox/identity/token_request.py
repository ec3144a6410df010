"""What a token request asks for, checked in the order in which Entra complains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m365_sandbox.identity import errors
from m365_sandbox.identity.client_authentication import Client, authenticate
from m365_sandbox.identity.discovery import SHARED_TENANTS, is_this_tenant
from m365_sandbox.identity.own_addresses import official_resource
from m365_sandbox.identity.tokens import issue_app_token, random_lifetime
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.resources import find_resource
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant

_SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


async def answer_token_request(
    sandbox: Sandbox, *, tenant_name: str, version: int, form: Mapping[str, str], basic: tuple[str, str] | None,
    host: str, lag: float,
) -> dict[str, Any]:
    """The body of a successful answer.

    :param tenant_name: the tenant as the path names it.
    :param version: 1 or 2, the version of the endpoint.
    :param form: the request's parameters, each once.
    :param basic: client id and secret of an HTTP Basic header.
    :param host: host and port by which the client reached the sandbox.
    :param lag: seconds by which the replica that answers trails the writes.
    :raises EntraError: for every request that gets no token.
    """
    tenant = sandbox.tenant
    grant_type = form.get("grant_type")
    if not grant_type:
        raise errors.missing_parameter("grant_type")
    client_id = form.get("client_id") or (basic[0] if basic else "")
    if not client_id:
        raise errors.missing_parameter("client_id")
    if basic and basic[0] != client_id:
        raise errors.malformed_request()
    _check_tenant(tenant, tenant_name)
    if grant_type != "client_credentials":
        raise errors.unsupported_grant_type(grant_type)
    requested = _resource_of_v1(form) if version == 1 else _resource_of_v2(form)

    client, principal = _client(tenant, client_id, lag)
    audience = official_resource(requested, sandbox.ports)
    resource = find_resource(tenant, audience)
    if resource is None:
        raise errors.unknown_resource(requested, tenant.display_name)
    if not resource["accountEnabled"]:
        raise errors.disabled_resource(requested)
    if principal is None:
        raise errors.missing_service_principal(client_id, tenant.tenant_id)
    if not principal["accountEnabled"]:
        raise errors.disabled_application(client_id, principal["displayName"])
    auth_method = await authenticate(sandbox, client, form, basic_secret=basic[1] if basic else None, host=host)

    lifetime = random_lifetime()
    token = issue_app_token(
        tenant, sandbox.keys, service_principal=principal, resource=audience, auth_method=auth_method,
        lifetime=lifetime,
    )
    return _body(token, lifetime - 1, requested, version)


def _check_tenant(tenant: Tenant, name: str) -> None:
    if name.casefold() == "organizations":
        raise errors.tenant_needed()
    if name.casefold() in SHARED_TENANTS:
        raise errors.grant_needs_tenant()
    if not is_this_tenant(tenant, name):
        raise errors.unknown_tenant(name)


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
    scopes = [scope for scope in form["scope"].split() if scope not in _SIGN_IN_SCOPES]
    resources = {scope.removesuffix("/.default") for scope in scopes if scope.endswith("/.default")}
    if len(resources) > 1:
        raise errors.several_resources(form["scope"])
    if not resources or len(scopes) > 1 or resources == {""}:
        raise errors.scope_without_default(form["scope"])
    return resources.pop()


def _client(tenant: Tenant, client_id: str, lag: float) -> tuple[Client, Entity | None]:
    """The application and its service principal; an application of another tenant has the latter only."""
    application = next(iter(tenant.find("applications", lag, appId=client_id)), None)
    principal = next(iter(tenant.find("service_principals", lag, appId=client_id)), None)
    known = [entity for entity in (application, principal) if entity is not None]
    if not known:
        raise errors.unknown_application(client_id, tenant.display_name)
    client = Client(
        app_id=known[0]["appId"],
        name=known[0]["displayName"],
        passwords=tuple(password for entity in known for password in entity["passwordCredentials"]),
        keys=tuple(key for entity in known for key in entity["keyCredentials"]),
        federated=tuple(
            tenant.find("federated_identity_credentials", lag, application=application["id"]) if application else ()
        ),
    )
    return client, principal


def _body(token: str, expires_in: int, resource: str, version: int) -> dict[str, Any]:
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
