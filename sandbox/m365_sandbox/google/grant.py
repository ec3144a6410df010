"""The JWT bearer grant (RFC 7523), by which a service account gets a token: for itself, or for a user of a domain.

Claims: https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests. In which order
Google looks at them is unconfirmed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import jwt

from m365_sandbox.google import errors
from m365_sandbox.google.tokens import LIFETIME_SECONDS, issue
from m365_sandbox.google.workspace import Workspace
from m365_sandbox.identity.tokens import WITHOUT_MACHINE_TIME
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What Google has called its token endpoint over the years, and takes as the audience.
AUDIENCES = (
    "https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
)
LONGEST_LIFE_SECONDS = 3600
# How far a client's clock may be off; Google's own figure is not public.
SKEW_SECONDS = 300


def answer(sandbox: Sandbox, form: Mapping[str, str], own_address: str) -> dict[str, Any]:
    """The answer to a token request.

    :param own_address: the sandbox's token endpoint, which clients with its key files take for the audience.
    :raises GoogleError: it is refused.
    """
    grant_type = form.get("grant_type")
    if not grant_type:
        raise errors.missing_parameter("grant_type")
    if grant_type != GRANT_TYPE:
        raise errors.unknown_grant(grant_type)
    if not form.get("assertion"):
        raise errors.missing_parameter("assertion")
    claims, account = _verified(sandbox.tenant, form["assertion"])
    if claims.get("aud") not in (*AUDIENCES, own_address):
        raise errors.wrong_audience()
    _check_times(claims)
    scopes = claims["scope"].split() if isinstance(claims.get("scope"), str) else []
    if not scopes or not all(map(_is_known, scopes)):
        raise errors.wrong_scope()
    subject = claims.get("sub") or account["client_email"]
    if subject != account["client_email"]:
        _check_delegation(sandbox.tenant, account, subject, scopes)
    token = issue(sandbox.credentials.google_token_secret, subject, scopes)
    return {"access_token": token, "expires_in": LIFETIME_SECONDS, "token_type": "Bearer"}


def _verified(tenant: Tenant, assertion: str) -> tuple[Mapping[str, Any], Entity]:
    """The claims of the assertion and the account that has signed it."""
    try:
        whole = jwt.api_jws.decode_complete(assertion, options={"verify_signature": False})
        claims = json.loads(whole["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise errors.malformed() from error
    if not isinstance(claims, dict):
        raise errors.malformed()
    account = tenant["google_service_accounts"].get(str(claims.get("iss")))
    if account is None or account["disabled"]:
        raise errors.account_not_found()
    named = whole["header"].get("kid")
    keys = [
        key for key in tenant.find("google_keys", client_email=account["client_email"], disabled=False)
        if named in (None, key["private_key_id"])
    ]
    if not any(_is_signed(assertion, key) for key in keys):
        raise errors.wrong_signature()
    return claims, account


def _is_signed(assertion: str, key: Entity) -> bool:
    try:
        jwt.decode(
            assertion, key["public_key"], algorithms=["RS256"],
            options={**WITHOUT_MACHINE_TIME, "verify_aud": False},
        )
    except (jwt.InvalidTokenError, RecursionError):
        return False
    return True


def _check_times(claims: Mapping[str, Any]) -> None:
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    in_time = issued - SKEW_SECONDS <= now().timestamp() < expires + SKEW_SECONDS
    if not in_time or not 0 < expires - issued <= LONGEST_LIFE_SECONDS:
        raise errors.wrong_times()


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise errors.wrong_times()
    return value


def _is_known(scope: str) -> bool:
    return scope == "https://mail.google.com/" or scope.startswith("https://www.googleapis.com/auth/")


def _check_delegation(tenant: Tenant, account: Entity, subject: str, scopes: Collection[str]) -> None:
    if not isinstance(subject, str) or "@" not in subject:
        raise errors.no_address()
    workspace = Workspace(tenant)
    if subject.rpartition("@")[2].casefold() not in workspace.domains or not set(scopes) <= set(account["scopes"]):
        raise errors.not_delegated()
    user = workspace.find_recipient(subject)
    if user is None:
        raise errors.unknown_user()
    if user["suspended"]:
        raise errors.suspended_user()
