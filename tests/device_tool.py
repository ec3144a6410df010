"""One of Microsoft's own public clients on a device, to which a person signs in with a code."""

from __future__ import annotations

from typing import Any

import requests
from person import Person
from sandbox_fixture import RunningSandbox

ADMIN = "admin@contoso.example"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
EXCHANGE_POWERSHELL = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Tool:
    """It asks for codes, and for tokens."""

    def __init__(self, sandbox: RunningSandbox, client_id: str) -> None:
        self.sandbox, self.client_id = sandbox, client_id
        self.url = f"{sandbox.env['AZURE_AUTHORITY_HOST']}/{sandbox.env['AZURE_TENANT_ID']}/oauth2/v2.0"

    def post(self, path: str, **form: str) -> requests.Response:
        """A request to the identity face."""
        data = {"client_id": self.client_id, **form}
        return requests.post(f"{self.url}/{path}", data=data, verify=self.sandbox.ca, timeout=30)

    def flow(self, scope: str) -> dict[str, Any]:
        """A code for the device, and one for the person."""
        found: dict[str, Any] = self.post("devicecode", scope=scope).json()
        return found

    def token(self, scope: str, *presses: str, user: str = ADMIN) -> str:
        """An access token, after somebody has signed in and pressed further buttons."""
        flow = self.flow(scope)
        person = enter(self.sandbox, flow["verification_uri"], flow["user_code"], user)
        for label in presses:
            person.press(label)
        answer = self.post("token", grant_type=GRANT, device_code=flow["device_code"]).json()
        assert "access_token" in answer, answer
        return str(answer["access_token"])


def enter(sandbox: RunningSandbox, page: str, code: str, user: str = ADMIN) -> Person:
    """Somebody enters a code, signs in, and says that it is their device."""
    person = Person(sandbox.ca).open(page).press("Next", user_code=code)
    return person.sign_in(user, sandbox.env["M365_SANDBOX_USER_PASSWORD"]).press("Continue")
