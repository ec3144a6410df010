"""Motion's API in the stand-in: lists, objects, refusals, secrets, and its own description."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from xcally_fixture import Motion, motion

__all__ = ["motion"]

PROVIDERS, ACCOUNTS = "/api/cloudProviders", "/api/mail/accounts"
MOTIONS_OWN = {"id", "createdAt", "updatedAt"}


@pytest.fixture(scope="module")
def made(motion: Motion) -> dict[str, Any]:
    """A provider and an account."""
    provider = motion.provider(name="Support", applicationId="1", tenantId="2", clientSecret="hidden-1")
    account = motion.account("support-test@contoso.example", provider["id"], key="sup")
    return {"provider": provider["id"], "account": account}


@pytest.mark.parametrize("auth", [None, ("Administrator", "wrong"), ("nobody", "")])
@pytest.mark.parametrize("path", [PROVIDERS, ACCOUNTS, "/api/mail/messages", "/api/nothing"])
def test_without_the_administrators_password_there_is_no_api(motion: Motion, path: str, auth: Any) -> None:
    answer = requests.get(f"{motion.url}{path}", auth=auth, verify=motion.sandbox.ca, timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Motion"'


def test_an_object_is_made_read_changed_and_taken_away(motion: Motion) -> None:
    made = motion.ask("POST", "/api/cm/lists", {"name": "Callers", "description": "All", "color": "red"}, status=201)
    assert made.keys() == {"id", "name", "description", "createdAt", "updatedAt"}
    path = f"/api/cm/lists/{made['id']}"
    assert motion.ask("GET", path) == made
    changed = motion.ask("PUT", path, {"description": "None"})
    assert {**changed, "updatedAt": None} == {**made, "description": "None", "updatedAt": None}
    assert motion.ask("DELETE", path, status=204) is None
    for method in ("GET", "PUT", "DELETE"):
        assert motion.ask(method, path, {}, status=404) == {"message": "Not Found"}


def test_a_list_has_a_count_and_pages(motion: Motion) -> None:
    ids = [motion.ask("POST", "/api/cm/lists", {"name": f"Page {n}", "description": "p"}, status=201)["id"]
           for n in range(5)]
    page = motion.ask("GET", "/api/cm/lists?description=p&sort=-id&limit=2&offset=1")
    assert (page["count"], [row["id"] for row in page["rows"]]) == (5, [ids[3], ids[2]])
    assert motion.ask("GET", "/api/cm/lists?name=Page 3")["rows"][0]["id"] == ids[3]
    assert motion.ask("GET", "/api/cm/lists?sort=name")["rows"][0]["name"] == "Default"


def test_a_secret_goes_in_and_never_comes_out(motion: Motion, made: dict[str, Any]) -> None:
    path = f"{PROVIDERS}/{made['provider']}"
    answers = [
        motion.request("GET", path), motion.request("GET", PROVIDERS),
        motion.request("PUT", path, {"type": "Outlook365"}),
        motion.request("PUT", path, {"clientSecret": "hidden-2"}),
        motion.request("PUT", path, {"clientSecret": "hidden-3", "type": "nonsense"}),
        motion.request("PUT", path, {"clientSecret": ["hidden-4"]}),
        motion.request("GET", f"{PROVIDERS}?clientSecret=hidden-2"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 422, 422, 200]
    assert not any("hidden" in answer.text or "clientSecret\":" in answer.text for answer in answers)
    assert answers[-1].json()["count"] == 0, "a secret cannot be guessed by asking for it"
    assert (motion.folder / "motion.json").stat().st_mode & 0o777 == 0o600
    assert "hidden" not in motion.log("combined")


@pytest.mark.parametrize(("change", "message", "type_"), [
    ({"key": "toolong"}, "Validation len on key failed", "Validation error"),
    ({"service": "Gmail"}, "Validation isIn on service failed", "Validation error"),
    ({"name": None}, "MailAccount.name cannot be null", "notNull Violation"),
    ({"email": ""}, "MailAccount.email cannot be null", "notNull Violation"),
    ({"email": "support-test@contoso.example"}, "email must be unique", "unique violation"),
    ({"active": "yes"}, "active is no boolean", "boolean violation"),
    ({"ListId": "1"}, "ListId is no number", "number violation"),
    ({"CloudProviderId": 999}, "CloudProviderId refers to no row of cloudProviders", "foreign key violation"),
])
def test_a_wrong_value_is_refused_and_nothing_is_made(
    motion: Motion, made: dict[str, Any], change: dict[str, Any], message: str, type_: str,
) -> None:
    body = {"name": "New", "key": "new", "email": "new@contoso.example", "user": "new@contoso.example", "ListId": 1,
            "service": "Outlook365", **change}
    before = motion.ask("GET", ACCOUNTS)
    ((path, value),) = change.items()
    assert motion.ask("POST", ACCOUNTS, body, status=422) == {
        "message": message, "errors": [{"message": message, "type": type_, "path": path, "value": value}],
    }
    assert motion.ask("GET", ACCOUNTS) == before


def test_a_body_that_is_no_json_is_refused(motion: Motion) -> None:
    answer = requests.post(
        f"{motion.url}{ACCOUNTS}", data="{", headers={"Content-Type": "application/json"},
        auth=(motion.username, motion.password), verify=motion.sandbox.ca, timeout=30,
    )
    assert answer.status_code == 400, answer.text


def test_whether_somebody_has_signed_in_cannot_be_written(motion: Motion, made: dict[str, Any]) -> None:
    path = f"{PROVIDERS}/{made['provider']}"
    answer = motion.ask("PUT", path, {"authenticated": True, "authenticatedAt": "2026-01-01", "refreshToken": "x"})
    assert (answer["authenticated"], answer["authenticatedAt"]) == (False, None)


def test_an_account_outlives_its_provider(motion: Motion) -> None:
    provider = motion.provider(applicationId="1", tenantId="2", clientSecret="3")["id"]
    account = motion.account("orphan@contoso.example", provider)
    motion.ask("DELETE", f"{PROVIDERS}/{provider}", status=204)
    assert motion.ask("GET", f"{ACCOUNTS}/{account}")["CloudProviderId"] is None


@pytest.mark.parametrize(("path", "writing"), [(PROVIDERS, True), (ACCOUNTS, True), ("/api/mail/messages", False)])
def test_the_description_is_the_truth(motion: Motion, made: dict[str, Any], path: str, writing: bool) -> None:
    described = {
        (one["type"], one["url"]): one
        for one in requests.get(f"{motion.url}/apidoc/api_data.json", verify=motion.sandbox.ca, timeout=30).json()
    }
    answered = {one["field"] for one in described["get", path]["success"]["fields"]["Success 200"]}
    assert (("post", path) in described) is writing
    if writing:
        (row, *_) = motion.ask("GET", path)["rows"]
        assert answered == row.keys() - {"createdAt", "updatedAt"}
        written = {one["field"] for one in described["post", path]["parameter"]["fields"]["Parameter"]}
        assert written - answered == ({"clientSecret"} if path == PROVIDERS else {"pass"})


def test_messages_cannot_be_written(motion: Motion) -> None:
    motion.ask("POST", "/api/mail/messages", {"subject": "Forged"}, status=404)
