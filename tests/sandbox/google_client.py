"""Clients of Google's faces: signed assertions, tokens as anybody gets them, and wires to Gmail."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import requests
from mail_client import sasl
from sandbox_fixture import RunningSandbox

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MAIL = "https://mail.google.com/"
ORDERS = "orders@fabrikam.example"
RETURNS = "returns@fabrikam.example"
CHALLENGE = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}


def key_of(sandbox: RunningSandbox) -> dict[str, str]:
    """The seeded service account's JSON key."""
    key: dict[str, str] = json.loads(Path(sandbox.env["M365_SANDBOX_GOOGLE_KEY_FILE"]).read_text("utf-8"))
    return key


def ask(sandbox: RunningSandbox, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """A token request: the status and the answer."""
    answer = requests.post(sandbox.env["MAILOPS_GOOGLE_TOKEN_URI"], form, verify=sandbox.ca, timeout=30)
    body: dict[str, Any] = answer.json()
    return answer.status_code, body


def assertion(key: Mapping[str, str], *, algorithm: str = "RS256", kid: str | None = "", **claims: Any) -> str:
    """A signed assertion for the orders' mailbox, with other claims where they are given; None leaves one out.

    :param kid: None leaves the key's id out.
    """
    moment = int(time.time())
    whole = {
        "iss": key["client_email"], "sub": ORDERS, "scope": MAIL, "aud": "https://oauth2.googleapis.com/token",
        "iat": moment, "exp": moment + 3600, **claims,
    }
    headers = {} if kid is None else {"kid": kid or key["private_key_id"]}
    secret = key["private_key"] if algorithm == "RS256" else "x" * 32
    return jwt.encode(
        {name: value for name, value in whole.items() if value is not None}, secret, algorithm, headers=headers
    )


def grant(sandbox: RunningSandbox, key: Mapping[str, str], **claims: Any) -> tuple[int, dict[str, Any]]:
    """Ask for a token with an assertion."""
    return ask(sandbox, {"grant_type": GRANT, "assertion": assertion(key, **claims)})


def token(sandbox: RunningSandbox, user: str = ORDERS, scope: str = MAIL) -> str:
    """An access token for a user's mailbox."""
    status, answer = grant(sandbox, key_of(sandbox), sub=user, scope=scope)
    assert status == 200, answer
    return str(answer["access_token"])


def xoauth2(sandbox: RunningSandbox, user: str = ORDERS) -> str:
    """The SASL XOAUTH2 response for a user's own mailbox, in base64."""
    return sasl(user, token(sandbox, user))


def oauthbearer(user: str, access_token: str) -> str:
    """The SASL OAUTHBEARER response (RFC 7628) in base64."""
    text = f"n,a={user},\x01host=localhost\x01port=993\x01auth=Bearer {access_token}\x01\x01"
    return base64.b64encode(text.encode()).decode()


def challenge_in(line: str) -> Any:
    """The JSON of a challenge, behind ``+`` or ``334``."""
    return json.loads(base64.b64decode(line.partition(" ")[2]))
