# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps for many in a playbook of one's own, without plan and roles. The tenant and the mailboxes judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mail_world import PROBE, MailWorld
from playbook_runner import Outcome, play
from sandbox_fixture import RunningSandbox

TICKETS = "tickets@contoso.example"
RIGHTS = {"full_access": [TICKETS], "smtp_auth": [TICKETS]}


class Estate:
    """Two applications, of which one sends by SMTP, and what a person writes about them."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.world = MailWorld(sandbox)
        self.folder = folder
        (folder / "password").write_text("pass word", "utf-8")
        store = {"kind": "ansible_vault", "path": str(folder / "credentials.yml"), "password_file": "password"}
        self.applications: list[dict[str, Any]] = [
            {
                "unique_name": "contracts", "store": store,
                "permissions": [{"resource": "Microsoft Graph", "application": ["Mail.Send"]}],
            },
            {
                "unique_name": "tickets", "display_name": "Tickets mail", "store": store, "exchange": RIGHTS,
                "permissions": [{"resource": "Office 365 Exchange Online", "application": ["SMTP.SendAsApp"]}],
            },
        ]

    def run(self, *tasks: dict[str, Any], arguments: tuple[str, ...] = (), hosts: Any = None) -> Outcome:
        environment = {name: value for name, value in self.world.sandbox.env.items() if name.startswith(
            ("AZURE_", "MAILOPS_")
        )}
        named = [
            {**task, "register": f"done_{number}", "run_once": True, "delegate_to": "localhost"}
            for number, task in enumerate(tasks)
        ]
        return play(self.folder, named, "--diff", *arguments, environment=environment, hosts=hosts)

    def step(self, name: str, **arguments: Any) -> dict[str, Any]:
        return {f"mailops.modern_auth.{name}": {"applications": self.applications, **arguments}}

    def deliveries(self, reader: Any) -> list[dict[str, Any]]:
        own = {
            "tenant_id": {"fact": "tenant_id"}, "client_id": {"fact": "client_id"},
            "client_secret": {"secret": "client_secret"},
        }
        receive = {"transport": "graph", "mailbox": PROBE, **self.world.credentials(reader)}
        server = self.world.server("smtp", "starttls")
        return [
            {
                "name": "tickets arrive", "application": "tickets", "receive": receive,
                "send": {"transport": "smtp", **server, "mailbox": TICKETS, **own},
            },
            {
                "name": "tickets as the director", "application": "tickets", "expect": "refused", "to": PROBE,
                "send": {"transport": "smtp", **server, "mailbox": "director@contoso.example", **own},
            },
        ]

    def in_entra(self) -> dict[str, Any]:
        """The applications of the tenant that are ours, by their unique names."""
        found = self.world.modules.objects("applications")
        return {one["uniqueName"]: one for one in found if one.get("uniqueName") in ("contracts", "tickets")}


@pytest.fixture
def estate(clean: RunningSandbox, tmp_path: Path) -> Estate:
    return Estate(clean, tmp_path)


def test_identity_access_and_proof_in_four_runs(estate: Estate) -> None:
    reader = estate.world.application("Reader", graph=("Mail.ReadWrite",))
    for arguments, changed in ((("--check",), True), ((), True), (("--check",), False), ((), False)):
        done = estate.run(
            estate.step("mail_applications"),
            estate.step("mail_accesses", identity="{{ done_0.applications }}"),
            arguments=arguments,
        )
        assert done.code == 0, done.output
        identity, access = done.results["server"]
        assert [identity["changed"], access["changed"]] == [changed, changed]
        assert ("+++ after: tickets: application" in done.output) is changed
        assert set(estate.in_entra()) == (set() if arguments and changed else {"contracts", "tickets"})
        assert "secret_text" not in done.output
    proof = estate.run(estate.step("mail_deliveries", deliveries=estate.deliveries(reader)))
    assert proof.code == 0, proof.output
    arrived, refused = proof.last()["deliveries"]
    assert arrived["delivery"]["received_through"]["transport"] == "graph"
    assert refused["delivery"]["refusal"]["step"] == "sign_in"


def test_a_task_fails_for_an_application_of_no_host_and_sets_up_the_others(estate: Estate) -> None:
    estate.applications[0]["permissions"][0]["application"] = ["Mail.Sent"]
    done = estate.run(estate.step("mail_applications"))
    assert done.code == 2
    assert done.last()["failed_applications"] == ["contracts"]
    assert done.last()["msg"].startswith("contracts: ")
    assert "Nearest: Mail.Send" in done.last()["msg"]
    assert set(estate.in_entra()) == {"tickets"}


def test_what_makes_no_sense_is_told_with_its_place(estate: Estate) -> None:
    estate.applications[0] |= {"secret": {"lifetime": "soon"}, "permision": [], "entra": "contoso"}
    del estate.applications[1]["unique_name"]
    done = estate.run(estate.step("mail_applications"))
    assert done.code == 2
    assert done.last()["msg"].splitlines() == [
        "applications[0].secret.lifetime: 'soon' is no duration; write for example 180d, 26w or 12h",
        "applications[0].permision: unknown; did you mean permissions?; known: "
        + done.last()["msg"].splitlines()[1].partition("known: ")[2],
        "applications[0].entra: is no dictionary",
        "applications[1].unique_name: is required",
    ]
    assert estate.in_entra() == {}


def test_an_application_without_a_store_is_not_made(estate: Estate) -> None:
    del estate.applications[0]["store"]
    done = estate.run(estate.step("mail_applications"))
    assert "contracts: No store is named for its credential." in done.last()["msg"]
    assert set(estate.in_entra()) == {"tickets"}


def test_deliveries_that_make_no_sense(estate: Estate) -> None:
    wrong = [{"host": "server"}, {"name": "b", "patience": "long"}]
    done = estate.run(estate.step("mail_deliveries", deliveries=wrong))
    assert done.last()["msg"].splitlines() == [
        "deliveries[0].name: is required", "deliveries[1].patience: 'long' is no whole number",
    ]
    unknown = estate.run(estate.step("mail_deliveries", deliveries=[{"name": "b", "application": "tickts"}]))
    assert unknown.last()["msg"].startswith("b: 'tickts' is none of the applications.")


def test_the_report_of_results_that_are_handed_to_it(estate: Estate) -> None:
    told = {"failed": False, "changed": True, "msg": ""}
    report = {"mailops.modern_auth.mail_report": {
        "plan": {"hosts": {"server": {**told, "product": "ici", "environment": "prod"}}},
        "identity": {"hosts": {"server": {**told, "granted": ["Mail.Send"]}}},
        "targets": {"server": {**told, "failed": True, "msg": "no room", "looked": False}},
        "path": "report.md",
    }}
    done = estate.run(report)
    assert done.code == 0, done.output
    assert "FAILED at provider" in done.output
    written = (estate.folder / "report.md").read_text("utf-8")
    assert "| prod | server | ici | Mail.Send | FAILED at provider |" in written
    wrong = estate.run({"mailops.modern_auth.mail_report": {"plan": {}}})
    assert wrong.last()["msg"] == "plan.hosts: is no dictionary; give what the step plan has returned."
