"""The control face: it does what it is asked, and refuses what it does not know."""

from __future__ import annotations

import stat
from typing import Any

import httpx
import jwt
import pytest
from sandbox_fixture import ControlRefused, RunningSandbox

GRAPH = "https://graph.microsoft.com"


def collections(sandbox: RunningSandbox) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = sandbox.control("GET", "/tenant")["collections"]
    return content


def test_the_seed(clean: RunningSandbox) -> None:
    tenant = collections(clean)
    resources = {one["appId"]: one for one in tenant["service_principals"].values()}
    graph = resources["00000003-0000-0000-c000-000000000000"]
    exchange = resources["00000002-0000-0ff1-ce00-000000000000"]
    assert {role["value"] for role in exchange["appRoles"]} >= {
        "IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp", "Exchange.ManageAsApp",
    }
    assert "Mail.Send" in {role["value"] for role in graph["appRoles"]}
    assert "offline_access" in {scope["value"] for scope in graph["oauth2PermissionScopes"]}
    for resource in (graph, exchange):
        ids = [one["id"] for one in resource["appRoles"]]
        assert None not in ids
        assert len(set(ids)) == len(ids)

    users = {user["userPrincipalName"]: user for user in tenant["users"].values()}
    assert set(users) == {
        f"{name}@contoso.example"
        for name in (
            "contracts", "contracts-test", "tickets", "tickets-test", "cmo", "cmo-test", "cmo-actions",
            "cmo-actions-test", "cmo-documents", "cmo-documents-test", "director", "probe", "unlicensed", "admin",
            "shared", "integration-test", "integration-prod", "support-test", "support", "agent",
        )
    }
    assert users["unlicensed@contoso.example"]["id"] not in tenant["mailboxes"]
    shared = tenant["mailboxes"][users["shared@contoso.example"]["id"]]
    assert shared["RecipientTypeDetails"] == "SharedMailbox"

    reader = resources[clean.env["M365_SANDBOX_READER_CLIENT_ID"]]
    assert tenant["exchange_service_principals"][reader["appId"]]["ObjectId"] == reader["id"]
    probe = users["probe@contoso.example"]["id"]
    support, agent = (users[f"{name}@contoso.example"]["id"] for name in ("support", "agent"))
    assert tenant["mailbox_permissions"] == {
        probe: {"entries": [{"User": reader["id"], "AccessRights": ["FullAccess"]}]},
        support: {"entries": [{"User": agent, "AccessRights": ["FullAccess"]}]},
    }
    assert tenant["recipient_permissions"] == {support: {"entries": [{"Trustee": agent, "AccessRights": ["SendAs"]}]}}


def test_status_names_the_process_and_its_ports(clean: RunningSandbox) -> None:
    status = clean.control("GET", "/status")
    assert status["pid"] == int((clean.directory / "pid").read_text())
    assert status["store"] == "running"
    assert clean.env["AZURE_AUTHORITY_HOST"] == f"https://127.0.0.1:{status['ports']['identity']}"


def test_additions_land_in_the_tenant(clean: RunningSandbox) -> None:
    user = clean.control("POST", "/tenant/users", {"userPrincipalName": "new@contoso.example", "password": "p"})
    made = clean.control("POST", "/tenant/applications", {
        "displayName": "Added", "roles": {GRAPH: ["Mail.Send"]}, "secret": True,
    })
    clean.control("POST", "/tenant/exchange-service-principals", {
        "AppId": made["appId"], "ObjectId": made["servicePrincipalId"], "DisplayName": "Added",
    })
    clean.control("POST", "/tenant/mailbox-permissions", {
        "Identity": "new@contoso.example", "User": made["servicePrincipalId"],
    })
    clean.control("POST", "/tenant/recipient-permissions", {
        "Identity": "new@contoso.example", "Trustee": made["servicePrincipalId"],
    })

    tenant = collections(clean)
    assert tenant["mailboxes"][user["id"]]["address"] == "new@contoso.example"
    assert tenant["password_digests"][user["id"]]["digest"] != "p"
    application = tenant["applications"][made["id"]]
    assert application["passwordCredentials"][0]["keyId"] == made["keyId"]
    assert application["passwordCredentials"][0]["secretText"] is None
    assert made["keyId"] in tenant["credential_digests"]
    granted = [
        one["appRoleId"] for one in tenant["app_role_assignments"].values()
        if one["principalId"] == made["servicePrincipalId"]
    ]
    assert granted == [application["requiredResourceAccess"][0]["resourceAccess"][0]["id"]]
    assert tenant["exchange_service_principals"][made["appId"]]["Sid"].startswith("S-1-5-21-")
    assert tenant["mailbox_permissions"][user["id"]]["entries"] == [
        {"User": made["servicePrincipalId"], "AccessRights": ["FullAccess"]}
    ]
    assert tenant["recipient_permissions"][user["id"]]["entries"] == [
        {"Trustee": made["servicePrincipalId"], "AccessRights": ["SendAs"]}
    ]


