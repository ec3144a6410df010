"""entra_federated_credential against the sandbox, judged by the tenant and by whose tokens are exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from module_runner import Modules, without_ids
from sandbox_fixture import RunningSandbox

MODULE = "entra_federated_credential"
SUBJECT = "repo:contoso/mail:environment:production"


class Caller:
    """An application in the tenant that is to sign in with the tokens of a CI system."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules = modules
        self.token_file = folder / "token"
        self.issuer = modules.sandbox.env["M365_SANDBOX_ISSUER_URL"]
        made = modules.ok("entra_application", unique_name="operations", display_name="Operations")
        self.app_id: str = made["application"]["app_id"]
        modules.ok("entra_admin_consent", app_id=self.app_id)
        self.wanted = {"app_id": self.app_id, "name": "production", "issuer": self.issuer, "subject": SUBJECT}

    def ok(self, **arguments: Any) -> dict[str, Any]:
        return self.modules.ok(MODULE, **{**self.wanted, **arguments})

    def refused(self, **arguments: Any) -> dict[str, Any]:
        result = self.modules.run(MODULE, **{**self.wanted, **arguments})
        assert result["failed"], result
        return result

    def credentials(self) -> dict[str, dict[str, Any]]:
        """The federated credentials in the tenant, by name."""
        return {one["name"]: one for one in self.modules.objects("federated_identity_credentials")}

    def batch(self, requests_: list[dict[str, Any]]) -> None:
        """Change the tenant as somebody else would."""
        environment = self.modules.sandbox.env
        token = self.modules.sandbox.control("POST", "/tenant/tokens", {
            "appId": environment["AZURE_CLIENT_ID"], "resource": "https://graph.microsoft.com",
        })["access_token"]
        answer = requests.post(
            f"{environment['MAILOPS_GRAPH_ENDPOINT']}/v1.0/$batch", json={"requests": requests_}, timeout=60,
            headers={"Authorization": f"Bearer {token}"}, verify=self.modules.sandbox.ca, proxies={"https": ""},
        )
        assert {one["status"] for one in answer.json()["responses"]} == {201}

    def exchange(self, **claims: Any) -> dict[str, Any]:
        """What happens when a job with such a token signs in."""
        issued = self.modules.sandbox.control("POST", "/issuer/tokens", {"subject": SUBJECT, **claims})
        self.token_file.write_text(issued["token"], "utf-8")
        return self.modules.run(
            "entra_token_info", auth_source="workload_identity", client_id=self.app_id,
            federated_token_file=str(self.token_file),
        )


@pytest.fixture
def caller(clean: RunningSandbox, tmp_path: Path) -> Caller:
    return Caller(Modules(clean), tmp_path)


def test_a_job_signs_in_without_a_secret(caller: Caller) -> None:
    before = caller.exchange()
    assert before["failed"]
    assert "federated" in before["remedy"]
    predicted, done = caller.modules.four_runs(MODULE, **caller.wanted, description="Nightly rotation")
    assert without_ids(predicted["federated_credential"]) == without_ids(done["federated_credential"])
    assert without_ids(predicted["diff"]) == without_ids(done["diff"])
    (credential,) = caller.credentials().values()
    assert credential["audiences"] == ["api://AzureADTokenExchange"]
    assert credential["description"] == "Nightly rotation"
    assert caller.exchange()["claims"]["app_id"] == caller.app_id


@pytest.mark.parametrize("claims", [
    {"subject": SUBJECT.upper()}, {"audience": "api://other"}, {"issuer": "https://elsewhere.example"},
])
def test_what_does_not_match_to_the_letter_does_not(caller: Caller, claims: dict[str, str]) -> None:
    caller.ok()
    refused = caller.exchange(**claims)
    assert refused["failed"]
    assert refused["code"].startswith("AADSTS")


def test_changes_what_is_asked_for_and_nothing_else(caller: Caller) -> None:
    caller.ok(description="Nightly rotation")
    caller.ok(name="staging", subject="repo:contoso/mail:environment:staging")
    before = caller.credentials()
    new = {"app_id": caller.app_id, "name": "production", "subject": "repo:contoso/mail:ref:refs/heads/main"}
    _, done = caller.modules.four_runs(MODULE, **new)
    assert done["diff"]["before"]["subject"] == SUBJECT
    after = caller.credentials()
    assert after["staging"] == before["staging"]
    assert after["production"] == {**before["production"], "subject": new["subject"]}
    assert caller.exchange()["failed"]
    assert caller.exchange(subject=new["subject"])["claims"]["app_id"] == caller.app_id


def test_removes_it_and_no_other(caller: Caller) -> None:
    caller.ok()
    caller.ok(name="staging", subject="repo:contoso/mail:environment:staging")
    gone = {"app_id": caller.app_id, "name": "production", "state": "absent"}
    _, done = caller.modules.four_runs(MODULE, **gone)
    assert done["federated_credential"] is None
    assert list(caller.credentials()) == ["staging"]
    assert caller.exchange()["failed"]


def test_a_name_cannot_be_changed(caller: Caller) -> None:
    caller.ok()
    refused = caller.refused(name="renamed")
    assert '"production"' in refused["msg"]
    assert "a name cannot be changed" in refused["remedy"]
    assert list(caller.credentials()) == ["production"]


def test_no_more_than_twenty(caller: Caller) -> None:
    path = f"/applications(appId='{caller.app_id}')/federatedIdentityCredentials"
    caller.batch([
        {"id": str(number), "method": "POST", "url": path, "headers": {"Content-Type": "application/json"}, "body": {
            "name": f"name-{number}", "issuer": caller.issuer, "subject": f"subject-{number}", "audiences": ["a"],
        }}
        for number in range(20)
    ])
    refused = caller.refused()
    assert "20 are possible: name-0, " in refused["msg"]
    assert caller.ok(name="name-7", subject="subject-7")["changed"] is False


@pytest.mark.parametrize(("arguments", "message"), [
    ({"issuer": "http://ci.example"}, 'issuer: "http://ci.example" is not the https address'),
    ({"name": "a b"}, 'name: "a b" cannot be'),
    ({"subject": None}, "subject: there is no federated credential"),
    ({"audiences": ["a", "b"]}, "audiences: 2 were given"),
])
def test_bad_input_is_refused(caller: Caller, arguments: dict[str, Any], message: str) -> None:
    assert caller.refused(**arguments)["msg"].startswith(message)
    assert caller.credentials() == {}


def test_a_lost_answer_does_no_harm(caller: Caller) -> None:
    caller.modules.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "disconnect", "when": "after", "methods": ["PATCH", "DELETE"], "count": 1,
    })
    caller.ok()
    assert list(caller.credentials()) == ["production"]
    caller.modules.sandbox.control("POST", "/faults", {
        "face": "graph", "kind": "unavailable", "when": "after", "methods": ["DELETE"], "count": 1,
    })
    caller.ok(state="absent")
    assert caller.credentials() == {}


def test_requests_of_each_run(caller: Caller) -> None:
    caller.modules.count("graph")
    caller.ok()
    assert caller.modules.count("graph") == 3  # the list, PATCH, the list that shows it
    caller.ok()
    assert caller.modules.count("graph") == 1
    caller.ok(state="absent")
    assert caller.modules.count("graph") == 3
