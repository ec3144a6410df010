"""An application that persons sign in to, and what it asks the identity face for."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from person import Person
from sandbox_fixture import RunningSandbox

REDIRECT = "https://product.example/callback"
CONTRACTS = "contracts@contoso.example"
ADMIN = "admin@contoso.example"
GRAPH = "https://graph.microsoft.com"
OUTLOOK = "https://outlook.office365.com"
IMAP_SCOPE = f"offline_access openid profile {OUTLOOK}/IMAP.AccessAsUser.All"
PATHS = {1: "oauth2", 2: "oauth2/v2.0"}


class Product:
    """A confidential web application; other kinds by ``registration``, which the control face takes.

    ``app_id`` and ``secret`` are its own, ``url`` and ``tenant_id`` those of the identity face.
    """

    def __init__(self, sandbox: RunningSandbox, **registration: Any) -> None:
        self.sandbox = sandbox
        self.url, self.tenant_id = sandbox.env["AZURE_AUTHORITY_HOST"], sandbox.env["AZURE_TENANT_ID"]
        self.password = sandbox.env["M365_SANDBOX_USER_PASSWORD"]
        added = sandbox.control("POST", "/tenant/applications", {
            "displayName": "Product", "secret": True, "redirectUris": {"web": [REDIRECT]}, **registration,
        })
        self.app_id, self.secret, self.principal_id = added["appId"], added["secret"], added["servicePrincipalId"]
        self.verifier = secrets.token_urlsafe(48)

    def address(self, *, version: int = 2, tenant: str | None = None, **parameters: str | None) -> str:
        """Where the product sends a person to; a parameter that is None is left out."""
        whole = {
            "client_id": self.app_id, "response_type": "code", "redirect_uri": REDIRECT, "state": "s t&a=te",
            **({"scope": IMAP_SCOPE} if version == 2 else {"resource": OUTLOOK}), **parameters,
        }
        query = urlencode({name: value for name, value in whole.items() if value is not None})
        return f"{self.url}/{tenant or self.tenant_id}/{PATHS[version]}/authorize?{query}"

    @property
    def challenge(self) -> dict[str, str]:
        """PKCE's parameters of the authorization request."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
        }

    def person(self) -> Person:
        """Somebody with a new browser."""
        return Person(self.sandbox.ca)

    def code(self, person: Person | None = None, user: str = CONTRACTS, **parameters: Any) -> str:
        """An authorization code, after sign-in and consent."""
        person = (person or self.person()).open(self.address(**parameters)).sign_in(user, self.password)
        if person.arrived is None:
            person.press("Accept")
        return person.answer["code"]

    def token(self, *, version: int = 2, tenant: str | None = None, **form: str | None) -> requests.Response:
        """A token request with the product's secret; a parameter that is None is left out."""
        whole = {"client_id": self.app_id, "client_secret": self.secret, **form}
        return requests.post(
            f"{self.url}/{tenant or self.tenant_id}/{PATHS[version]}/token",
            data={name: value for name, value in whole.items() if value is not None}, verify=self.sandbox.ca,
            timeout=30,
        )

    def redeem(self, code: str, **form: Any) -> requests.Response:
        """Redeem a code."""
        return self.token(**{"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **form})

    def refresh(self, token: str, **form: Any) -> requests.Response:
        """Redeem a refresh token."""
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **form})

    def tokens(self, **parameters: Any) -> dict[str, Any]:
        """What the product has after a sign-in."""
        return body(self.redeem(self.code(**parameters)))


def body(response: requests.Response) -> dict[str, Any]:
    """The JSON of a success."""
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def refused(response: requests.Response, code: int, error: str, *, status: int = 400) -> str:
    """Check a refusal; gives back its text."""
    content = response.json()
    found = (response.status_code, content["error_codes"], content["error"])
    assert found == (status, [code], error), response.text
    assert content["error_description"].startswith(f"AADSTS{code}: ")
    return str(content["error_description"])


def claims(token: str) -> dict[str, Any]:
    """A token's claims, unverified: the mail faces' tests show that it is taken."""
    content: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return content