def test_a_permission_with_one_id_on_two_resources_can_be_granted_on_both(clean: RunningSandbox) -> None:
    made = clean.control("POST", "/tenant/applications", {
        "displayName": "Both", "roles": {GRAPH: ["Mail.Send"], "https://outlook.office365.com": ["Mail.Send"]},
    })
    granted = [
        (one["appRoleId"], one["resourceDisplayName"])
        for one in collections(clean)["app_role_assignments"].values()
        if one["principalId"] == made["servicePrincipalId"]
    ]
    mail_send = "b633e1c5-b582-4048-a93e-9f11b44c7e96"
    assert sorted(granted) == [(mail_send, "Microsoft Graph"), (mail_send, "Office 365 Exchange Online")]


def test_settings_change(clean: RunningSandbox) -> None:
    clean.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False})
    clean.control("PATCH", "/tenant/organization-config", {"BasicAuthenticationBlocked": False})
    clean.control("PATCH", "/tenant/mailboxes/probe@contoso.example", {
        "ImapEnabled": False, "SmtpClientAuthenticationDisabled": True,
    })
    tenant = clean.control("GET", "/tenant")
    assert tenant["transport_config"] == {"SmtpClientAuthenticationDisabled": False}
    assert tenant["organization_config"] == {"BasicAuthenticationBlocked": False}
    mailbox = next(
        one for one in tenant["collections"]["mailboxes"].values() if one["address"] == "probe@contoso.example"
    )
    assert (mailbox["ImapEnabled"], mailbox["PopEnabled"]) == (False, True)
    assert mailbox["SmtpClientAuthenticationDisabled"] is True


def test_tokens_that_are_wrong_on_purpose(clean: RunningSandbox) -> None:
    app_id = clean.env["AZURE_CLIENT_ID"]
    expired = clean.control("POST", "/tenant/tokens", {"appId": app_id, "resource": GRAPH, "seconds": -60})
    wrong = clean.control("POST", "/tenant/tokens", {"appId": app_id, "resource": "https://outlook.office365.com"})
    for token, message in (
        (expired["access_token"], "Lifetime validation failed, the token is expired."),
        (wrong["access_token"], "Access token validation failure. Invalid audience."),
        (jwt.encode({"aud": GRAPH}, "k" * 32, algorithm="HS256"), "Signing key is invalid."),
    ):
        answer = httpx.get(
            f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users", headers={"Authorization": f"Bearer {token}"},
            verify=clean.tls, trust_env=False,
        )
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, message)


def test_requests_are_recorded_with_their_caller_and_their_batch(clean: RunningSandbox) -> None:
    env = clean.env
    token = clean.control("POST", "/tenant/tokens", {"appId": env["AZURE_CLIENT_ID"], "resource": GRAPH})
    with httpx.Client(base_url=env["MAILOPS_GRAPH_ENDPOINT"], verify=clean.tls, trust_env=False, headers={
        "Authorization": f"Bearer {token['access_token']}",
    }) as client:
        client.get("/v1.0/users", params={"$top": "1"})
        client.post("/v1.0/$batch", json={"requests": [
            {"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/users/nobody"},
        ]})
    single, batch = clean.requests("graph")
    assert (single["method"], single["path"], single["query"]) == ("GET", "/v1.0/users", "$top=1")
    assert single["status"] == 200
    assert single["app_id"] == batch["app_id"] == env["AZURE_CLIENT_ID"]
    assert batch["batch"] == [
        {"method": "GET", "url": "/users", "status": 200}, {"method": "GET", "url": "/users/nobody", "status": 404},
    ]
    assert clean.requests("identity") == []
    clean.control("DELETE", "/requests")
    assert clean.requests("graph") == []


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), [
    ("GET", "/nothing", None, 404, "there is no /nothing"),
    ("DELETE", "/tenant", None, 405, "DELETE is not possible on /tenant"),
    ("GET", "/requests?fase=graph", None, 400, "unknown query parameter fase"),
    ("GET", "/requests?face=fax", None, 400, "unknown face fax"),
    ("POST", "/tenant/users", [], 400, "must be a JSON object"),
    ("POST", "/tenant/users", {}, 400, "missing property userPrincipalName"),
    ("POST", "/tenant/users", {"userPrincipalName": 1}, 400, "userPrincipalName must be text"),
    ("POST", "/tenant/users", {"userPrincipalName": "a@b", "email": "a@b"}, 400, "unknown property email"),
    ("POST", "/tenant/users", {"userPrincipalName": "admin@contoso.example"}, 409, "already"),
    ("POST", "/tenant/users", {"userPrincipalName": "a@b", "mail": "Admin@contoso.example"}, 409, "already"),
    ("POST", "/tenant/users", {"userPrincipalName": "a@b", "aliases": ["admin@contoso.example"]}, 409, "already"),
    ("POST", "/tenant/users", {"userPrincipalName": "a@b", "aliases": [1]}, 400, "aliases must be a list"),
    ("POST", "/tenant/users", {"userPrincipalName": "a@b", "aliases": ["c@d"], "licensed": False}, 400, "mailbox"),
    ("PATCH", "/tenant/mailboxes/probe@contoso.example", {"MaxSendSize": "big"}, 400, "MaxSendSize: 'big' is no size"),
    ("POST", "/tenant/applications", {"displayName": "x", "roles": {GRAPH: ["Fly"]}}, 404, "Fly"),
    ("POST", "/tenant/applications", {"displayName": "x", "roles": {"https://x": []}}, 404, "https://x"),
    ("POST", "/tenant/applications", {"displayName": "x", "roles": {GRAPH: [[]]}}, 400, "roles must be lists"),
    ("POST", "/tenant/applications", {"displayName": "x", "certificate": "x"}, 400, "certificate in PEM"),
    ("POST", "/tenant/mailbox-permissions", {"Identity": "nobody@x", "User": "x"}, 404, "no mailbox nobody@x"),
    ("POST", "/tenant/tokens", {"appId": "x", "resource": GRAPH}, 404, "no service principal of x"),
    ("PATCH", "/tenant/mailboxes/unlicensed@contoso.example", {"PopEnabled": True}, 404, "no mailbox"),
    ("PATCH", "/tenant/mailboxes/probe@contoso.example", {"PopEnabled": None}, 400, "PopEnabled must be true or false"),
    ("PATCH", "/tenant/transport-config", {"AllowLegacyTLSClients": True}, 400, "unknown property"),
])
def test_what_it_does_not_know_is_refused_in_words(
    clean: RunningSandbox, method: str, path: str, body: Any, status: int, words: str
) -> None:
    before = clean.control("GET", "/tenant")
    with pytest.raises(ControlRefused) as caught:
        clean.control(method, path, body)
    assert caught.value.status == status
    assert words in caught.value.body["error"]
    assert clean.control("GET", "/tenant") == before


