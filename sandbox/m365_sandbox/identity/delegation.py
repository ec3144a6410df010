"""What a person's sign-in and consent came to: what codes, refresh tokens and device codes stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.scopes import Scope, parse_scope, scope_of_v1
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sign_in_settings import sign_in_settings
from m365_sandbox.state.tenant import Tenant

# The platform of the redirect URI decides what a client is: one with a credential, one in a browser, or a public one.
Platform = Literal["web", "spa", "publicClient"]


@dataclass(frozen=True)
class Authentication:
    """A sign-in: the user's object id, the moment (seconds since 1970) and how, as ``amr`` says it."""

    user_id: str
    moment: float
    methods: tuple[str, ...]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Authentication:
        """The one that ``asdict`` wrote."""
        return cls(content["user_id"], content["moment"], tuple(content["methods"]))


@dataclass(frozen=True)
class Delegation:
    """A person's leave for a client. ``scope`` is v2.0's parameter as it was given, ``resource`` that of v1.0."""

    client_id: str
    authentication: Authentication
    scope: str
    resource: str
    platform: Platform

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Delegation:
        """The one that ``content`` wrote."""
        return cls(**{**content, "authentication": Authentication.of(content["authentication"])})

    def content(self) -> Entity:
        """What JSON can hold."""
        return asdict(self)

    def requested(self, version: int, form: Mapping[str, str]) -> Scope:
        """What a token request is for: what it says, else what the person was asked for.

        :raises EntraError: for a scope that makes no sense.
        """
        if version == 1:
            return scope_of_v1(form.get("resource") or self.resource)
        if "resource" in form:
            raise errors.resource_not_supported()
        return parse_scope(form.get("scope") or self.scope)

    def agreed(self) -> Scope:
        """What the person was asked for."""
        return parse_scope(self.scope) if self.scope else scope_of_v1(self.resource)


def is_current(tenant: Tenant, authentication: Authentication) -> bool:
    """Whether a sign-in still counts: not revoked, and not older than Conditional Access allows."""
    settings, moment = sign_in_settings(tenant, authentication.user_id), now().timestamp()
    frequency = settings["signInFrequencySeconds"]
    return bool(
        authentication.user_id in tenant["users"]
        and settings["validFrom"] <= authentication.moment <= moment
        and (frequency is None or moment - authentication.moment <= frequency)
    )


def check_grant(tenant: Tenant, authentication: Authentication, resource: str) -> Entity:
    """The user, if a code or refresh token from that sign-in may still be redeemed.

    :param resource: what the client asks a token for, as it names it.
    :raises EntraError: with what has to be done by a person.
    """
    user = tenant["users"].get(authentication.user_id)
    if user is None:
        raise person_errors.malformed_grant()
    if not user["accountEnabled"]:
        raise person_errors.disabled_user()
    settings = sign_in_settings(tenant, authentication.user_id)
    if authentication.moment < settings["validFrom"]:
        raise person_errors.revoked(iso(authentication.moment), iso(settings["validFrom"]))
    frequency = settings["signInFrequencySeconds"]
    if frequency is not None and now().timestamp() - authentication.moment > frequency:
        raise person_errors.sign_in_frequency(iso(authentication.moment), frequency)
    if settings["blockedByConditionalAccess"]:
        raise person_errors.blocked_by_policy(error="invalid_grant")
    if settings["multiFactorCode"] is not None and "mfa" not in authentication.methods:
        raise person_errors.multi_factor_required(resource, error="invalid_grant")
    return user


def iso(seconds: float) -> str:
    """A moment as Entra's refusals write it, for example 2026-05-20T16:18:37.2732417Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
