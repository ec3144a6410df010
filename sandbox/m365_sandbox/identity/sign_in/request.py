"""What brings a person to the sign-in pages: an authorization request, a device's code, or a request for consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.clients import Client, find_client, require_enabled
from m365_sandbox.identity.delegation import Authentication, Delegation, Platform
from m365_sandbox.identity.discovery import SHARED_TENANTS, is_this_tenant
from m365_sandbox.identity.errors import EntraError
from m365_sandbox.identity.grants.authorization_codes import Proof
from m365_sandbox.identity.scopes import Scope, parse_scope, scope_of_v1
from m365_sandbox.identity.sign_in.redirect_uris import choose_redirect_uri
from m365_sandbox.state.tenant import Tenant

Purpose = Literal["authorize", "device", "adminconsent"]

RESPONSE_MODES = ("query", "fragment", "form_post")
PROMPTS = ("login", "none", "consent", "select_account")
NO_PROOF = Proof("", None, None, None)
_CHALLENGE_SIZES = range(43, 129)


class ReturnedError(Exception):
    """A refusal that goes to the application's redirect URI, not onto the page."""

    def __init__(self, request: SignInRequest, error: EntraError) -> None:
        super().__init__(str(error))
        self.request = request
        self.error = error


@dataclass(frozen=True)
class SignInRequest:
    """One request, as the pages carry it along.

    ``scope`` is v2.0's parameter, ``resource`` v1.0's. ``proof`` holds the redirect URI and what the code will be
    checked with. ``device`` is the key of the device's code.
    """

    purpose: Purpose
    tenant_name: str
    version: int
    client_id: str
    scope: str
    resource: str = ""
    prompts: tuple[str, ...] = ()
    login_hint: str = ""
    platform: Platform = "web"
    response_mode: str = "query"
    state: str | None = None
    proof: Proof = NO_PROOF
    device: str | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> SignInRequest:
        """The one that ``content`` wrote."""
        return cls(**{**content, "prompts": tuple(content["prompts"]), "proof": Proof(**content["proof"])})

    def content(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @property
    def wanted(self) -> Scope:
        """What the application asks for."""
        return parse_scope(self.scope) if self.version == 2 else scope_of_v1(self.resource)

    def delegation(self, client: Client, authentication: Authentication) -> Delegation:
        """What the person's consent comes to."""
        return Delegation(client.app_id, authentication, self.scope, self.resource, self.platform)


@contextmanager
def told(request: SignInRequest) -> Iterator[None]:
    """Who is told of a refusal.

    :raises EntraError: the person is, on the page.
    :raises ReturnedError: the application is, since nobody may be asked.
    """
    try:
        yield
    except EntraError as error:
        if "none" in request.prompts:
            raise ReturnedError(request, error) from error
        raise


def read_authorization_request(
    tenant: Tenant, tenant_name: str, version: int, query: Mapping[str, str]
) -> SignInRequest:
    """An authorization request.

    :raises EntraError: what the page says: nobody knows where else to say it.
    :raises ReturnedError: everything else.
    """
    client = _client(tenant, tenant_name, query)
    uri, platform = choose_redirect_uri(client, query.get("redirect_uri"))
    prompts = tuple(query.get("prompt", "").split())
    method = query.get("code_challenge_method")
    challenge = query.get("code_challenge")
    request = SignInRequest(
        purpose="authorize", tenant_name=tenant_name, version=version, client_id=client.app_id,
        scope=query.get("scope", "") if version == 2 else "", resource=query.get("resource", ""), prompts=prompts,
        login_hint=query.get("login_hint", ""), platform=platform, response_mode=query.get("response_mode") or "query",
        state=query.get("state"),
        proof=Proof(uri, challenge, method or ("plain" if challenge else None), query.get("nonce")),
    )
    if request.response_mode not in RESPONSE_MODES:
        plain = replace(request, response_mode="query")
        raise ReturnedError(plain, person_errors.unsupported_response_mode(request.response_mode))
    try:
        _check_response_type(client, query.get("response_type"))
        _check_prompts(prompts)
        _check_challenge(request.proof, platform)
        if version == 2 and request.resource:
            raise errors.resource_not_supported()
        _ = request.wanted
    except EntraError as error:
        raise ReturnedError(request, error) from error
    return request


def read_admin_consent_request(
    tenant: Tenant, tenant_name: str, version: int, query: Mapping[str, str]
) -> SignInRequest:
    """A request for an administrator's consent; v1.0's has no scope: it is about all registered permissions.

    :raises EntraError: what the page says.
    :raises ReturnedError: everything else.
    """
    client = _client(tenant, tenant_name, query, any_tenant=True)
    uri, platform = choose_redirect_uri(client, query.get("redirect_uri"))
    request = SignInRequest(
        purpose="adminconsent", tenant_name=tenant_name, version=version, client_id=client.app_id,
        scope=query.get("scope", "") if version == 2 else "", platform=platform, state=query.get("state"),
        proof=Proof(uri, None, None, None),
    )
    try:
        if version == 2:
            parse_scope(request.scope)
    except EntraError as error:
        raise ReturnedError(request, error) from error
    return request


def _client(tenant: Tenant, tenant_name: str, query: Mapping[str, str], *, any_tenant: bool = False) -> Client:
    is_shared = tenant_name.casefold() in SHARED_TENANTS
    if not is_shared and not is_this_tenant(tenant, tenant_name):
        raise errors.unknown_tenant(tenant_name)
    if not query.get("client_id"):
        raise errors.missing_parameter("client_id")
    client = find_client(tenant, query["client_id"])
    require_enabled(client)
    is_single_tenant = client.application is not None and client.application["signInAudience"] == "AzureADMyOrg"
    if is_shared and is_single_tenant and not any_tenant:
        raise person_errors.single_tenant(client.app_id, client.name)
    return client


def _check_response_type(client: Client, response_type: str | None) -> None:
    if not response_type:
        raise errors.missing_parameter("response_type")
    if response_type == "code":
        return
    web = (client.application or {}).get("web") or {}
    settings = web.get("implicitGrantSettings") or {}
    names = {"token": "enableAccessTokenIssuance", "id_token": "enableIdTokenIssuance"}
    for name, switch in names.items():
        if name in response_type.split() and not settings.get(switch):
            raise person_errors.disabled_response_type(name)
    raise person_errors.unsupported_response_type(response_type)


def _check_prompts(prompts: tuple[str, ...]) -> None:
    if any(prompt not in PROMPTS for prompt in prompts) or ("none" in prompts and len(prompts) > 1):
        raise person_errors.invalid_prompt(" ".join(prompts))


def _check_challenge(proof: Proof, platform: Platform) -> None:
    if proof.challenge is None:
        if proof.challenge_method is not None:
            raise person_errors.bad_challenge_size()
        if platform == "spa":
            raise person_errors.challenge_required()
        return
    if len(proof.challenge) not in _CHALLENGE_SIZES:
        raise person_errors.bad_challenge_size()
    if proof.challenge_method not in ("S256", "plain"):
        raise person_errors.bad_challenge_method()
