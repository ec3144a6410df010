"""Authorization codes: issued by the authorize endpoint, redeemed once, within ten minutes, at the token endpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta

from m365_sandbox.identity import errors, person_errors
from m365_sandbox.identity.clients import find_client, require_enabled
from m365_sandbox.identity.delegation import Delegation
from m365_sandbox.identity.grants.public_clients import authenticate_for
from m365_sandbox.identity.token_request import Body, TokenRequest
from m365_sandbox.identity.user_tokens import delegated_answer
from m365_sandbox.state.clock import now
from m365_sandbox.state.tenant import Tenant, digest

LIFETIME = timedelta(minutes=10)
# So long a code that was redeemed or has expired is still told from one that never existed.
REMEMBERED = timedelta(days=1)


@dataclass(frozen=True)
class Proof:
    """What has to be shown with a code: the redirect URI that it was sent to, and the verifier of PKCE's challenge."""

    redirect_uri: str
    challenge: str | None
    challenge_method: str | None
    nonce: str | None


def issue_code(tenant: Tenant, delegation: Delegation, proof: Proof) -> str:
    """A new code. The caller saves."""
    code = f"1.{secrets.token_urlsafe(96)}"
    codes, moment = tenant["authorization_codes"], now().timestamp()
    for key, kept in codes.dump().items():
        if moment - kept["issued"] > REMEMBERED.total_seconds():
            codes.delete(key)
    codes.put(digest(code), {
        "issued": moment, "redeemed": False, "delegation": delegation.content(), "proof": asdict(proof),
    })
    return code


async def redeem_code(request: TokenRequest) -> Body:
    """``grant_type=authorization_code``.

    :raises EntraError: for every request that gets no token.
    """
    form, codes = request.form, request.tenant["authorization_codes"]
    client = find_client(request.tenant, request.client_id, request.lag)
    require_enabled(client)
    if not form.get("code"):
        raise errors.missing_parameter("code")
    kept = codes.get(digest(form["code"]))
    if kept is None or kept["delegation"]["client_id"] != client.app_id:
        raise person_errors.malformed_grant()
    delegation = Delegation.of(kept["delegation"])
    auth_method = await authenticate_for(request, client, delegation.platform)
    if kept["redeemed"]:
        raise person_errors.redeemed_code()
    if now().timestamp() - kept["issued"] > LIFETIME.total_seconds():
        raise person_errors.expired_code()
    _check(Proof(**kept["proof"]), form.get("redirect_uri"), form.get("code_verifier"))
    answer = delegated_answer(request, client, delegation, auth_method, nonce=kept["proof"]["nonce"])
    codes.put(digest(form["code"]), {**kept, "redeemed": True})
    request.tenant.save()
    return answer


def _check(proof: Proof, redirect_uri: str | None, verifier: str | None) -> None:
    if not redirect_uri:
        raise errors.missing_parameter("redirect_uri")
    if redirect_uri != proof.redirect_uri:
        raise person_errors.other_redirect_uri(redirect_uri, proof.redirect_uri)
    if (verifier is None) is not (proof.challenge is None):
        raise person_errors.wrong_verifier()
    if verifier is not None and proof.challenge is not None and not hmac.compare_digest(
        _challenge(verifier, proof.challenge_method).encode(), proof.challenge.encode()
    ):
        raise person_errors.wrong_verifier()


def _challenge(verifier: str, method: str | None) -> str:
    """The challenge that belongs to a verifier (RFC 7636)."""
    if method != "S256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
