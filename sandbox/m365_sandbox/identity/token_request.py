"""Token requests: what every grant has in common, and which module answers which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from m365_sandbox.identity import errors
from m365_sandbox.identity.discovery import SHARED_TENANTS, is_this_tenant
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.tenant import Tenant

Body = dict[str, Any]


@dataclass(frozen=True)
class TokenRequest:
    """One request.

    ``tenant_name`` is the tenant as the path names it, ``version`` 1 or 2 that of the endpoint, ``form`` holds the
    parameters, each once, ``basic`` client id and secret of an HTTP Basic header. ``host`` is the host and port by
    which the client reached the sandbox, ``origin`` the page that a browser names, ``lag`` how many seconds the
    replica that answers trails the writes.
    """

    sandbox: Sandbox
    tenant_name: str
    version: int
    form: Mapping[str, str]
    basic: tuple[str, str] | None
    host: str
    origin: str | None
    lag: float

    @property
    def tenant(self) -> Tenant:
        """The tenant."""
        return self.sandbox.tenant

    @property
    def client_id(self) -> str:
        """Who asks, from the form or the header; empty if nobody says."""
        return self.form.get("client_id") or (self.basic[0] if self.basic else "")

    @property
    def basic_secret(self) -> str | None:
        """The secret of the header."""
        return self.basic[1] if self.basic else None


Grant = Callable[[TokenRequest], Awaitable[Body]]


async def answer_token_request(request: TokenRequest, grants: Mapping[str, Grant]) -> Body:
    """The body of a successful answer.

    :param grants: the function that answers, by ``grant_type``.
    :raises EntraError: for every request that gets no token.
    """
    grant_type = request.form.get("grant_type")
    if not grant_type:
        raise errors.missing_parameter("grant_type")
    if not request.client_id:
        raise errors.missing_parameter("client_id")
    if request.basic and request.basic[0] != request.client_id:
        raise errors.malformed_request()
    require_tenant(request.tenant, request.tenant_name)
    if grant_type not in grants:
        raise errors.unsupported_grant_type(grant_type)
    return await grants[grant_type](request)


def require_tenant(tenant: Tenant, name: str) -> None:
    """:raises EntraError: 90002 if a path names another tenant."""
    if name.casefold() not in SHARED_TENANTS and not is_this_tenant(tenant, name):
        raise errors.unknown_tenant(name)
