"""Who is signed in in a browser, and which browser it is: two sealed cookies.

The second is what a form must have been made for: a page elsewhere cannot make one that fits.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from starlette.responses import Response

from m365_sandbox.identity.delegation import Authentication, is_current
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.seal import BrokenSeal
from m365_sandbox.state.tenant import Tenant


@dataclass(frozen=True)
class Browser:
    """``identifier`` is random; ``accounts`` are the sign-ins that count, by object id of the user."""

    identifier: str
    accounts: Mapping[str, Authentication]

    def with_account(self, authentication: Authentication) -> Browser:
        """The same with another sign-in."""
        return Browser(self.identifier, {**self.accounts, authentication.user_id: authentication})

    def without_accounts(self) -> Browser:
        """The same with nobody signed in."""
        return Browser(self.identifier, {})


def read_browser(sandbox: Sandbox, cookies: Mapping[str, str]) -> Browser:
    """What the cookies of a request say; a new browser if they say nothing that can be believed."""
    identifier, accounts = "", []
    try:
        identifier = sandbox.seal.open("browser", cookies.get(_browser_cookie(sandbox.tenant), ""))["identifier"]
        accounts = sandbox.seal.open("session", cookies.get(_session_cookie(sandbox.tenant), ""))["accounts"]
    except BrokenSeal:
        pass
    found = (Authentication.of(account) for account in accounts)
    return Browser(
        identifier or secrets.token_urlsafe(16),
        {one.user_id: one for one in found if is_current(sandbox.tenant, one)},
    )


def write_browser(sandbox: Sandbox, browser: Browser, response: Response) -> None:
    """Set the cookies."""
    accounts = [asdict(account) for account in browser.accounts.values()]
    for name, text in (
        (_browser_cookie(sandbox.tenant), sandbox.seal.seal("browser", {"identifier": browser.identifier})),
        (_session_cookie(sandbox.tenant), sandbox.seal.seal("session", {"accounts": accounts})),
    ):
        response.set_cookie(name, text, secure=True, httponly=True, samesite="lax")


# All sandboxes of a machine share one jar, since cookies know no ports.
def _browser_cookie(tenant: Tenant) -> str:
    return f"buid-{tenant.tenant_id}"


def _session_cookie(tenant: Tenant) -> str:
    return f"ESTSAUTH-{tenant.tenant_id}"
