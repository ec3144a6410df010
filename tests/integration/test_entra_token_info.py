"""entra_token_info against the sandbox: what gets a token, what does not, and how long a refusal is waited out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from m365_sandbox.state.directory_roles import NO_ROLE
from module_runner import Modules
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
OUTLOOK = "00000002-0000-0ff1-ce00-000000000000"


@pytest.fixture
def modules(clean: RunningSandbox) -> Modules:
    return Modules(clean)


def application(modules: Modules, **properties: Any) -> dict[str, Any]:
    roles = {GRAPH: ["Mail.Send"], OUTLOOK: ["SMTP.SendAsApp"]}
    added: dict[str, Any] = modules.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Contracts mail", "roles": roles, "secret": True, **properties}
    )
    return added


def credentials(added: dict[str, Any]) -> dict[str, str]:
    return {"auth_source": "client_secret", "client_id": added["appId"], "client_secret": added["secret"]}


def test_says_whose_token_it_is_and_for_what(modules: Modules) -> None:
    added = application(modules)
    modules.count("identity")
    modules.count("graph")
    (principal,) = modules.objects("service_principals", appId=added["appId"])
    for check in (False, True):
        result = modules.ok("entra_token_info", check=check, **credentials(added))
        assert result["changed"] is False
        assert result["attempts"] == 1
        assert result["scope"] == "https://graph.microsoft.com/.default"
        expiry = result["claims"].pop("expires_date_time")
        assert expiry.startswith("20")
        assert result["claims"] == {
            "app_id": added["appId"], "tenant_id": modules.sandbox.env["AZURE_TENANT_ID"],
            "object_id": principal["id"], "audience": "https://graph.microsoft.com", "roles": ["Mail.Send"],
            "scopes": [], "directory_roles": [NO_ROLE],
        }
        assert added["secret"] not in str(result)
        assert "eyJ" not in str(result)
    assert modules.count("identity") == 2 * 2  # the tenant's metadata and one token
    assert modules.count("graph") == 0


def test_a_scope_of_another_resource(modules: Modules) -> None:
    scope = "https://outlook.office365.com/.default"
    result = modules.ok("entra_token_info", scope=scope, **credentials(application(modules)))
    assert result["claims"]["audience"] == "https://outlook.office365.com"
    assert result["claims"]["roles"] == ["SMTP.SendAsApp"]


def test_a_cached_token_proves_nothing(modules: Modules, tmp_path: Path) -> None:
    app_id = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")[
        "application"
    ]["app_id"]
    modules.ok("entra_admin_consent", app_id=app_id)
    made = modules.ok("entra_application_secret", app_id=app_id)
    arguments = {
        **credentials({"appId": app_id, "secret": made["secret_text"]}), "token_cache": str(tmp_path / "cache"),
    }
    modules.ok("entra_token_info", **arguments)
    modules.count("identity")
    modules.ok("entra_token_info", **arguments)
    assert modules.count("identity") == 1  # a new token, while the tenant's metadata come from the cache
    modules.ok("entra_application_secret", app_id=app_id, key_id=made["secret"]["key_id"], state="absent")
    assert modules.run("entra_token_info", **arguments)["code"] == "AADSTS7000215"


def test_a_wrong_secret_is_waited_for_only_as_long_as_asked(modules: Modules) -> None:
    added = {**application(modules), "secret": "wrong~but~not~an~id"}
    modules.count("identity")
    refused = modules.run("entra_token_info", **credentials(added))
    assert refused["failed"]
    assert refused["code"] == "AADSTS7000215"
    assert refused["attempts"] == 1
    patient = modules.run("entra_token_info", wait=2, **credentials(added))
    assert patient["attempts"] > 1
    assert modules.count("identity") == (1 + 1) + (1 + patient["attempts"])


def test_an_expired_secret_is_not_waited_for(modules: Modules) -> None:
    refused = modules.run("entra_token_info", wait=600, **credentials(application(modules, secretSeconds=-60)))
    assert refused["code"] == "AADSTS7000222"
    assert refused["attempts"] == 1
