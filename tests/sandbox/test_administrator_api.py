"""The Administrator API of the stand-in of Integration Server: shapes and refusals, release by release."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from m365_sandbox.products.integration_server.app import integration_server
from m365_sandbox.products.integration_server.release import Release
from served_app import server_tls, serving

LOGIN = ("Administrator", "manage")
PORTS, NOTIFICATION = "/admin/port/email", "/admin/server/notification"
BASIC = {
    "alias": "orders", "packageName": "WmOrders", "host": "outlook.office365.com", "user": "orders@contoso.example",
    "interval": 60, "password": "a password of a mailbox",
}
OAUTH = {
    **{name: value for name, value in BASIC.items() if name != "password"}, "authentication": "OAuth",
    "authURL": "https://login.example/authorize", "accessTokenURL": "https://login.example/token", "clientID": "id",
    "clientSecret": "a secret of an application", "scope": "offline_access",
    "redirectURL": "https://is.example:5543/WmRoot/security-oauth-get-authcode.dsp",
}
SMTP = {
    "smtpServer": "smtp.office365.com", "smtpPort": 587, "transportSecurity": "explicit", "userName": "a@b.example",
    "authType": "OAuth", "authURL": OAUTH["authURL"], "accessTokenURL": OAUTH["accessTokenURL"], "clientId": "id",
    "clientSecret": OAUTH["clientSecret"], "scope": "offline_access", "redirectURL": OAUTH["redirectURL"],
}


@contextmanager
def started(folder: Path, release: Release | None = None) -> Iterator[httpx.Client]:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    app = integration_server(release or Release("10.15"), folder, trusting, *LOGIN)
    with (
        serving(app, server_tls(authority)) as served,
        httpx.Client(base_url=f"https://127.0.0.1:{served.port}", auth=LOGIN, verify=trusting) as client,
    ):
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    with started(tmp_path) as client:
        yield client


def refused(answer: Any, status: int, message: str) -> None:
    assert (answer.status_code, answer.json()["message"]) == (status, message), answer.text


def test_the_life_of_a_port(server: httpx.Client) -> None:
    assert server.get(PORTS).json() == {"emailPorts": []}
    made = server.post(PORTS, json=OAUTH)
    assert made.status_code == 201
    expected = {name: value for name, value in OAUTH.items() if name != "clientSecret"}
    assert expected.items() <= made.json().items()
    assert (made.json()["enabled"], made.json()["type"], made.json()["tlsSettings"]) == (False, "IMAP", "None")
    url = str(server.base_url.join(f"{PORTS}/orders"))
    assert server.get(PORTS).json() == {"emailPorts": [{"name": "orders", "url": url}]}
    assert server.get(f"{PORTS}?expand=true").json() == {"emailPorts": [made.json()]}

    changed = server.patch(f"{PORTS}/orders", json={"interval": 10, "description": "Orders", "scope": "x"})
    assert changed.json() == {**made.json(), "interval": 10, "description": "Orders", "scope": "x"}
    taken = server.patch(f"{PORTS}/orders", json={"description": None})
    assert "description" not in taken.json()
    replaced = server.put(f"{PORTS}/orders", json={**BASIC, "alias": "orders"})
    assert (replaced.status_code, replaced.json()["authentication"]) == (200, "Basic")
    assert "clientID" not in replaced.json()

    assert server.delete(f"{PORTS}/orders").status_code == 204
    refused(server.get(f"{PORTS}/orders"), 404, "Port alias orders does not exist")


def test_secrets_never_come_back(server: httpx.Client, tmp_path: Path) -> None:
    secrets = (OAUTH["clientSecret"], BASIC["password"])
    answers = [
        server.post(PORTS, json=OAUTH), server.post(PORTS, json={**BASIC, "alias": "other"}), server.get(PORTS),
        server.get(f"{PORTS}?expand=true"), server.get(f"{PORTS}/orders"), server.patch(NOTIFICATION, json=SMTP),
        server.get(NOTIFICATION), server.post(f"{PORTS}/orders?action=enable"),
        server.get("/WmRoot/configEmail.dsp?listenerKey=orders&mode=edit"),
        server.get("/WmRoot/settings-resources-edit.dsp"),
        server.patch(f"{PORTS}/orders", json={"clientSecret": ["x", OAUTH["clientSecret"]]}),
    ]
    assert [one.text for one in answers if any(str(secret) in one.text for secret in secrets)] == []
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("changes", "message"), [
    ({"alias": "a b"}, r"Invalid alias: must match [A-Za-z0-9_.\-]{1,255}"),
    ({"alias": "a" * 256}, r"Invalid alias: must match [A-Za-z0-9_.\-]{1,255}"),
    ({"interval": 0}, "Invalid interval: valid range 1-9999"),
    ({"interval": 10000}, "Invalid interval: valid range 1-9999"),
    ({"interval": "60"}, "Invalid interval: must be of type integer"),
    ({"interval": True}, "Invalid interval: must be of type integer"),
    ({"numThreads": 100, "multiThreaded": True}, "Invalid numThreads: valid range 0-99"),
    ({"numThreads": 3}, "Number of threads must be zero if multithreading is turned off"),
    ({"tlsSettings": "STARTTLS"}, "Invalid tlsSettings: must be one of None, Explicit, Implicit"),
    ({"type": "POP3"}, "Cannot use OAuth for POP3 servers"),
    ({"password": "x"}, "password is for Basic authentication only"),
    ({"scope": None}, "scope required for OAuth"),
    ({"clientSecret": None}, "clientSecret required for OAuth"),
    ({"user": None}, "user required"),
    ({"packageName": ""}, "packageName required"),
    ({"logout": True}, "Log out only supported for POP3 servers"),
    ({"authenticateWithMessage": False}, "runAsUser required if authenticateWithMessage is false"),
    ({"urlEncodedBody": False}, "Must first enable URL encoded email body"),
    ({"enabled": True}, "enabled cannot be set"),
    ({"clientId": "id"}, "Unknown field clientId"),
])
def test_what_a_port_cannot_be(server: httpx.Client, changes: dict[str, Any], message: str) -> None:
    refused(server.post(PORTS, json={**OAUTH, **changes}), 400, message)
    assert server.get(PORTS).json() == {"emailPorts": []}


@pytest.mark.parametrize("redirect", [
    "https://is.example:5543/WmRoot/security-oauth-get-authcode.dsp/", "https://is.example:5543/",
    "ftp://is.example/WmRoot/security-oauth-get-authcode.dsp",
])
def test_the_redirect_url_is_the_servers_page(server: httpx.Client, redirect: str) -> None:
    answer = server.post(PORTS, json={**OAUTH, "redirectURL": redirect})
    assert (answer.status_code, "Invalid redirectURL" in answer.json()["message"]) == (400, True)


def test_pop3_ports(server: httpx.Client) -> None:
    pop3 = {**BASIC, "type": "POP3", "logout": True}
    refused(server.post(PORTS, json={**pop3, "remove": False}), 400, "Messages from POP3 servers are always deleted")
    refused(server.post(PORTS, json={**pop3, "multiThreaded": True}), 400,
            "Cannot use multithreading for POP3 servers")
    assert server.post(PORTS, json=pop3).status_code == 201


def test_refusals_of_requests(server: httpx.Client) -> None:
    server.post(PORTS, json=OAUTH)
    refused(server.post(PORTS, json=OAUTH), 409, "Port alias orders already exists")
    refused(server.patch(f"{PORTS}/orders", json={"alias": "other"}), 400, "alias cannot be changed")
    refused(server.patch(f"{PORTS}/orders", json=[1]), 400, "The request body must be a JSON object")
    refused(server.patch(f"{PORTS}/orders", content="{"), 400, "The request body is no JSON")
    refused(server.post(f"{PORTS}/orders?action=restart"), 400, "Unknown action restart")
    refused(server.post(f"{PORTS}/nobody?action=enable"), 404, "Port alias nobody does not exist")
    refused(server.delete(f"{PORTS}/nobody"), 404, "Port alias nobody does not exist")
    refused(server.get("/admin/nothing"), 404, "GET /admin/nothing: Not Found")
    refused(server.put(NOTIFICATION, json={}), 405, f"PUT {NOTIFICATION}: Method Not Allowed")


def test_only_the_administrator_gets_in(server: httpx.Client) -> None:
    for auth in (None, ("Administrator", "wrong"), ("Default", "manage")):
        server.auth = auth
        for address in (PORTS, NOTIFICATION, "/WmRoot/security-ports.dsp", "/admin/swagger/integrationServer"):
            answer = server.get(address)
            assert (answer.status_code, answer.json()["message"]) == (401, "[ISS.0084.9004] Access Denied")
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_nobody_has_signed_in(server: httpx.Client) -> None:
    server.post(PORTS, json=OAUTH)
    answer = server.post(f"{PORTS}/orders?action=enable")
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "Access token could not be retrieved from the OAuth server",
        "cause": "No authorization code: press Get Authorization Code and sign in",
    }
    assert server.get(f"{PORTS}/orders").json()["enabled"] is False


def test_notifications(server: httpx.Client) -> None:
    assert server.get(NOTIFICATION).json() == {"transportSecurity": "none", "authType": "Basic"}
    changed = server.patch(NOTIFICATION, json=SMTP)
    assert changed.json() == {name: value for name, value in SMTP.items() if name != "clientSecret"}
    refused(server.patch(NOTIFICATION, json={"accessTokenExpiryTime": "2030"}), 400,
            "accessTokenExpiryTime cannot be set")
    refused(server.patch(NOTIFICATION, json={"scope": None}), 400, "scope required for OAuth")
    assert server.get(NOTIFICATION).json() == changed.json()


@pytest.mark.parametrize(("release", "oauth", "notifications"), [
    (Release("10.3"), False, False), (Release("10.3", 14), True, False), (Release("10.5", 6), False, False),
    (Release("10.5", 7), True, False), (Release("10.7"), True, False), (Release("10.11"), True, False),
    (Release("10.15"), True, True),
])
def test_releases_differ(tmp_path: Path, release: Release, oauth: bool, notifications: bool) -> None:
    with started(tmp_path, release) as server:
        described = server.get("/admin/swagger/integrationServer").json()
        assert described["info"]["version"] == f"{release.version}.0.0"
        schemas = described["components"]["schemas"]
        assert ("authentication" in schemas["EmailPort"]["properties"]) is oauth
        assert ("authType" in schemas["Notification"]["properties"]) is notifications
        made = server.post(PORTS, json=OAUTH)
        assert made.status_code == (201 if oauth else 400)
        if not oauth:
            assert made.json()["message"] == "Unknown field authentication"
            assert ("stackTrace" in made.json()) is (release.version in ("10.3", "10.5"))
        assert server.post(PORTS, json={**BASIC, "alias": "basic"}).status_code == 201
        assert server.patch(NOTIFICATION, json=SMTP).status_code == (200 if notifications else 400)
        token = server.post("/invoke/pub.client.oauth/getExternalAccessToken", json={"token_endpoint": "nowhere"})
        assert token.status_code == (500 if oauth else 404)
        assert "$error" in token.json()


def test_what_is_described_is_what_is_taken(server: httpx.Client) -> None:
    schemas = server.get("/admin/swagger/integrationServer").json()["components"]["schemas"]
    secret = [name for name, one in schemas["EmailPort"]["properties"].items() if one.get("writeOnly")]
    assert secret == ["password", "clientSecret"]
    assert schemas["EmailPort"]["required"] == ["alias", "packageName", "host", "user", "interval"]
    made = server.post(PORTS, json=OAUTH).json()
    assert set(made) <= set(schemas["EmailPort"]["properties"])
    assert json.dumps(schemas["Notification"]["properties"]["accessTokenExpiryTime"]) == (
        '{"type": "string", "readOnly": true}'
    )


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        before = server.post(PORTS, json=OAUTH).json(), server.patch(NOTIFICATION, json=SMTP).json()
    with started(tmp_path) as server:
        assert (server.get(f"{PORTS}/orders").json(), server.get(NOTIFICATION).json()) == before