def bearer(sandbox: RunningSandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {(sandbox.directory / 'control-token').read_text()}"}


def call(sandbox: RunningSandbox, headers: dict[str, str], content: bytes = b"") -> httpx.Response:
    """Try to add a user to the tenant."""
    url = f"{sandbox.env['M365_SANDBOX_CONTROL_URL']}/tenant/users"
    return httpx.post(url, headers=headers, content=content or b'{"userPrincipalName": "x@contoso.example"}',
                      trust_env=False)


@pytest.mark.parametrize("content", [
    b"{", b"", b"\xff", b"[" * 5000 + b"]" * 5000, b'{"userPrincipalName": ' * 5000 + b"1" + b"}" * 5000,
])
def test_a_body_that_is_no_json_is_refused(clean: RunningSandbox, content: bytes) -> None:
    answer = call(clean, bearer(clean), content or b" ")
    assert (answer.status_code, answer.json()) == (400, {"error": "the body must be JSON, and not nested deeply"})


@pytest.mark.parametrize(("headers", "status", "words"), [
    ({}, 401, "control-token"),
    ({"Authorization": "Bearer guessed"}, 401, "control-token"),
    ({"Authorization": "Bearer \xe4"}, 401, "control-token"),
    ({"Host": "evil.example"}, 403, "the host must be 127.0.0.1 or localhost"),
    ({"Host": "127.0.0.1.evil.example:80"}, 403, "the host must be"),
    ({"Host": "[::1"}, 403, "the host must be"),
    ({"Origin": "https://evil.example"}, 403, "no other origin"),
    ({"Origin": "http://localhost:3000"}, 403, "no other origin"),
    ({"Origin": "null"}, 403, "no other origin"),
])
def test_only_who_may_read_the_folder_commands_it(
    clean: RunningSandbox, headers: dict[str, str], status: int, words: str
) -> None:
    given = {name: value.encode("latin-1") for name, value in {**bearer(clean), **headers}.items()}
    if not headers:
        del given["Authorization"]
    before = clean.control("GET", "/tenant")
    answer = call(clean, given)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert clean.control("GET", "/tenant") == before


def test_its_own_page_and_localhost_are_not_foreign(clean: RunningSandbox) -> None:
    port = clean.env["M365_SANDBOX_CONTROL_URL"].rpartition(":")[2]
    host = f"localhost:{port}"
    assert call(clean, {**bearer(clean), "Host": host, "Origin": f"http://{host}"}).status_code == 201


def test_the_token_is_in_a_file_that_nobody_else_may_read(clean: RunningSandbox) -> None:
    path = clean.directory / "control-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text()
    assert len(token) >= 32
    assert token not in (clean.directory / "sandbox.log").read_text()
    assert token not in clean.env.values()
