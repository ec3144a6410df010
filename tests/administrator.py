"""The administrator of a stand-in of Integration Server that runs beside the sandbox, in front of its API and pages."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import requests
from m365_sandbox.process import servers
from person import Person
from sandbox_fixture import RunningSandbox, run_cli

REDIRECT_PAGE = "/WmRoot/security-oauth-get-authcode.dsp"
OUTLOOK = "https://outlook.office365.com"
SCOPES = ["IMAP.AccessAsUser.All", "SMTP.Send"]


class Administrator:
    """Who knows the password of a server, and the application that it signs in as.

    ``api`` is a client of the server's; ``app_id`` and ``secret`` are the application's.
    """

    def __init__(self, sandbox: RunningSandbox, name: str, *options: str) -> None:
        command = (sys.executable, "-m", "m365_sandbox.products.integration_server", *options)
        started = run_cli("serve", sandbox.directory, name, "--", *command)
        assert started.returncode == 0, started.stderr
        self.sandbox = sandbox
        known = servers.read(sandbox.directory)[name]
        self.url, self.login = known["url"], (known["username"], known["password"])
        self.api = httpx.Client(base_url=self.url, auth=self.login, verify=sandbox.tls, timeout=60)

    def register(self, **registration: Any) -> None:
        """Register the application, with its permissions granted for everybody."""
        added = self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Integration Server", "secret": True, "scopes": {OUTLOOK: SCOPES},
            "redirectUris": {"web": [self.url + REDIRECT_PAGE]}, **registration,
        })
        self.app_id, self.secret = added["appId"], added["secret"]

    @property
    def oauth(self) -> dict[str, str]:
        """The settings of the application, in the names of an e-mail port."""
        authority = f"{self.sandbox.env['AZURE_AUTHORITY_HOST']}/{self.sandbox.env['AZURE_TENANT_ID']}/oauth2/v2.0"
        return {
            "authURL": f"{authority}/authorize", "accessTokenURL": f"{authority}/token", "clientID": self.app_id,
            "clientSecret": self.secret, "redirectURL": self.url + REDIRECT_PAGE,
            "scope": " ".join(["offline_access", *(f"{OUTLOOK}/{scope}" for scope in SCOPES)]),
        }

    def add_port(self, alias: str, user: str, **settings: Any) -> dict[str, Any]:
        """Add an e-mail port with OAuth."""
        added = self.api.post("/admin/port/email", json={
            "alias": alias, "packageName": "WmOrders", "type": "IMAP", "host": "localhost", "user": user,
            "serverPort": int(self.sandbox.env["M365_SANDBOX_IMAP_PORT"]), "tlsSettings": "Implicit", "interval": 1,
            "authentication": "OAuth", "globalService": "orders.mail:take", **self.oauth, **settings,
        })
        assert added.status_code == 201, added.text
        port: dict[str, Any] = added.json()
        return port

    def enable(self, alias: str) -> httpx.Response:
        """Enable a port."""
        return self.api.post(f"/admin/port/email/{alias}?action=enable")

    def is_enabled(self, alias: str) -> bool:
        """Whether a port listens."""
        return self.api.get(f"/admin/port/email/{alias}").json()["enabled"] is True

    def person(self) -> Person:
        """Somebody whose browser knows the server's password."""
        person = Person(self.sandbox.ca)
        person.session.auth = self._sign_in_to_the_server
        return person

    def _sign_in_to_the_server(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if (request.url or "").startswith(self.url):
            return requests.auth.HTTPBasicAuth(*self.login)(request)
        return request

    def get_code(self, page: str, user: str) -> Person:
        """Press Get Authorization Code on a page, and sign in; what the server then shows."""
        person = self.person().open(self.url + page).follow("Get Authorization Code")
        person.sign_in(user, self.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
        assert person.arrived is not None, person.text
        return person.open(person.arrived)
