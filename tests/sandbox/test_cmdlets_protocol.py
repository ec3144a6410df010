"""The admin API's protocol: who gets in, the shape of answers and errors, pages, batches, prompts, faults."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
from exchange_client import ADMINISTRATOR, DOMAIN_CONTROLLER, NOT_FOUND, ORGANIZATION, Exchange, command, plain
from sandbox_fixture import RunningSandbox

CONTEXT_END = f"/adminapi/beta/{ORGANIZATION}/$metadata#Collection(Exchange.GenericHashTable)"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


# -- who gets in ----------------------------------------------------------------------------------------------------


def test_progression_from_nothing_to_success(clean: RunningSandbox) -> None:
    without_app_role = Exchange(clean, ADMINISTRATOR, app_roles=())
    without_directory_role = Exchange(clean)
    assert without_app_role.invoke("Get-Mailbox").status_code == 401
    refused = without_directory_role.invoke("Get-Mailbox")
    assert (refused.status_code, set(refused.content), refused.headers["content-encoding"]) == (403, {0}, "gzip")
    assert Exchange(clean, ADMINISTRATOR).invoke("Get-Mailbox").status_code == 200


@pytest.mark.parametrize(("resource", "seconds"), [
    ("https://graph.microsoft.com", 3600), ("https://outlook.office.com", 3600),
    ("https://outlook.office365.com", -60),
])
def test_wrong_audience_and_expired_token(clean: RunningSandbox, resource: str, seconds: int) -> None:
    refused = Exchange(clean, ADMINISTRATOR, resource=resource, seconds=seconds).invoke("Get-Mailbox")
    assert (refused.status_code, refused.content) == (401, b"")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic eDp5"])
def test_no_token(exchange: Exchange, authorization: str) -> None:
    refused = exchange.post("InvokeCommand", json=command("Get-Mailbox"), headers={"Authorization": authorization})
    assert refused.status_code == 401


def test_body_of_nul_bytes_without_gzip(clean: RunningSandbox) -> None:
    refused = Exchange(clean).invoke("Get-Mailbox", headers={"Accept-Encoding": "identity"})
    assert (refused.content, "content-encoding" in refused.headers) == (bytes(4096), False)


@pytest.mark.parametrize(("role", "allowed", "refused"), [
    ("Global Administrator", "New-ServicePrincipal", None),
    ("Global Reader", "Get-Mailbox", "Set-CASMailbox"),
    ("Security Reader", "Get-TransportConfig", "Get-Mailbox"),
    ("Exchange Recipient Administrator", "Add-MailboxPermission", "New-ServicePrincipal"),
    ("Helpdesk Administrator", "Get-MailboxPermission", "Get-ServicePrincipal"),
])
def test_directory_roles(clean: RunningSandbox, role: str, allowed: str, refused: str | None) -> None:
    exchange = Exchange(clean, role)
    # What may run complains about its missing parameters; what may not is not even looked at.
    assert exchange.invoke(allowed).status_code in (200, 400)
    if refused is not None:
        assert exchange.invoke(refused).status_code == 403


def test_unknown_cmdlet_is_forbidden(exchange: Exchange) -> None:
    assert exchange.invoke("Get-Nonsense").status_code == 403


# -- shape ----------------------------------------------------------------------------------------------------------


def test_success_has_the_recorded_shape(exchange: Exchange) -> None:
    response = exchange.invoke("Get-Mailbox", {"Identity": "probe@contoso.example"})
    answer = response.json()
    assert list(answer) == [
        "@odata.context", "adminapi.warnings@odata.type", "@adminapi.warnings", "value",
    ]
    assert answer["@odata.context"] == f"{exchange.sandbox.env['MAILOPS_EXCHANGE_ENDPOINT']}{CONTEXT_END}"
    assert answer["adminapi.warnings@odata.type"] == "#Collection(String)"
    row = answer["value"][0]
    assert row["EmailAddresses@odata.type"] == "#Collection(String)"
    assert row["EmailAddresses"] == ["SMTP:probe@contoso.example"]
    assert (row["ExchangeGuid@data.type"], row["ExchangeGuid@odata.type"]) == ("System.Guid", "#Guid")
    assert row["WhenMailboxCreated@data.type"] == "System.DateTime"
    assert row["WhenMailboxCreated"].endswith(".0000000+00:00")
    assert "Alias@data.type" not in row
    assert (row["ProhibitSendQuota"], row["IsMailboxEnabled"]) == ("99 GB (106,300,440,576 bytes)", True)
    assert response.headers["content-type"].startswith("application/json;odata.metadata=minimal")
    assert {"request-id", "rate-limit-limit", "rate-limit-remaining", "rate-limit-reset", "x-feserver"} <= set(
        response.headers
    )


def test_not_found_has_the_recorded_shape(exchange: Exchange) -> None:
    response = exchange.invoke("Get-Mailbox", {"Identity": "x"})
    text = (
        f"Ex6F9304|{NOT_FOUND}|The operation couldn't be performed because object 'x' couldn't be found on "
        f"'{DOMAIN_CONTROLLER}'."
    )
    assert response.status_code == 404
    assert response.headers["x-exceptiontype"] == "ManagementObjectNotFoundException"
    assert response.json() == {"error": {
        "code": "NotFound", "message": "Error executing cmdlet",
        "details": [{"code": "Client", "target": "", "message": text}],
        "innererror": {
            "message": "Error executing cmdlet", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "", "internalexception": {"message": text, "type": NOT_FOUND, "stacktrace": ""},
        },
        "adminapi.warnings@odata.type": "#Collection(String)", "@adminapi.warnings": [],
    }}


def test_names_are_matched_without_regard_to_case(exchange: Exchange) -> None:
    response = exchange.invoke("get-mailbox", {"identity": "PROBE@contoso.example"})
    assert response.json()["value"][0]["PrimarySmtpAddress"] == "probe@contoso.example"


def test_select(exchange: Exchange) -> None:
    response = exchange.invoke(
        "Get-Mailbox", {"Identity": "probe"}, query="?%24select=primarySmtpAddress,ExchangeGuid,Nonsense"
    )
    assert set(response.json()["value"][0]) == {
        "PrimarySmtpAddress", "ExchangeGuid", "ExchangeGuid@data.type", "ExchangeGuid@odata.type",
    }


def test_headers_of_a_connection_come_back_and_others_do_not_matter(exchange: Exchange) -> None:
    response = exchange.invoke("Get-TransportConfig", headers={
        "connection-id": "7d9a1e1c-0000-4000-8000-000000000001",
        "client-request-id": "7d9a1e1c-0000-4000-8000-000000000002",
        "X-CmdletName": "Get-Mailbox", "X-AnchorMailbox": "UPN:someone@contoso.example", "X-ResponseFormat": "json",
        "X-SerializationLevel": "Partial", "X-ClientApplication": "ExoManagementModule", "WarningAction": "",
        "parameter-based-routing": "true",
    })
    assert response.headers["connection-id"].endswith("1")
    assert response.headers["client-request-id"].endswith("2")
    assert "SmtpClientAuthenticationDisabled" in response.json()["value"][0]


def test_v1_has_no_invoke_command(exchange: Exchange) -> None:
    url = f"{exchange.sandbox.env['MAILOPS_EXCHANGE_ENDPOINT']}/adminapi/v1.0/{ORGANIZATION}/InvokeCommand"
    assert exchange.post(url, json=command("Get-Mailbox")).status_code == 405
    assert exchange.get("InvokeCommand").status_code == 405


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b'{"CmdletInput": {}}', b'{"CmdletInput": {"CmdletName": 1}}',
    b'{"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": []}}',
    b'{"CmdletInput": {"CmdletName": "Get-Mailbox", "Extra": {}}}',
    b'{"CmdletInput": {"CmdletName": "Get-Mailbox"}, "Extra": 1}',
])
def test_malformed_bodies(exchange: Exchange, body: bytes) -> None:
    response = exchange.post("InvokeCommand", content=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")


def test_unknown_paths_tenants_formats_and_options(exchange: Exchange) -> None:
    root = exchange.sandbox.env["MAILOPS_EXCHANGE_ENDPOINT"]
    beta = "/adminapi/beta"
    for path in ("/", beta, f"{beta}/{ORGANIZATION}/Nonsense", f"{beta}/other.example/$batch"):
        assert exchange.post(root + path, json=command("Get-Mailbox")).status_code == 404
    assert exchange.invoke("Get-Mailbox", headers={"X-ResponseFormat": "clixml"}).status_code == 406
    assert exchange.invoke("Get-Mailbox", query="?%24top=1").status_code == 400


# -- pages ------------------------------------------------------------------------------------------------------------


def _pages(exchange: Exchange, body: dict[str, Any], size: int) -> list[list[dict[str, Any]]]:
    pages = []
    url: str | None = "InvokeCommand"
    while url is not None:
        response = exchange.post(url, json=body, headers={"Prefer": f"odata.maxpagesize={size}"})
        assert response.status_code == 200, response.text
        pages.append(response.json()["value"])
        url = response.json().get("@odata.nextLink")
    return pages


def test_pages_by_the_preferred_size(exchange: Exchange) -> None:
    body = command("Get-Mailbox", {"ResultSize": "Unlimited"})
    pages = _pages(exchange, body, 2)
    whole = [plain(row) for row in exchange.invoke("Get-Mailbox").json()["value"]]
    assert [len(page) for page in pages] == [2] * (len(whole) // 2) + [1] * (len(whole) % 2)
    assert [plain(row) for page in pages for row in page] == whole


def test_page_keeps_the_selection(exchange: Exchange) -> None:
    first = exchange.invoke(
        "Get-Mailbox", query="?%24select=Alias", headers={"Prefer": "odata.maxpagesize=3"}
    ).json()
    second = exchange.post(first["@odata.nextLink"], json=command("Get-Mailbox")).json()
    assert {name for row in first["value"] + second["value"] for name in row} == {"Alias"}


def test_next_link_with_another_body_is_refused(exchange: Exchange) -> None:
    link = exchange.invoke("Get-Mailbox", headers={"Prefer": "odata.maxpagesize=1"}).json()["@odata.nextLink"]
    assert exchange.post(link, json=command("Get-User")).status_code == 400
    assert exchange.post("InvokeCommand?%24skiptoken=x", json=command("Get-Mailbox")).status_code == 400


def test_result_size_cuts_with_a_warning(exchange: Exchange) -> None:
    rows, warnings = exchange.run_warned("Get-Mailbox", ResultSize=2)
    assert len(rows) == 2
    assert warnings == [
        "There are more results available than are currently displayed. To view them, increase the value for the "
        "ResultSize parameter."
    ]


# -- batches ----------------------------------------------------------------------------------------------------------


def _batch(exchange: Exchange, *bodies: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    root = f"/adminapi/beta/{ORGANIZATION}/InvokeCommand"
    requests = [
        {"id": str(number), "method": "POST", "url": root, "body": body, "headers": {"Prefer": "odata.maxpagesize=2"}}
        for number, body in enumerate(bodies)
    ]
    response = exchange.post("$batch", json={"requests": requests, **options})
    assert response.status_code == 200, response.text
    responses: list[dict[str, Any]] = response.json()["responses"]
    return responses


def test_batch_has_statuses_of_its_own(exchange: Exchange) -> None:
    found, missing, hidden, paged = _batch(
        exchange, command("Get-Mailbox", {"Identity": "probe"}), command("Get-Mailbox", {"Identity": "x"}),
        command("Get-Nonsense"), command("Get-Mailbox"),
    )
    assert (found["id"], found["status"], found["headers"]["Cmdlet-Name"]) == ("0", 200, "Get-Mailbox")
    assert found["body"]["value"][0]["Alias"] == "probe"
    assert (missing["status"], missing["body"]["error"]["code"]) == (404, "NotFound")
    assert (hidden["status"], hidden["body"]) == (403, None)
    rest = exchange.post(paged["body"]["@odata.nextLink"], json=command("Get-Mailbox"))
    whole = exchange.invoke("Get-Mailbox").json()["value"]
    assert (len(paged["body"]["value"]), len(rest.json()["value"])) == (2, len(whole) - 2)


def test_batch_takes_whole_urls_and_logs_each_cmdlet(exchange: Exchange) -> None:
    url = f"https://outlook.office365.com/adminapi/beta/{ORGANIZATION}/InvokeCommand?$select=Alias"
    requests = [{"id": "a", "method": "POST", "url": url, "body": command("Get-Mailbox", {"Identity": "probe"})}]
    answer = exchange.post("$batch", json={"requests": requests}).json()["responses"][0]
    assert answer["body"]["value"] == [{"Alias": "probe"}]
    entry = exchange.sandbox.requests("outlook")[-1]
    assert entry["app_id"] == exchange.app_id
    assert entry["batch"] == [{"method": "POST", "url": url, "status": 200, "cmdlet": "Get-Mailbox"}]


def test_batch_refuses_what_is_none(exchange: Exchange) -> None:
    url = f"/adminapi/beta/{ORGANIZATION}/InvokeCommand"
    one = {"id": "1", "method": "POST", "url": url, "body": command("Get-User")}
    for requests in ([], [1], [one, one], [{**one, "id": None}], [{**one, "id": str(n)} for n in range(11)]):
        assert exchange.post("$batch", json={"requests": requests}).status_code == 400
    for change, status in (
        ({"method": "GET"}, 405), ({"url": f"/adminapi/v1.0/{ORGANIZATION}/InvokeCommand"}, 404), ({"extra": 1}, 400),
        ({"url": "/adminapi/beta/other.example/InvokeCommand"}, 404),
    ):
        answer = exchange.post("$batch", json={"requests": [{**one, **change}]}).json()["responses"][0]
        assert answer["status"] == status


# -- prompts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["Confirm", "WhatIf"])
def test_question_changes_nothing(exchange: Exchange, switch: str) -> None:
    parameters = {"Identity": "probe", "AccessRights": ["SendAs"], "Trustee": "admin@contoso.example"}
    before = exchange.tenant("recipient_permissions")
    answer = exchange.invoke("Add-RecipientPermission", {**parameters, switch: True}).json()
    assert answer["@adminapi.confirmationmessage"] == (
        "Adding recipient permission 'SendAs' for user or group 'admin@contoso.example' on recipient 'probe'."
    )
    assert (answer["value"], exchange.tenant("recipient_permissions")) == ([], before)
    assert exchange.invoke("Add-RecipientPermission", {**parameters, "Confirm": False}).status_code == 200
    assert len(exchange.tenant("recipient_permissions")) == len(before) + 1


def test_question_still_checks(exchange: Exchange) -> None:
    assert exchange.refusal("Remove-ServicePrincipal", Identity="x", Confirm=True)[0] == 404


def test_no_confirm_at_all_executes_at_once(exchange: Exchange) -> None:
    exchange.run("Remove-ServicePrincipal", Identity="Mail reader")
    assert exchange.tenant("exchange_service_principals") == {}


# -- the module's other requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["beta", "v1.0"])
def test_module_file_lists_what_the_caller_may_run(clean: RunningSandbox, version: str) -> None:
    def listed(role: str) -> list[str]:
        exchange = Exchange(clean, role)
        root = clean.env["MAILOPS_EXCHANGE_ENDPOINT"]
        answer = exchange.get(f"{root}/AdminApi/{version}/{ORGANIZATION}/EXOModuleFile?Version=3.9.2").json()
        exported: str = answer["value"][0]["exportedCmdlets"]
        assert exported.split(",") == list(answer["value"][0]["signatures"])
        return exported.split(",")

    assert {"Get-Mailbox", "New-ServicePrincipal"} <= set(listed(ADMINISTRATOR))
    assert "Get-Mailbox" not in listed("Security Reader")
    assert not any(name.startswith(("New-", "Set-", "Add-", "Remove-")) for name in listed("Global Reader"))


def test_module_file_without_a_role(clean: RunningSandbox) -> None:
    assert Exchange(clean).get("EXOModuleFile?Version=3.9.2").status_code == 403
    assert Exchange(clean, app_roles=()).get("EXOModuleFile?Version=3.9.2").status_code == 401


def test_signatures_tell_proxies_what_to_ask_for(exchange: Exchange) -> None:
    answer = exchange.get("EXOModuleFile", headers={"CommandName": "New-ServicePrincipal,Add-RecipientPermission"})
    signatures = answer.json()["value"][0]["signatures"]
    new, add = signatures["New-ServicePrincipal"], signatures["Add-RecipientPermission"]
    assert list(signatures) == ["Add-RecipientPermission", "New-ServicePrincipal"]
    assert (new["confirms"], add["confirms"]) == (False, True)
    assert new["parameters"]["ObjectId"] == {"type": "String", "mandatory": True, "position": None}
    assert not new["parameters"]["ServiceId"]["mandatory"]
    assert add["parameters"]["Identity"] == {"type": "String", "mandatory": True, "position": 0}
    # PowerShell adds these itself, and refuses a second one of the name.
    assert not {"Confirm", "WhatIf"} & set(add["parameters"])


def test_banner(exchange: Exchange) -> None:
    assert exchange.get("EXOBanner('AutogenSession')?Version=3.9.2").json()["value"] == []


# -- faults -----------------------------------------------------------------------------------------------------------


def test_throttling_in_exchanges_words(exchange: Exchange) -> None:
    exchange.sandbox.control("POST", "/faults", {"face": "outlook", "kind": "throttle", "retry_after": "2", "count": 1})
    refused = exchange.invoke("Get-Mailbox")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["error"]["message"].startswith(
        "You have reached the maximum number of concurrent requests per tenant. Please wait and try again"
    )
    assert exchange.invoke("Get-Mailbox").status_code == 200


def test_throttling_inside_a_batch(exchange: Exchange) -> None:
    exchange.sandbox.control("POST", "/faults", {
        "face": "outlook", "kind": "throttle", "path": "InvokeCommand$", "count": 1, "retry_after": "1.5",
    })
    first, second = _batch(exchange, command("Get-User"), command("Get-User"))
    assert (first["status"], first["headers"]["Retry-After"], second["status"]) == (429, "1.5", 200)


def test_cut_after_the_effect(exchange: Exchange) -> None:
    exchange.sandbox.control("POST", "/faults", {"face": "outlook", "kind": "disconnect", "when": "after", "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        exchange.invoke("Remove-ServicePrincipal", {"Identity": "Mail reader"})
    assert exchange.tenant("exchange_service_principals") == {}


def test_reads_of_one_cmdlet_can_lag(exchange: Exchange) -> None:
    exchange.sandbox.control("POST", "/faults", {
        "face": "outlook", "kind": "replication_lag", "seconds": 600, "path": "InvokeCommand/Get-CASMailbox$",
    })
    exchange.run("Set-CASMailbox", Identity="probe", ImapEnabled=False)
    assert exchange.run("Get-CASMailbox", Identity="probe")[0]["ImapEnabled"] is True
    exchange.sandbox.control("DELETE", "/faults")
    assert exchange.run("Get-CASMailbox", Identity="probe")[0]["ImapEnabled"] is False


def test_certificate_of_the_face(sandbox: RunningSandbox) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(sandbox.env["MAILOPS_EXCHANGE_ENDPOINT"], verify=ssl.create_default_context())
