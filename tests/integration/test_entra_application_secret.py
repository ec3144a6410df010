"""entra_application_secret against the sandbox, judged by the tenant's state and by whether the secret signs in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msal
import pytest
import requests
from module_runner import Modules
from sandbox_fixture import RunningSandbox

OWNER = "mailops.modern_auth: "


class Client:
    """An application in the tenant that can sign in, and its secrets there."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        made = modules.ok("entra_application", unique_name="contracts-mail", display_name="Contracts mail")
        self.app_id: str = made["application"]["app_id"]
        modules.ok("entra_admin_consent", app_id=self.app_id)

    def secret(self, **arguments: Any) -> dict[str, Any]:
        return self.modules.ok("entra_application_secret", app_id=self.app_id, **arguments)

    def refused(self, **arguments: Any) -> dict[str, Any]:
        result = self.modules.run("entra_application_secret", app_id=self.app_id, **arguments)
        assert result["failed"], result
        return result

    def credentials(self) -> dict[str, dict[str, Any]]:
        """The secrets in the tenant, by key id."""
        (application,) = self.modules.objects("applications", appId=self.app_id)
        return {one["keyId"]: one for one in application["passwordCredentials"]}

    def signs_in(self, secret: str) -> bool:
        """Whether the value gets a token."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.modules.sandbox.ca
        environment = self.modules.sandbox.env
        application = msal.ConfidentialClientApplication(
            self.app_id, client_credential=secret, instance_discovery=False, http_client=session,
            authority=f"{environment['AZURE_AUTHORITY_HOST']}/{environment['AZURE_TENANT_ID']}",
        )
        return "access_token" in application.acquire_token_for_client(["https://graph.microsoft.com/.default"])

    def fault(self, **fault: Any) -> None:
        self.modules.sandbox.control("POST", "/faults", {"face": "graph", **fault})


@pytest.fixture
def client(clean: RunningSandbox) -> Client:
    return Client(Modules(clean))


def test_makes_one_and_keeps_it(client: Client) -> None:
    predicted = client.secret(check=True)
    assert predicted["changed"] is True
    assert predicted["secret"]["key_id"] is None
    assert client.credentials() == {}
    made = client.secret()
    (credential,) = client.credentials().values()
    assert made["secret"]["key_id"] == credential["keyId"]
    assert credential["displayName"].startswith(f"{OWNER}mail (")
    assert client.signs_in(made["secret_text"])
    assert made["secret_text"] not in str({**made, "secret_text": ""})
    lifetime = datetime.fromisoformat(credential["endDateTime"]) - datetime.fromisoformat(credential["startDateTime"])
    assert abs(lifetime - timedelta(days=180)) < timedelta(minutes=1)
    for check in (True, False):
        again = client.secret(key_id=credential["keyId"], check=check)
        assert again["changed"] is False
        assert "secret_text" not in again
        assert again["secret"] == made["secret"]
    assert list(client.credentials()) == [credential["keyId"]]


def test_renews_when_due_and_keeps_the_old_one(client: Client) -> None:
    old = client.secret(lifetime="5d", renew_within="1d")
    key_id = old["secret"]["key_id"]
    assert client.secret(key_id=key_id, lifetime="5d", renew_within="4d")["changed"] is False
    new = client.secret(key_id=key_id, known_key_ids=[key_id])
    assert new["changed"] is True
    assert new["removed"] == []
    assert set(client.credentials()) == {key_id, new["secret"]["key_id"]}
    assert client.signs_in(old["secret_text"])
    assert client.signs_in(new["secret_text"])


def test_heals_a_run_that_was_killed_before_it_stored_the_value(client: Client) -> None:
    orphan = client.secret()["secret"]["key_id"]
    other = client.secret(name="archive")["secret"]["key_id"]
    refused = client.refused()
    assert orphan in refused["msg"]
    assert "known_key_ids" in refused["remedy"]
    predicted = client.secret(known_key_ids=[], check=True)
    assert predicted["removed"] == [orphan]
    assert set(client.credentials()) == {orphan, other}
    cautious = client.secret(known_key_ids=[], remove_unknown=False)
    assert cautious["removed"] == []
    key_id = cautious["secret"]["key_id"]
    assert set(client.credentials()) == {orphan, other, key_id}
    healed = client.secret(known_key_ids=[])
    assert sorted(healed["removed"]) == sorted([orphan, key_id])
    assert set(client.credentials()) == {other, healed["secret"]["key_id"]}


def test_removes_only_what_it_manages(client: Client) -> None:
    made = client.secret()["secret"]["key_id"]
    done = client.secret(key_id=made, state="absent", check=True)
    assert done["removed"] == [made]
    assert list(client.credentials()) == [made]
    assert client.secret(key_id=made, state="absent")["changed"] is True
    assert client.credentials() == {}
    assert client.secret(key_id=made, state="absent")["changed"] is False


def test_refuses_to_remove_what_somebody_else_made(clean: RunningSandbox) -> None:
    modules = Modules(clean)
    by_hand = clean.control("POST", "/tenant/applications", {"displayName": "By hand", "secret": True})
    result = modules.run("entra_application_secret", app_id=by_hand["appId"], key_id=by_hand["keyId"], state="absent")
    assert "did not make it" in result["msg"]
    (application,) = modules.objects("applications", appId=by_hand["appId"])
    assert len(application["passwordCredentials"]) == 1


@pytest.mark.parametrize(("arguments", "message"), [
    ({"lifetime": "half a year"}, 'lifetime: "half a year" is not a length of time.'),
    ({"lifetime": "0d"}, 'lifetime: "0d" is not a length of time.'),
    ({"lifetime": "30d"}, "renew_within has to be shorter than lifetime"),
])
def test_refuses_bad_lengths_of_time(client: Client, arguments: dict[str, str], message: str) -> None:
    assert client.refused(**arguments)["msg"].startswith(message)
    assert client.credentials() == {}


@pytest.mark.parametrize("kind", ["unavailable", "disconnect"])
@pytest.mark.parametrize("lost", [1, 3])
def test_a_lost_answer_leaves_nothing_behind(client: Client, kind: str, lost: int) -> None:
    client.fault(kind=kind, when="after", path="addPassword", count=lost)
    made = client.secret()
    assert list(client.credentials()) == [made["secret"]["key_id"]]
    assert client.signs_in(made["secret_text"])
    assert len([one for one in client.modules.sandbox.requests("graph") if "addPassword" in one["path"]]) == lost + 1


def test_when_every_answer_is_lost_it_fails_and_leaves_nothing_behind(client: Client) -> None:
    client.fault(kind="unavailable", when="after", path="addPassword")
    result = client.refused()
    assert result["msg"].startswith('Could not add a client secret to "Contracts mail"')
    assert client.credentials() == {}


def test_requests_of_a_first_and_of_an_unchanged_run(client: Client) -> None:
    client.modules.count("graph")
    made = client.secret()
    assert client.modules.count("graph") == 4  # read, both policies, addPassword, a read that shows the secret
    client.secret(key_id=made["secret"]["key_id"])
    assert client.modules.count("graph") == 1
