"""mail_credentials_info against the sandbox: what it tells of many applications, and how few requests that takes."""

from __future__ import annotations

from typing import Any

import pytest
import trustme
from module_runner import Modules
from sandbox_fixture import RunningSandbox

DAY = 86400
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    return Modules(clean)


def by_hand(modules: Modules, name: str, **more: Any) -> dict[str, Any]:
    """An application that a person made in the portal."""
    made: dict[str, Any] = modules.sandbox.control("POST", "/tenant/applications", {"displayName": name, **more})
    return made


def of(result: dict[str, Any], app_id: str) -> dict[str, Any]:
    (application,) = [one for one in result["applications"] if one["app_id"] == app_id]
    return application


def test_tells_managed_secrets_from_those_of_people(modules: Modules) -> None:
    app_id = modules.ok("entra_application", unique_name="contracts", display_name="Contracts")["application"]["app_id"]
    made = modules.ok("entra_application_secret", app_id=app_id, name="prod", lifetime="90d")
    certificate = trustme.CA().cert_pem.bytes().decode()
    other = by_hand(modules, "By hand", secret=True, secretSeconds=10 * DAY + 60, certificate=certificate)
    result = modules.ok("mail_credentials_info", app_ids=[app_id, other["appId"].upper(), app_id])
    assert result["changed"] is False
    assert result["not_found"] == []
    assert [one["app_id"] for one in result["applications"]] == [app_id, other["appId"]]
    contracts, by_people = result["applications"]
    assert (contracts["unique_name"], contracts["display_name"]) == ("contracts", "Contracts")
    (secret,) = contracts["credentials"]
    # The tenant's clock shows whole seconds, and may still show the one in which the secret was made.
    assert secret.pop("days_left") in (89, 90)
    assert secret == {
        "key_id": made["secret"]["key_id"], "kind": "secret", "display_name": made["secret"]["display_name"],
        "managed": True, "name": "prod", "start": made["secret"]["start_date_time"],
        "end": made["secret"]["end_date_time"], "status": "ok",
    }
    assert by_people["object_id"] == other["id"]
    password, key = by_people["credentials"]
    assert (password["kind"], password["managed"], password["name"]) == ("secret", False, None)
    assert (password["key_id"], password["days_left"], password["status"]) == (other["keyId"], 10, "due")
    assert (key["kind"], key["managed"], key["status"]) == ("certificate", False, "ok")
    text = str(result)
    assert made["secret_text"] not in text
    assert other["secret"] not in text
    assert "hint" not in text


@pytest.mark.parametrize(("seconds", "due_within", "status", "days_left"), [
    (10 * DAY + 60, "9d", "ok", 10),
    (10 * DAY + 60, "11d", "due", 10),
    (10 * DAY + 60, "2w", "due", 10),
    (-60, "30d", "expired", -1),
])
def test_what_is_due(modules: Modules, seconds: int, due_within: str, status: str, days_left: int) -> None:
    made = by_hand(modules, "Old", secret=True, secretSeconds=seconds)
    result = modules.ok("mail_credentials_info", app_ids=[made["appId"]], due_within=due_within)
    (secret,) = of(result, made["appId"])["credentials"]
    assert (secret["status"], secret["days_left"]) == (status, days_left)


def test_an_application_that_does_not_exist_is_said(modules: Modules) -> None:
    there = by_hand(modules, "There")
    result = modules.ok("mail_credentials_info", app_ids=[NOBODY, there["appId"]])
    assert result["not_found"] == [NOBODY]
    assert of(result, there["appId"])["credentials"] == []


def test_refuses_what_is_no_application_id(modules: Modules) -> None:
    modules.count("graph")
    result = modules.run("mail_credentials_info", app_ids=[NOBODY, "contracts-mail"])
    assert result["msg"].startswith('app_ids[1]: "contracts-mail" is no application id.')
    assert modules.run("mail_credentials_info", due_within="soon")["msg"].startswith('due_within: "soon"')
    assert modules.count("graph") == 0


def test_a_hundred_applications_take_five_requests(modules: Modules) -> None:
    app_ids = [by_hand(modules, f"Application {number}", secret=True)["appId"] for number in range(100)]
    modules.count("graph")
    result = modules.ok("mail_credentials_info", app_ids=app_ids)
    asked = modules.sandbox.requests("graph")
    print(f"100 applications: {len(asked)} requests to Graph")
    assert [(one["method"], one["path"], len(one["batch"])) for one in asked] == [("POST", "/v1.0/$batch", 20)] * 5
    assert [one["app_id"] for one in result["applications"]] == app_ids
    modules.count("graph")
    everything = modules.ok("mail_credentials_info")
    assert modules.count("graph") == 1
    assert {one["app_id"] for one in everything["applications"]} > set(app_ids)
    assert modules.ok("mail_credentials_info", app_ids=[])["applications"] == []
    assert modules.count("graph") == 0


def test_waits_for_those_that_were_throttled(modules: Modules) -> None:
    app_ids = [by_hand(modules, f"Application {number}")["appId"] for number in range(20)]
    modules.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "throttle", "path": "applications", "rate": 0.5, "seed": 1, "retry_after": "0.1",
        "count": 10,
    })
    assert modules.ok("mail_credentials_info", app_ids=app_ids)["not_found"] == []
