"""What a person is asked next, from what was asked for, who is signed in in the browser, and how far they have come.

Nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.clients import Client, find_client
from m365_sandbox.identity.consent import (
    Permission,
    find_target,
    is_consenting_admin,
    missing_permissions,
    registered_permissions,
    requested_permissions,
    sign_in_permissions,
)
from m365_sandbox.identity.delegation import Authentication
from m365_sandbox.identity.errors import EntraError
from m365_sandbox.identity.sign_in.request import ReturnedError, SignInRequest, told
from m365_sandbox.identity.sign_in.sessions import Browser
from m365_sandbox.state.history import Entity
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.sign_in_settings import sign_in_settings
from m365_sandbox.state.tenant import Tenant


@dataclass(frozen=True)
class Progress:
    """How far a person has come with a request.

    ``user_id`` is the account that was chosen, ``authenticated`` whether they gave its password during this request,
    ``confirmed`` whether they know the device, ``agreed`` whether they consented.
    """

    request: SignInRequest
    user_id: str | None = None
    authenticated: bool = False
    confirmed: bool = False
    agreed: bool = False

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Progress:
        """The one that ``content`` wrote."""
        return cls(**{**content, "request": SignInRequest.of(content["request"])})

    def content(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "request": self.request.content(), "user_id": self.user_id, "authenticated": self.authenticated,
            "confirmed": self.confirmed, "agreed": self.agreed,
        }


@dataclass(frozen=True)
class Ask:
    """A page by its name, what it shows, and how far the person has come when it is shown."""

    page: str
    progress: Progress
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """Everything is answered."""

    client: Client
    authentication: Authentication


def next_step(sandbox: Sandbox, browser: Browser, progress: Progress) -> Ask | Done:
    """The next page, or the end.

    :raises EntraError: for a person who gets no further, on the page.
    :raises ReturnedError: for what the application has to be told; everything, if nobody may be asked.
    """
    with told(progress.request):
        return _next_step(sandbox, browser, progress)


def _next_step(sandbox: Sandbox, browser: Browser, progress: Progress) -> Ask | Done:
    request, tenant = progress.request, sandbox.tenant
    is_silent = "none" in request.prompts
    client = find_client(tenant, request.client_id)
    if progress.user_id is None:
        chosen = _chosen_account(tenant, browser, request)
        if chosen is None:
            return _account_page(tenant, browser, progress, is_silent)
        progress = replace(progress, user_id=chosen)
    user = tenant["users"].get(progress.user_id or "")
    if user is None:
        raise person_errors.unknown_user(tenant.display_name)
    authentication = browser.accounts.get(user["id"])
    if authentication is None or ("login" in request.prompts and not progress.authenticated):
        if is_silent:
            raise person_errors.nobody_signed_in()
        return Ask("password", progress, {"user": user})
    _check_user(tenant, client, user)
    if sign_in_settings(tenant, user["id"])["multiFactorCode"] is not None and "mfa" not in authentication.methods:
        if is_silent:
            raise person_errors.multi_factor_required(client.name)
        return Ask("factor", progress, {"user": user})
    if request.purpose == "device" and not progress.confirmed:
        return Ask("device_confirmation", progress, {"user": user, "client": client})
    consent = _consent_page(sandbox, progress, client, user, is_silent)
    return consent or Done(client, authentication)


def permissions_to_grant(sandbox: Sandbox, request: SignInRequest, client: Client, user_id: str) -> list[Permission]:
    """What the consent page is about; empty if nothing has to be consented to.

    :raises EntraError: for a resource or a permission that does not exist.
    """
    tenant, wanted = sandbox.tenant, request.wanted
    if request.purpose == "adminconsent":
        resources = [find_target(tenant, one, sandbox.ports).resource["id"] for one in wanted.resources]
        named = [
            permission for one in wanted.resources if not one.is_default
            for permission in requested_permissions(tenant, client, one, user_id, sandbox.ports)
        ]
        registered = registered_permissions(tenant, client, ("Scope", "Role"))
        is_all = not wanted.resources or any(one.is_default for one in wanted.resources)
        return [*named, *(one for one in registered if is_all and (not resources or one.resource["id"] in resources))]
    if "consent" in request.prompts:
        named = [
            permission for one in wanted.resources
            for permission in requested_permissions(tenant, client, one, user_id, sandbox.ports)
        ]
        return [*named, *sign_in_permissions(tenant, wanted)]
    return missing_permissions(tenant, client, wanted, user_id, sandbox.ports)


def _chosen_account(tenant: Tenant, browser: Browser, request: SignInRequest) -> str | None:
    """The one account that there is no need to ask about, by object id of its user."""
    if "select_account" in request.prompts:
        return None
    if request.login_hint:
        hinted = tenant.find_user(request.login_hint)
        return hinted["id"] if hinted is not None else None
    if "login" in request.prompts or len(browser.accounts) != 1:
        return None
    return next(iter(browser.accounts))


def _account_page(tenant: Tenant, browser: Browser, progress: Progress, is_silent: bool) -> Ask:
    accounts = [user for key in browser.accounts if (user := tenant["users"].get(key)) is not None]
    if is_silent:
        raise person_errors.several_accounts() if len(accounts) > 1 else person_errors.nobody_signed_in()
    if accounts and "login" not in progress.request.prompts:
        return Ask("accounts", progress, {"accounts": accounts})
    return Ask("account", progress, {"name": progress.request.login_hint})


def _check_user(tenant: Tenant, client: Client, user: Entity) -> None:
    """:raises EntraError: for a user who must not use the application, whatever they know."""
    settings = sign_in_settings(tenant, user["id"])
    if not user["accountEnabled"]:
        raise person_errors.disabled_user()
    if settings["passwordExpired"]:
        raise person_errors.expired_password()
    if settings["blockedByConditionalAccess"]:
        raise person_errors.blocked_by_policy()
    principal = client.principal
    if principal is not None and principal["appRoleAssignmentRequired"] and not tenant.find(
        "app_role_assignments", principalId=user["id"], resourceId=principal["id"]
    ):
        raise person_errors.not_assigned(client.app_id, client.name, user["userPrincipalName"])


def _consent_page(
    sandbox: Sandbox, progress: Progress, client: Client, user: Entity, is_silent: bool
) -> Ask | None:
    request = progress.request
    try:
        if progress.agreed:
            return None
        permissions = permissions_to_grant(sandbox, request, client, user["id"])
    except EntraError as error:
        if request.purpose == "device":
            # A device has no address at which it could be told.
            raise
        raise ReturnedError(request, error) from error
    if not permissions and request.purpose != "adminconsent":
        return None
    if is_silent:
        raise person_errors.consent_missing(client.app_id, client.name, error="interaction_required")
    is_admin = is_consenting_admin(sandbox.tenant, user["id"])
    context = {"user": user, "client": client, "permissions": permissions, "tenant": sandbox.tenant}
    if not is_admin and (request.purpose == "adminconsent" or any(one.needs_admin for one in permissions)):
        return Ask("approval", progress, {**context, "error": person_errors.admin_consent_required(client.name)})
    return Ask("consent", progress, {
        **context, "is_admin": is_admin, "is_for_everyone": request.purpose == "adminconsent",
    })

