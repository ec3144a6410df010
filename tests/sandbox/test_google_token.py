"""Google's token endpoint: the JWT bearer grant for service accounts, and each of its refusals."""

from __future__ import annotations

import base64
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from google_client import GRANT, MAIL, ORDERS, ask, assertion, grant, key_of
from sandbox_fixture import RunningSandbox

NOT_DELEGATED = (
    401, "unauthorized_client",
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
    "scopes requested.",
)
NOT_FOUND = (400, "invalid_grant", "Invalid grant: account not found")
BAD_SIGNATURE = (400, "invalid_grant", "Invalid JWT Signature.")
BAD_TIMES = (
    400, "invalid_grant",
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
    "values in the JWT claim.",
)
BAD_AUDIENCE = (400, "invalid_grant", "Invalid JWT: Failed audience check.")


def refused(answer: tuple[int, dict[str, Any]]) -> tuple[int, str, str]:
    status, body = answer
    assert set(body) == {"error", "error_description"}, body
    return status, body["error"], body["error_description"]


def test_a_token_for_a_delegated_user(clean: RunningSandbox) -> None:
    status, answer = grant(clean, key_of(clean))
    assert (status, answer["expires_in"], answer["token_type"]) == (200, 3599, "Bearer")
    assert answer["access_token"].startswith("ya29.")


def test_a_token_for_the_account_itself_needs_no_delegation(clean: RunningSandbox) -> None:
    key = key_of(clean)
    clean.control("PATCH", f"/tenant/google-service-accounts/{key['client_email']}", {"scopes": []})
    assert grant(clean, key, sub=None)[0] == 200
    assert refused(grant(clean, key)) == NOT_DELEGATED


@pytest.mark.parametrize("audience", ["own", "https://www.googleapis.com/oauth2/v4/token"])
def test_all_names_of_the_token_endpoint_are_taken(clean: RunningSandbox, audience: str) -> None:
    own = clean.env["MAILOPS_GOOGLE_TOKEN_URI"]
    assert grant(clean, key_of(clean), aud=own if audience == "own" else audience)[0] == 200


@pytest.mark.parametrize(("claims", "expected"), [
    ({"iss": "nobody@fabrikam-mail.iam.gserviceaccount.com"}, NOT_FOUND),
    ({"iss": None}, NOT_FOUND),
    ({"aud": "https://login.microsoftonline.com"}, BAD_AUDIENCE),
    ({"aud": None}, BAD_AUDIENCE),
    ({"iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600}, BAD_TIMES),
    ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, BAD_TIMES),
    ({"exp": int(time.time()) + 7200}, BAD_TIMES),
    ({"iat": None}, BAD_TIMES), ({"exp": "soon"}, BAD_TIMES),
    ({"scope": None}, (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")),
    ({"scope": "mail"}, (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")),
    ({"scope": "https://www.googleapis.com/auth/drive"}, NOT_DELEGATED),
    ({"scope": f"{MAIL} https://www.googleapis.com/auth/drive"}, NOT_DELEGATED),
    ({"sub": "nobody@fabrikam.example"}, (400, "invalid_grant", "Invalid email or User ID")),
    ({"sub": "orders"}, (400, "invalid_grant", "Not a valid email.")),
    ({"sub": "probe@contoso.example"}, NOT_DELEGATED),
    ({"algorithm": "HS256"}, BAD_SIGNATURE), ({"kid": "0" * 40}, BAD_SIGNATURE),
])
def test_what_google_refuses(
    clean: RunningSandbox, claims: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert refused(grant(clean, key_of(clean), **claims)) == expected


@pytest.mark.parametrize(("form", "error"), [
    ({}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type"), ({"grant_type": GRANT},
     "invalid_request"), ({"grant_type": GRANT, "assertion": "a.b.c"}, "invalid_grant"),
    ({"grant_type": GRANT, "assertion": "e30.W10.AA"}, "invalid_grant"),
])
def test_requests_that_are_none(clean: RunningSandbox, form: dict[str, str], error: str) -> None:
    assert refused(ask(clean, form))[:2] == (400, error)


def test_the_account_the_key_and_the_user_can_be_switched_off(clean: RunningSandbox) -> None:
    key = key_of(clean)
    other = clean.control("POST", "/tenant/google-keys", {"client_email": key["client_email"]})
    clean.control("PATCH", f"/tenant/google-keys/{key['private_key_id']}", {"disabled": True})
    assert refused(grant(clean, key)) == BAD_SIGNATURE
    assert grant(clean, json.loads(other["json"]))[0] == 200
    clean.control("PATCH", f"/tenant/google-users/{ORDERS}", {"suspended": True})
    assert refused(grant(clean, json.loads(other["json"]))) == (400, "access_denied", "Account restricted")
    clean.control("PATCH", f"/tenant/google-service-accounts/{key['client_email']}", {"disabled": True})
    assert refused(grant(clean, json.loads(other["json"]))) == NOT_FOUND


def test_another_accounts_key_is_refused(clean: RunningSandbox) -> None:
    added = clean.control("POST", "/tenant/google-service-accounts", {"name": "other", "scopes": [MAIL]})
    other = json.loads(added["json"])
    assert grant(clean, other)[0] == 200
    assert refused(grant(clean, other, iss=key_of(clean)["client_email"])) == BAD_SIGNATURE


def test_the_tenants_clock_counts(clean: RunningSandbox) -> None:
    clean.control("PUT", "/clock", {"offset_seconds": 86400})
    assert refused(grant(clean, key_of(clean))) == BAD_TIMES
    moment = int(time.time()) + 86400
    assert grant(clean, key_of(clean), iat=moment, exp=moment + 3600)[0] == 200


def test_both_key_files_are_private_and_the_p12_one_signs_without_a_key_id(clean: RunningSandbox) -> None:
    path = Path(clean.env["M365_SANDBOX_GOOGLE_P12_FILE"])
    for one in (path, Path(clean.env["M365_SANDBOX_GOOGLE_KEY_FILE"])):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
    key, certificate, _more = pkcs12.load_key_and_certificates(path.read_bytes(), b"notasecret")
    assert key is not None
    assert certificate is not None
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"client_email": clean.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"], "private_key": pem}
    assert grant(clean, account, kid=None)[0] == 200


def test_the_seed_comes_back_and_the_key_stays(clean: RunningSandbox) -> None:
    key = key_of(clean)
    account = clean.control("GET", "/tenant")["collections"]["google_service_accounts"][key["client_email"]]
    assert (account["scopes"], account["client_id"]) == ([MAIL], clean.env["M365_SANDBOX_GOOGLE_CLIENT_ID"])
    assert len(account["client_id"]) == 21
    clean.control("PATCH", f"/tenant/google-service-accounts/{key['client_email']}", {"disabled": True})
    clean.control("POST", "/reset")
    assert grant(clean, key)[0] == 200


def test_an_outage_is_googles(clean: RunningSandbox) -> None:
    clean.control("POST", "/faults", {"face": "google", "kind": "unavailable", "count": 1})
    assert refused(grant(clean, key_of(clean))) == (503, "internal_failure", "Backend Error")
    assert [one["status"] for one in clean.requests("google")] == [503]


def test_the_state_holds_public_halves_only(clean: RunningSandbox) -> None:
    state = (clean.directory / "state.json").read_text()
    assert "BEGIN PUBLIC KEY" in state
    assert "PRIVATE KEY" not in state
    assert base64.b64encode(key_of(clean)["private_key"].encode()).decode() not in state
    assert "PRIVATE KEY" not in (clean.directory / "sandbox.log").read_text()
    assert assertion(key_of(clean)) not in state
