"""The main job as its users run it, judged by the tenant, the servers' files and the mailboxes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from estates import HOSTS, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

APPLICATIONS = {"contracts-mail-test": ["ici-test-1"], "contracts-mail-prod": ["ici-prod-1", "ici-prod-2"]}
# The other product has tests of its own, and molecule runs both.
ICI = ("--limit", "ici")
GRAPH = "00000003-0000-0000-c000-000000000000"


@dataclass(frozen=True)
class Settled:
    """Two runs in a row, and what stood before, between and after them."""

    before: Footprint
    first: Run
    between: Footprint
    second: Run
    after: Footprint
    sent: list[int]


@pytest.fixture(scope="module")
def settled(sandbox: RunningSandbox, home: object, tmp_path_factory: pytest.TempPathFactory) -> Settled:
    estate = Estate(sandbox, tmp_path_factory.mktemp("settled"))
    (estate.home / "tmp").mkdir()
    estate.empty()
    before = estate.footprint()
    first = estate.set_up("--forks", "10", *ICI)
    between, sent = estate.footprint(), [estate.sent_mails()]
    second = estate.set_up(*ICI)
    return Settled(before, first, between, second, estate.footprint(), [*sent, estate.sent_mails() - sent[0]])


def assert_set_up(now: Footprint) -> None:
    """One application, one service principal, one grant, one secret for each; and the servers know them."""
    [graph] = [one for one in now.objects("service_principals") if one["appId"] == GRAPH]
    [mail_send] = [role["id"] for role in graph["appRoles"] if role["value"] == "Mail.Send"]
    for unique_name, hosts in APPLICATIONS.items():
        [application] = now.applications(unique_name)
        [principal] = [one for one in now.objects("service_principals") if one["appId"] == application["appId"]]
        [grant] = [one for one in now.objects("app_role_assignments") if one["principalId"] == principal["id"]]
        assert (grant["resourceId"], grant["appRoleId"]) == (graph["id"], mail_send)
        [secret] = application["passwordCredentials"]
        for host in hosts:
            settings = now.mail_settings(host)
            assert settings["provider"] == "GRAPH"
            assert settings["configuration"]["TenantId"] == now.tenant["tenant_id"]
            assert settings["configuration"]["ClientId"] == application["appId"]
            assert settings["configuration"]["ClientSecret"].startswith(secret["hint"])
    assert now.objects("deleted_items") == []
    assert now.mail_settings("ici-test-2")["provider"] == "MAILKIT"


def test_the_first_run_sets_everything_up(settled: Settled) -> None:
    assert settled.first.code == 0, settled.first.output
    assert_set_up(settled.between)


def test_the_table_shows_a_delivered_mail_for_each_host(settled: Settled) -> None:
    assert settled.first.results == dict.fromkeys(HOSTS, "delivered")
    assert settled.first.table["ici-prod-1"] == {
        "environment": "prod", "product": "ici", "application": "Contracts mail", "permissions granted": "Mail.Send",
        "sent through": "graph (oauth2)", "received through": "graph (oauth2)", "to do": "restart the product",
        "result": "delivered",
    }
    assert settled.sent == [3, 3]


def test_a_product_that_did_not_change_need_not_be_restarted(settled: Settled) -> None:
    assert settled.second.results == dict.fromkeys(HOSTS, "delivered")
    assert [row.get("to do") for row in settled.second.table.values()] == [None] * 4


def test_the_second_run_changes_nothing(settled: Settled) -> None:
    assert settled.second.code == 0, settled.second.output
    changed = {host: numbers["changed"] for host, numbers in settled.second.recap.items()}
    assert changed == dict.fromkeys(HOSTS, 0)
    assert settled.after == settled.between


def test_other_keys_of_the_file_survive_byte_for_byte(settled: Settled) -> None:
    for host in HOSTS:
        value = json.dumps(json.dumps(settled.after.mail_settings(host))).encode()
        assert settled.after.configuration(host).count(value) == 1
        assert settled.after.configuration(host).replace(value, b'""') == settled.before.configuration(host)


def test_the_backup_holds_the_old_file(settled: Settled) -> None:
    new = settled.after.files.keys() - settled.before.files.keys()
    [backup] = [name for name in new if name.startswith("servers/") and "ici-prod-2" not in name]
    assert backup.startswith("servers/ici-prod-1/ConfigurationKeys.json.")
    assert settled.after.files[backup] == settled.before.configuration("ici-prod-1")


def test_check_mode_predicts_and_touches_nothing(estate: Estate) -> None:
    before = estate.footprint()
    predicted = estate.set_up("--check", "--diff", *ICI)
    assert predicted.code == 0, predicted.output
    assert estate.footprint() == before
    assert {entry["method"] for entry in estate.sandbox.requests("graph") if entry["path"] != "/v1.0/$batch"} <= {"GET"}
    assert {inner["method"] for entry in estate.sandbox.requests("graph") for inner in entry["batch"] or []} == {"GET"}
    for words in ("Contracts mail (test)", "Mail.Send", "GRAPH", "MAILKIT", "contracts@contoso.example"):
        assert words in predicted.output
    assert all(numbers["changed"] > 0 for numbers in predicted.recap.values())


def test_one_host_of_several_can_be_set_up_alone(estate: Estate) -> None:
    done = estate.set_up("--limit", "ici-prod-2")
    assert done.code == 0, done.output
    assert list(done.recap) == ["ici-prod-2"]
    now = estate.footprint()
    assert now.mail_settings("ici-prod-2")["provider"] == "GRAPH"
    assert now.mail_settings("ici-prod-1") == {}
    assert now.applications("contracts-mail-test") == []
    settled = estate.set_up("--limit", "ici-prod-2", "--check", "--diff")
    assert settled.code == 0, settled.output
    assert settled.changed == 0


def test_lag_and_throttling_end_in_the_same_state(estate: Estate) -> None:
    for number, fault in enumerate([
        {"face": "graph", "kind": "replication_lag", "rate": 0.5, "seconds": 5.0},
        {"face": "graph", "kind": "throttle", "rate": 0.1, "retry_after": "0.3"},
        {"face": "graph", "kind": "unavailable", "rate": 0.1},
        {"face": "identity", "kind": "replication_lag", "rate": 0.5, "seconds": 5.0},
        {"face": "identity", "kind": "throttle", "rate": 0.1, "retry_after": "1"},
        {"face": "identity", "kind": "unavailable", "rate": 0.1},
    ]):
        estate.sandbox.control("POST", "/faults", {**fault, "seed": number})
    done = estate.set_up("--forks", "10", *ICI)
    assert done.code == 0, done.output
    statuses = {entry["status"] for entry in estate.sandbox.requests("graph")}
    assert {429, 503} <= statuses
    assert_set_up(estate.footprint())


def test_requests_per_application(estate: Estate, record_property: Callable[[str, object], None]) -> None:
    """The least for a first run is 10 of Graph: read what is there (a batch), create, read back; read principal and
    grants (a batch, since the application's id is only known now), create the principal, grant; read the secrets, read
    the policy that a new one has to obey (a batch, since it matters only now), add one, read back. And 2 of identity:
    metadata and token. For an unchanged run: three reads, metadata and token.
    """
    least = {"first": (10, 2), "unchanged": (3, 2)}
    counts = {}
    for run in least:
        estate.sandbox.control("DELETE", "/requests")
        done = estate.set_up("--tags", "identity", "--limit", "ici-test-1")
        assert done.code == 0, done.output
        counts[run] = (len(estate.sandbox.requests("graph")), len(estate.sandbox.requests("identity")))
    for run, (graph, identity) in counts.items():
        record_property("measured", (
            f"{run} run, per application: {graph} Graph and {identity} token requests "
            f"(the least: {least[run][0]} and {least[run][1]})"
        ))
    for run, (graph, identity) in counts.items():
        assert 0 < graph + identity <= sum(least[run]) + 2


def test_a_deleted_application_comes_back(estate: Estate) -> None:
    assert estate.set_up("--tags", "identity", "--limit", "ici-test-1").code == 0
    [application] = estate.footprint().applications("contracts-mail-test")
    delete_as_somebody_else(estate, application["id"])
    assert estate.footprint().applications("contracts-mail-test") == []
    done = estate.set_up("--tags", "identity", "--limit", "ici-test-1")
    assert done.code == 0, done.output
    [restored] = estate.footprint().applications("contracts-mail-test")
    assert restored["id"] == application["id"]


def delete_as_somebody_else(estate: Estate, object_id: str) -> None:
    """Delete an application by hand, as an administrator of the tenant would."""
    janitor = estate.sandbox.control("POST", "/tenant/applications", {
        "displayName": "Janitor", "roles": {GRAPH: ["Application.ReadWrite.All"]}, "secret": True,
    })
    env = estate.sandbox.env
    with httpx.Client(verify=estate.sandbox.tls, trust_env=False) as http:
        token = http.post(f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data={
            "grant_type": "client_credentials", "client_id": janitor["appId"], "client_secret": janitor["secret"],
            "scope": "https://graph.microsoft.com/.default",
        }).json()["access_token"]
        address = f"{env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/applications/{object_id}"
        answer = http.delete(address, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 204, answer.text
