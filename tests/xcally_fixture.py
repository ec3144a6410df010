"""XCALLY Motion's stand-in beside a sandbox, as a client of its API and as an administrator in front of its pages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from person import Person
from sandbox_fixture import RunningSandbox, run_cli

REPOSITORY = Path(__file__).resolve().parents[1]
NODE_MODULES = REPOSITORY / ".build" / "xcally" / "node_modules"
COMMAND = (sys.executable, "-m", "m365_sandbox.products.xcally")
SECONDS = 60
SCOPES = {
    "https://outlook.office365.com": ["IMAP.AccessAsUser.All", "SMTP.Send"],
    "https://graph.microsoft.com": ["openid", "profile", "email", "offline_access"],
}


class Motion:
    """A running server.

    ``name`` is its name among the sandbox's servers, ``folder`` where it keeps its files, ``url`` its address.
    """

    def __init__(self, sandbox: RunningSandbox, name: str) -> None:
        self.sandbox, self.name = sandbox, name
        server = json.loads((sandbox.directory / "servers.json").read_text("utf-8"))[name]
        self.url, self.username, self.password = server["url"], server["username"], server["password"]
        self.folder = sandbox.directory / "servers" / name
        self.redirect = f"{self.url}/api/cloudProviders/oauth2/microsoft/callback"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = sandbox.ca
        self._session.auth = (self.username, self.password)

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """An answer of the API, whatever it is."""
        return self._session.request(method, f"{self.url}{path}", json=body, timeout=SECONDS, **options)

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """The content of an answer of that status."""
        answer = self.request(method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def registered(self, **registration: Any) -> dict[str, Any]:
        """A new application in the tenant: the fields of a cloud provider that are its own."""
        added = self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Motion", "secret": True, "redirectUris": {"web": [self.redirect]}, "scopes": SCOPES,
            **registration,
        })
        return {
            "applicationId": added["appId"], "clientSecret": added["secret"],
            "tenantId": self.sandbox.env["AZURE_TENANT_ID"],
        }

    def provider(self, **fields: Any) -> dict[str, Any]:
        """A new cloud provider, with an application of its own unless one is among the fields."""
        body = {
            "name": f"Provider {time.monotonic_ns()}", "service": "Microsoft Azure", "type": "Outlook365",
            "redirectUri": self.redirect, **({} if "applicationId" in fields else self.registered()), **fields,
        }
        made: dict[str, Any] = self.ask("POST", "/api/cloudProviders", body, status=201)
        return made

    def account(self, email: str, provider: int, **fields: Any) -> int:
        """The id of a new account."""
        body = {
            "name": email, "key": str(provider), "email": email, "user": email, "ListId": 1, "service": "Outlook365",
            "modernAuthentication": True, "CloudProviderId": provider, **fields,
        }
        return int(self.ask("POST", "/api/mail/accounts", body, status=201)["id"])

    def administrator(self) -> Person:
        """An administrator who has logged in."""
        return Person(self.sandbox.ca).open(f"{self.url}/login").press(
            "Login", username=self.username, password=self.password,
        )

    def at_microsoft(self, provider: int) -> Person:
        """An administrator who has pressed "Authenticate" and sees Microsoft's first page."""
        person = self.administrator().open(f"{self.url}/cloudProviders/{provider}").press("Authenticate")
        assert person.arrived is not None, person.text
        return person.open(person.arrived)

    def authenticate(self, provider: int, user: str) -> Person:
        """Let a person sign in for a provider; gives back what they see at last."""
        person = self.at_microsoft(provider).sign_in(user, self.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
        assert person.arrived is not None, person.text
        return person.open(person.arrived)

    def log(self, kind: str) -> str:
        """The text of the log files of a kind."""
        return "".join(file.read_text("utf-8") for file in sorted((self.folder / "log").glob(f"email-{kind}.*.log")))

    def restart(self) -> None:
        """What an administrator does after a change of .env."""
        os.kill(int((self.folder / "motion.pid").read_text()), signal.SIGHUP)

    def end(self) -> None:
        """End the server by force."""
        os.kill(int((self.folder / "motion.pid").read_text()), signal.SIGKILL)

    def logged(self, text: str) -> None:
        """Wait until the log has a text."""
        end = time.monotonic() + SECONDS
        while text not in self.log("combined"):
            assert time.monotonic() < end, self.log("combined")
            time.sleep(0.2)

    def until(self, path: str, **wanted: Any) -> dict[str, Any]:
        """The first row of a list that has these values, waited for."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for row in self.ask("GET", path)["rows"]:
                if wanted.items() <= row.items():
                    found: dict[str, Any] = row
                    return found
            time.sleep(0.2)
        raise AssertionError(f"{path} has no {wanted}; the log says:\n{self.log('combined')}")


def served(sandbox: RunningSandbox, name: str) -> Motion:
    """The server of that name, started beside a sandbox, with which it ends."""
    subprocess.run(["make", "-s", str(NODE_MODULES / "nodemailer")], cwd=REPOSITORY, check=True)
    started = run_cli("serve", sandbox.directory, name, "--", *COMMAND, "--node-modules", str(NODE_MODULES))
    assert started.returncode == 0, started.stdout + started.stderr
    return Motion(sandbox, name)


@pytest.fixture(scope="module")
def motion(sandbox: RunningSandbox, request: pytest.FixtureRequest) -> Iterator[Motion]:
    """A module's own server beside the session's sandbox, which is brought back to its seed."""
    sandbox.control("POST", "/reset")
    motion = served(sandbox, str(request.module.__name__))
    yield motion
    motion.end()
