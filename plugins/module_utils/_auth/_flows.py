# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a person signs in, in a browser of their own: by a device code, or with an authorization code that comes back to
this machine.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code and …/v2-oauth2-auth-code-flow; both are
msal's, PKCE and the loopback listener (RFC 8252) included.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._aadsts import authentication_error
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.signed_in import SignedIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError

MISSING: dict[str, str] = {}
try:
    import msal
    from msal.oauth2cli.authcode import AuthCodeReceiver
except ImportError:
    MISSING["msal>=1.35"] = traceback.format_exc()
else:
    # Its listener takes an answer by POST since then, and by nothing else since 1.39.
    if tuple(map(int, msal.__version__.split(".")[:2])) < (1, 35):
        MISSING["msal>=1.35"] = f"msal {msal.__version__} is too old to sign people in."

#: Tells a person what to do, at once.
Prompt: TypeAlias = Callable[[str], None]


def by_device_code(person: SignedIn, scope: str, seconds: float, prompt: Prompt) -> None:
    """Let the person sign in on any device. The application must be a public one.

    :param seconds: how long the person may take; the code itself is good for 15 minutes.
    :raises AuthenticationError: nobody did, somebody else did, or the identity platform refused.
    """
    flow = person.application.initiate_device_flow([scope])
    if "user_code" not in flow:
        raise authentication_error(flow, person.who)
    flow["expires_at"] = min(flow["expires_at"], time.time() + seconds)
    prompt(
        f"Open {flow['verification_uri']} on any device, enter the code {flow['user_code']} and sign in as "
        f"{person.account}."
    )
    answer = person.application.acquire_token_by_device_flow(flow)
    if answer.get("error") in ("authorization_pending", "slow_down"):
        raise _nobody(person, seconds)
    _take(person, answer)


def by_authorization_code(person: SignedIn, scope: str, seconds: float, prompt: Prompt, port: int) -> None:
    """Let the person sign in with a browser that reaches this machine as localhost.

    :param port: where the browser brings the code; 0 for any that is free.
    :raises AuthenticationError: as ``by_device_code``.
    :raises InputError: the port is not free.
    """
    try:
        listener = AuthCodeReceiver(port=port)
    except (OSError, OverflowError) as error:
        raise InputError(f"port: {port} cannot be listened at ({error}).", remedy="Give another.") from error
    with listener:
        flow = person.application.initiate_auth_code_flow(
            [scope], redirect_uri=f"http://localhost:{listener.get_port()}", login_hint=person.account,
            response_mode="form_post",
        )
        prompt(
            f"Open this address in a browser on this machine (from elsewhere, with ssh -L {listener.get_port()}:"
            f"localhost:{listener.get_port()}) and sign in as {person.account}: {flow['auth_uri']}"
        )
        # An answer with another state belongs to another sign-in, and is not taken.
        response = listener.get_auth_response(state=flow["state"], timeout=seconds)
    if response is None:
        raise _nobody(person, seconds)
    _take(person, person.application.acquire_token_by_auth_code_flow(flow, response))


def _take(person: SignedIn, answer: Mapping[str, Any]) -> None:
    if "access_token" not in answer:
        raise authentication_error(answer, person.who)
    # msal knows who it is by this claim, too.
    name = str(answer.get("id_token_claims", {}).get("preferred_username", ""))
    if name.casefold() != person.account.casefold():
        for account in person.application.get_accounts(username=name):
            person.application.remove_account(account)
        raise AuthenticationError(
            f"{name} has signed in, and {person.account} should have. Nothing was kept.",
            remedy=f"Sign in as {person.account}, in a private window of the browser if it offers another account.",
        )


def _nobody(person: SignedIn, seconds: float) -> AuthenticationError:
    return AuthenticationError(
        f"Nobody has signed in for {person.who} within {seconds:g} seconds.", remedy="Run it again."
    )
