"""Tokens for a signed-in person: access token, ID token, and the answer that holds them."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from typing import Any

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.clients import Client
from m365_sandbox.identity.consent import Target, find_target, granted_names, requested_permissions
from m365_sandbox.identity.delegation import Delegation, check_grant
from m365_sandbox.identity.discovery import CLOUD_HOST
from m365_sandbox.identity.scopes import SIGN_IN_SCOPES, ResourceScopes
from m365_sandbox.identity.token_request import Body, TokenRequest
from m365_sandbox.identity.tokens import APPIDACR, SKEW_SECONDS, AuthMethod, issuer, random_lifetime, sign
from m365_sandbox.state.clock import now
from m365_sandbox.state.directory_roles import held_by_user
from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import base64url
from m365_sandbox.state.tenant import Tenant

# Of an ID token [E:id-tokens].
ID_TOKEN_SECONDS = 3600


def delegated_answer(
    request: TokenRequest, client: Client, delegation: Delegation, auth_method: AuthMethod, *, nonce: str | None = None,
    refreshing: bool = False,
) -> Body:
    """The body of a successful answer to a redeemed code or refresh token.

    :param nonce: what the authorization request wants to find in the ID token.
    :param refreshing: whether the client comes with a refresh token, for which it always gets another one.
    :raises EntraError: if the person's sign-in does not count any more, or the consent is missing.
    """
    tenant, agreed = request.tenant, delegation.agreed()
    scope = delegation.requested(request.version, request.form)
    wanted = scope.single
    target = find_target(tenant, wanted, request.sandbox.ports)
    user = check_grant(tenant, delegation.authentication, wanted.resource)
    names = _consented(request, client, wanted, target, user)
    sign_in = scope.sign_in | agreed.sign_in
    lifetime = random_lifetime()
    body: Body = {
        "token_type": "Bearer",
        "scope": " ".join(_answered_scope(wanted, names, sign_in, request.version)),
        **_lifetime(request.version, lifetime - 1, wanted),
        "access_token": sign(request.sandbox.keys, {
            **_common(tenant, client, delegation, user, target.audience),
            "iss": issuer(tenant), "idp": issuer(tenant), "acct": 0, "acr": "1", "aio": secrets.token_urlsafe(24),
            "amr": list(delegation.authentication.methods), "app_displayname": client.name, "appid": client.app_id,
            "appidacr": APPIDACR[auth_method], "exp": int(now().timestamp()) + lifetime, "idtyp": "user",
            "ipaddr": "127.0.0.1", "scp": " ".join(names or sorted(sign_in - {"offline_access"})),
            "tenant_region_scope": "EU", "unique_name": user["userPrincipalName"], "upn": user["userPrincipalName"],
            "ver": "1.0", "wids": held_by_user(tenant, user["id"]),
        }),
    }
    if refreshing or "offline_access" in sign_in:
        body["refresh_token"] = refresh_token(request, delegation)
    if "openid" in sign_in:
        body["id_token"] = _id_token(request, client, delegation, user, sign_in, nonce)
    if request.form.get("client_info") == "1":
        information = {"uid": user["id"], "utid": tenant.tenant_id}
        body["client_info"] = base64url(json.dumps(information).encode())
    return body


def refresh_token(request: TokenRequest, delegation: Delegation) -> str:
    """A new refresh token for what the person agreed to; see ``grants.refresh_tokens``."""
    content = {"issued": now().timestamp(), "delegation": delegation.content()}
    return "1." + request.sandbox.seal.seal("refresh_token", content)


def _consented(
    request: TokenRequest, client: Client, wanted: ResourceScopes, target: Target, user: Entity
) -> list[str]:
    """What the token may be used for: everything that is granted for the resource, not only what was asked for."""
    tenant = request.tenant
    granted = granted_names(tenant, client, target.resource, user["id"]) - {"offline_access"}
    requested = requested_permissions(tenant, client, wanted, user["id"], request.sandbox.ports)
    if wanted.is_default:
        requested = requested if not granted - SIGN_IN_SCOPES else []
    if any(one.value not in granted for one in requested):
        raise person_errors.consent_missing(client.app_id, client.name)
    return sorted(granted)


def _answered_scope(wanted: ResourceScopes, names: list[str], sign_in: frozenset[str], version: int) -> list[str]:
    """The granted scopes as the client wrote its own: with the resource or, for Graph, without it.

    Caches look a token up by the words that they asked with, so those come back in any case.
    """
    named = [name for name in names if name not in SIGN_IN_SCOPES]
    if version == 1:
        return named
    is_prefixed = any("/" in word for word in wanted.words)
    words = [f"{wanted.resource}/{name}" if is_prefixed else name for name in named]
    return list(dict.fromkeys([*sorted(sign_in - {"offline_access"}), *words, *wanted.words]))


def _lifetime(version: int, expires_in: int, wanted: ResourceScopes) -> Body:
    if version == 2:
        return {"expires_in": expires_in, "ext_expires_in": expires_in}
    moment = int(now().timestamp())
    return {
        "expires_in": str(expires_in), "ext_expires_in": str(expires_in), "expires_on": str(moment + expires_in),
        "not_before": str(moment - SKEW_SECONDS), "resource": wanted.resource,
    }


def _common(tenant: Tenant, client: Client, delegation: Delegation, user: Entity, audience: str) -> dict[str, Any]:
    """The claims of both kinds of token."""
    moment = int(now().timestamp())
    return {
        "aud": audience, "iat": moment - SKEW_SECONDS, "nbf": moment - SKEW_SECONDS, "name": user["displayName"],
        "oid": user["id"], "rh": f"1.{secrets.token_urlsafe(24)}.", "tid": tenant.tenant_id,
        # One and the same for a user and an application, and another one for each application [E:id-tokens].
        "sub": base64url(hashlib.sha256(f"{user['id']}/{audience}".encode()).digest()),
        "uti": base64url(uuid.uuid4().bytes),
    }


def _id_token(
    request: TokenRequest, client: Client, delegation: Delegation, user: Entity, sign_in: frozenset[str],
    nonce: str | None,
) -> str:
    tenant = request.tenant
    claims = {
        **_common(tenant, client, delegation, user, client.app_id),
        "exp": int(now().timestamp()) + ID_TOKEN_SECONDS,
    }
    if request.version == 1:
        claims |= {
            "iss": issuer(tenant), "ver": "1.0", "amr": list(delegation.authentication.methods),
            "ipaddr": "127.0.0.1", "unique_name": user["userPrincipalName"], "upn": user["userPrincipalName"],
        }
    else:
        claims |= {"iss": f"https://{CLOUD_HOST}/{tenant.tenant_id}/v2.0", "ver": "2.0"}
        if "profile" in sign_in:
            claims["preferred_username"] = user["userPrincipalName"]
        else:
            del claims["name"]
        if "email" in sign_in and user["mail"]:
            claims["email"] = user["mail"]
    if nonce is not None:
        claims["nonce"] = nonce
    return sign(request.sandbox.keys, claims)
