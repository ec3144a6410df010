"""exchange_service_principal against the sandbox, judged by Exchange's state."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_world import ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE = "exchange_service_principal"


def without_sid(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "sid"}


def test_is_made_with_the_object_id_of_the_enterprise_application(exchange: ExchangeModules) -> None:
    app = exchange.application()
    predicted, done = exchange.four_runs(MODULE, app_id=app["appId"])
    (pointer,) = exchange.objects("exchange_service_principals", AppId=app["appId"])
    assert pointer["ObjectId"] == app["servicePrincipalId"]
    assert pointer["DisplayName"] == "Contracts mail"
    assert done["service_principal"] == {
        "app_id": app["appId"], "object_id": app["servicePrincipalId"], "display_name": "Contracts mail",
        "sid": pointer["Sid"],
    }
    assert done["diff"]["before"] == {}
    assert without_sid(predicted["diff"]["after"]) == without_sid(done["diff"]["after"])
    assert done["repaired"] is False


def test_a_wrong_object_id_is_repaired(exchange: ExchangeModules) -> None:
    app = exchange.application()
    exchange.pointer(app["appId"], app["id"])
    predicted, done = exchange.four_runs(MODULE, app_id=app["appId"])
    assert predicted["repaired"] is done["repaired"] is True
    assert done["diff"]["before"]["object_id"] == app["id"]
    (pointer,) = exchange.objects("exchange_service_principals", AppId=app["appId"])
    assert pointer["ObjectId"] == app["servicePrincipalId"]
    assert pointer["DisplayName"] == "Contracts mail"


def test_a_pointer_of_another_application_to_the_object_gives_way(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.application()
    other = exchange_rest.application("Other")
    exchange_rest.pointer(other["appId"], app["servicePrincipalId"])
    _, done = exchange_rest.four_runs(MODULE, app_id=app["appId"])
    assert done["repaired"] is True
    assert exchange_rest.objects("exchange_service_principals", AppId=other["appId"]) == []


def test_is_renamed_without_being_replaced(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    unchanged = exchange.ok(MODULE, app_id=app["appId"])
    assert unchanged["changed"] is False
    _, done = exchange.four_runs(MODULE, app_id=app["appId"], display_name="Contracts 'mail' $(1)")
    (pointer,) = exchange.objects("exchange_service_principals", AppId=app["appId"])
    assert pointer["DisplayName"] == "Contracts 'mail' $(1)"
    assert done["service_principal"]["sid"] == unchanged["service_principal"]["sid"]
    assert done["repaired"] is False


def test_absent_removes_it_with_a_wrong_object_id_too(exchange: ExchangeModules) -> None:
    app = exchange.application()
    exchange.pointer(app["appId"], app["id"])
    _, done = exchange.four_runs(MODULE, app_id=app["appId"], state="absent")
    assert exchange.objects("exchange_service_principals", AppId=app["appId"]) == []
    assert done["service_principal"] is None


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    app_id = sandbox.env["M365_SANDBOX_READER_CLIENT_ID"]

    def runs(modules: ExchangeModules) -> Any:
        return [
            modules.four_runs(MODULE, app_id=app_id, display_name="Reader"),
            modules.four_runs(MODULE, app_id=app_id, state="absent"),
            modules.four_runs(MODULE, app_id=app_id),
        ]

    on_every_transport(sandbox, runs)


def test_the_lookup_takes_one_request_and_none_with_an_object_id(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.application()
    exchange_rest.count("graph")
    exchange_rest.ok(MODULE, app_id=app["appId"])
    assert exchange_rest.count("graph") == 1
    exchange_rest.cmdlets()
    exchange_rest.ok(MODULE, app_id=app["appId"], object_id=app["servicePrincipalId"].upper())
    assert exchange_rest.cmdlets() == ["Get-ServicePrincipal"]
    assert exchange_rest.count("graph") == 0


def test_a_registration_s_object_id_that_is_given_is_refused(exchange: ExchangeModules) -> None:
    app = exchange.application()
    result = exchange.run(MODULE, app_id=app["appId"], object_id=app["id"])
    assert "New-ServicePrincipal failed: There's no service principal with the object ID" in result["msg"]
    assert "not of the app registration" in result["remedy"]
    assert exchange.objects("exchange_service_principals", AppId=app["appId"]) == []


@pytest.mark.parametrize("check", [True, False])
def test_an_unknown_application_is_refused_before_exchange_is_asked(
    exchange_rest: ExchangeModules, check: bool
) -> None:
    exchange_rest.cmdlets()
    result = exchange_rest.run(MODULE, check=check, app_id="00000000-0000-4000-8000-000000000000")
    assert result["msg"].startswith("There is neither an application nor an enterprise application 00000000-")
    assert "app_id" in result["remedy"]
    assert exchange_rest.cmdlets() == []


def test_check_mode_predicts_what_an_enterprise_application_will_bring(exchange_rest: ExchangeModules) -> None:
    made = exchange_rest.ok("entra_application", unique_name="contracts", display_name="Contracts mail")
    result = exchange_rest.ok(MODULE, check=True, app_id=made["application"]["app_id"])
    assert result["changed"] is True
    assert result["service_principal"]["object_id"] is None


def test_the_list_helps_where_the_id_is_not_found(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    exchange_rest.sandbox.control("POST", "/faults", {
        "face": "outlook", "kind": "replication_lag", "rate": 1, "seconds": 3600, "count": 1,
        "path": ".*/Get-ServicePrincipal",
    })
    result = exchange_rest.ok(MODULE, app_id=app["appId"])
    assert result["changed"] is False


def test_a_caller_without_a_role_is_told(exchange: ExchangeModules) -> None:
    app = exchange.application()
    caller: dict[str, Any] = exchange.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Caller", "secret": True,
        "roles": {"00000002-0000-0ff1-ce00-000000000000": ["Exchange.ManageAsApp"]},
    })
    exchange.environment |= {"AZURE_CLIENT_ID": caller["appId"], "AZURE_CLIENT_SECRET": caller["secret"]}
    given = {"app_id": app["appId"], "object_id": app["servicePrincipalId"]}
    without = exchange.run(MODULE, **given)
    assert "directory role" in without["remedy"]
    exchange.sandbox.control("POST", "/tenant/directory-roles", {
        "appId": caller["appId"], "role": "Exchange Recipient Administrator",
    })
    other = exchange.run(MODULE, **given)
    assert other["msg"].startswith("Get-ServicePrincipal")
    assert "Role Management" in other["remedy"]
    assert exchange.objects("exchange_service_principals", AppId=app["appId"]) == []
