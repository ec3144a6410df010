"""Access tokens for applications: issuing them and checking them. Every face checks with ``verify``.

Graph and Exchange Online are resources with v1.0 tokens, whatever endpoint the client used (facts: the resource's
requestedAccessTokenVersion decides), so that is the only format.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, get_args

import jwt
from jwt.types import Options

from m365_sandbox.state.clock import now
from m365_sandbox.state.directory_roles import held_roles
from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import SigningKeys, base64url
from m365_sandbox.state.resources import find_resource
from m365_sandbox.state.tenant import Tenant

AuthMethod = Literal["none", "secret", "certificate"]
Reason = Literal["empty", "malformed", "expired", "audience", "signature"]

# The claim's values are documented with the v1.0 token: 0 is a public client, 1 a client secret, 2 a certificate or
# another assertion.
APPIDACR: dict[AuthMethod, str] = {"none": "0", "secret": "1", "certificate": "2"}
SKEW_SECONDS = 300
# PyJWT knows the machine's clock only.
WITHOUT_MACHINE_TIME: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


class TokenError(Exception):
    """A token that no face accepts; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        assert reason in get_args(Reason)
        super().__init__(reason)
        self.reason: Reason = reason


def issuer(tenant: Tenant) -> str:
    """The issuer of v1.0 tokens; the final slash belongs to it."""
    return f"https://sts.windows.net/{tenant.tenant_id}/"


def random_lifetime() -> int:
    """Seconds that a new access token lives: between 60 and 90 minutes, as Entra does."""
    return 3600 + secrets.randbelow(1801)


def granted_roles(tenant: Tenant, service_principal: Entity, resource: Entity) -> list[str]:
    """The values of the application permissions of ``resource`` that were granted, sorted."""
    values = {role["id"]: role["value"] for role in resource["appRoles"]}
    granted = tenant.find("app_role_assignments", principalId=service_principal["id"], resourceId=resource["id"])
    return sorted(values[grant["appRoleId"]] for grant in granted if grant["appRoleId"] in values)


def issue_app_token(
    tenant: Tenant, keys: SigningKeys, *, service_principal: Entity, resource: str, auth_method: AuthMethod,
    lifetime: int | None = None,
) -> str:
    """A signed app-only access token.

    :param resource: the resource's URI or appId, exactly as it was asked for: it becomes ``aud``.
    :param lifetime: seconds; negative for a token that is already expired; a random one when left out.
    """
    moment = int(now().timestamp())
    principal = find_resource(tenant, resource)
    roles = granted_roles(tenant, service_principal, principal) if principal else []
    claims: dict[str, Any] = {
        "aud": resource,
        "iss": issuer(tenant),
        "iat": moment - SKEW_SECONDS,
        "nbf": moment - SKEW_SECONDS,
        "exp": moment + (random_lifetime() if lifetime is None else lifetime),
        "aio": secrets.token_urlsafe(24),
        "app_displayname": service_principal["displayName"],
        "appid": service_principal["appId"],
        "appidacr": APPIDACR[auth_method],
        "idp": issuer(tenant),
        "idtyp": "app",
        "oid": service_principal["id"],
        "rh": f"1.{secrets.token_urlsafe(24)}.",
        "roles": roles,
        "sub": service_principal["id"],
        "tenant_region_scope": "EU",
        "tid": tenant.tenant_id,
        "uti": base64url(uuid.uuid4().bytes),
        "ver": "1.0",
        "wids": held_roles(tenant, service_principal["id"]),
        "xms_tcdt": int(datetime.fromisoformat(tenant.created).timestamp()),
    }
    if not roles:
        del claims["roles"]
    return sign(keys, claims)


def sign(keys: SigningKeys, claims: dict[str, Any]) -> str:
    """A token with these claims, with the header of v1.0 tokens."""
    return jwt.encode(claims, keys.private_key, algorithm="RS256", headers={"kid": keys.kid, "x5t": keys.kid})


def verify(keys: SigningKeys, tenant: Tenant, token: str, audiences: Collection[str]) -> dict[str, Any]:
    """The claims of a token that is signed by this tenant, in its time and for one of the audiences.

    :raises TokenError: for every other token.
    """
    if not token:
        raise TokenError("empty")
    try:
        claims: dict[str, Any] = jwt.decode(
            token, keys.public_key, algorithms=["RS256"], audience=list(audiences), issuer=issuer(tenant),
            options={"require": ["aud", "exp", "iss", "nbf", "tid"], **WITHOUT_MACHINE_TIME},
        )
    except jwt.InvalidAudienceError as error:
        raise TokenError("audience") from error
    except (jwt.InvalidSignatureError, jwt.InvalidIssuerError, jwt.InvalidAlgorithmError) as error:
        raise TokenError("signature") from error
    # A header or body of brackets within brackets is more than the library expects.
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise TokenError("malformed") from error
    # Graph has one sentence for both ends of a lifetime.
    if not claims["nbf"] <= now().timestamp() < claims["exp"]:
        raise TokenError("expired")
    return claims
