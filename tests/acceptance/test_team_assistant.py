"""Team assistant as its users get it: what the main job wrote is all that it needs to send, and opens nothing else."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from estates import ASSISTANTS, REPOSITORY, SERVERS, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

PRODUCT = SERVERS / "team_assistant"
MODULES = REPOSITORY / ".build" / "team_assistant" / "node_modules"
MAILBOXES = {"tas-test-1": "tickets-test@contoso.example", "tas-prod-2": "tickets@contoso.example"}
APPLICATIONS = {"tas-test-1": "tickets-mail-test", "tas-prod-2": "tickets-mail-prod"}
BACKENDS = ("standard", "cron")
AGAIN = "tas-prod-2"
DIRECTOR = "director@contoso.example"


@dataclass(frozen=True)
class Settled:
    """A run for both, one more for one of them, and what stood after each."""

    estate: Estate
    first: Run
    between: Footprint
    second: Run
    after: Footprint


@pytest.fixture(scope="module")
def settled(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Settled:
    estate = Estate(sandbox, tmp_path_factory.mktemp("assistants"))
    (estate.home / "tmp").mkdir()
    estate.empty()
    first = estate.set_up("--limit", ",".join(ASSISTANTS))
    between = estate.footprint()
    second = estate.set_up("--limit", AGAIN)
    return Settled(estate, first, between, second, estate.footprint())


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The folder with nodemailer, as the demo installs it."""
    subprocess.run(["make", "-s", str(MODULES / "nodemailer")], cwd=REPOSITORY, check=True)
    return MODULES


def backend(estate: Estate, host: str, name: str) -> Path:
    """A backend's folder."""
    return estate.directory / "servers" / host / name


def secret_in(environment: Path) -> str:
    """The client secret that a backend's environment file holds."""
    variables = dict(line.split("=", 1) for line in environment.read_text().splitlines())
    return variables["TAS_SMTP_OAUTH_CLIENT_SECRET"].strip("'")


def test_the_table_shows_what_was_delivered_and_what_was_refused(settled: Settled) -> None:
    assert settled.first.code == 0, settled.first.output
    assert settled.first.table == {
        host: {
            "environment": environment, "product": "team_assistant", "application": name,
            "permissions granted": "SMTP.SendAsApp", "granted in Exchange": "FullAccess, SMTP AUTH",
            "sent through": "smtp (oauth2)", "received through": f"{way} (oauth2)",
            "refused for others": f"smtp; no permission: graph, reading {way}", "to do": "restart the product",
            "result": "delivered",
        }
        for host, environment, name, way in (
            ("tas-test-1", "test", "Tickets mail (test)", "imap"), ("tas-prod-2", "prod", "Tickets mail", "pop3"),
        )
    }


def prove(directory: Path, node_modules: Path) -> subprocess.CompletedProcess[str]:
    """Let each backend send as the product does, and read its mail back."""
    return subprocess.run(
        [sys.executable, PRODUCT / "prove.py", directory, node_modules], text=True, check=False, capture_output=True,
        timeout=120, env={**os.environ, "PYTHONPATH": str(SERVERS)},
    )


def test_the_written_files_are_all_that_the_product_needs(settled: Settled, node_modules: Path) -> None:
    done = prove(settled.estate.directory, node_modules)
    assert done.stdout.splitlines() == [
        f"{host} {name}: a mail from {MAILBOXES[host]} arrived, read by IMAP and POP3"
        for host in sorted(ASSISTANTS) for name in sorted(BACKENDS)
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_credentials_are_refused_for_another_mailbox(
    settled: Settled, node_modules: Path, tmp_path: Path
) -> None:
    shutil.copytree(backend(settled.estate, "tas-test-1", "cron"), tmp_path / "servers" / "tas-test-1" / "cron")
    shutil.copyfile(settled.estate.directory / "env.json", tmp_path / "env.json")
    environment = tmp_path / "servers" / "tas-test-1" / "cron" / "environment"
    environment.write_text(environment.read_text().replace(MAILBOXES["tas-test-1"], DIRECTOR))
    done = prove(tmp_path, node_modules)
    assert done.returncode == 1
    assert done.stdout.startswith("tas-test-1 cron: NO MAIL ARRIVED: ")
    assert "535 5.7.3" in done.stdout


def test_the_second_run_changes_nothing(settled: Settled) -> None:
    assert settled.second.code == 0, settled.second.output
    assert {host: numbers["changed"] for host, numbers in settled.second.recap.items()} == {AGAIN: 0}
    assert settled.after == settled.between


def test_exchange_knows_each_application_by_the_right_id_and_opens_one_mailbox_to_it(settled: Settled) -> None:
    now = settled.after
    mailboxes = {one["id"]: one for one in now.objects("mailboxes")}
    for host, unique_name in APPLICATIONS.items():
        [application] = now.applications(unique_name)
        [principal] = [one for one in now.objects("service_principals") if one["appId"] == application["appId"]]
        pointers = [one for one in now.objects("exchange_service_principals") if one["AppId"] == application["appId"]]
        assert [one["ObjectId"] for one in pointers] == [principal["id"]]
        opened = [
            mailboxes[identifier]["addresses"][0]
            for identifier, acl in now.tenant["collections"]["mailbox_permissions"].items()
            for entry in acl["entries"] if entry["User"] == principal["id"]
        ]
        assert opened == [MAILBOXES[host]]
    switched_on = {
        one["addresses"][0] for one in mailboxes.values() if one["SmtpClientAuthenticationDisabled"] is False
    }
    # The director's is so from the beginning.
    assert switched_on == {*MAILBOXES.values(), DIRECTOR}
    assert now.tenant["transport_config"]["SmtpClientAuthenticationDisabled"] is True


def test_what_others_wrote_stays_and_the_secret_is_in_the_environment_alone(settled: Settled) -> None:
    replaced = {"type", "host", "port", "user", "pass", "from"}
    for host in ASSISTANTS:
        for name in BACKENDS:
            folder = backend(settled.estate, host, name)
            environment = folder / "environment"
            assert stat.S_IMODE(environment.stat().st_mode) == 0o600
            secret = secret_in(environment)
            local = (folder / "local.js").read_text()
            assert secret not in local
            before = (SERVERS / f"local.{name}.js").read_text().splitlines()
            gone = [line[2:] for line in difflib.ndiff(before, local.splitlines()) if line.startswith("- ")]
            assert {line.strip().partition(":")[0] for line in gone} <= replaced | {"}"}
            assert "old-relay-password" not in local


def test_a_new_secret_is_taken_back_while_smtp_is_down_and_rolled_out_when_it_is_up(settled: Settled) -> None:
    """The identity platform does not know the new secret for a minute, which is waited for and is no failure."""
    estate, host = settled.estate, "tas-test-1"
    environments = [backend(estate, host, name) / "environment" for name in BACKENDS]
    old = [path.read_bytes() for path in environments]

    estate.sandbox.control("POST", "/faults", {"face": "identity", "kind": "replication_lag", "seconds": 60})
    estate.sandbox.control("POST", "/faults", {"face": "smtp", "kind": "unavailable"})
    down = estate.set_up("--limit", host, "-e", "mail_rotation_force=true", playbook="rotate_secrets")
    estate.sandbox.control("DELETE", "/faults")
    told = " ".join(down.output.split())
    assert down.code != 0
    assert "421 4.3.2 Service not available" in told
    assert "The secret that it had before was put back, but could not be proven either" in told
    assert "taken back" in told
    assert [path.read_bytes() for path in environments] == old
    [application] = estate.footprint().applications(APPLICATIONS[host])
    assert len(application["passwordCredentials"]) == 2

    up = estate.set_up("--limit", host, playbook="rotate_secrets")
    assert up.code == 0, up.output
    newest = max(application["passwordCredentials"], key=lambda one: str(one["startDateTime"]))
    assert [secret_in(path)[:3] for path in environments] == [newest["hint"]] * 2
    assert [path.read_bytes() for path in environments] != old


def test_removal_leaves_exchange_as_it_was(settled: Settled) -> None:
    estate = settled.estate
    before = estate.footprint()
    used = estate.set_up("--limit", "tas-prod-1", playbook="remove_mail")
    assert used.code != 0
    assert "'tickets-mail-prod' is used by tas-prod-2 too" in " ".join(used.output.split())
    predicted = estate.set_up("--check", "--limit", "team_assistant", playbook="remove_mail")
    assert predicted.code == 0, predicted.output
    assert predicted.changed > 0
    assert estate.footprint() == before

    done = estate.set_up("--limit", "team_assistant", playbook="remove_mail")
    assert done.code == 0, done.output
    assert done.changed == predicted.changed
    after = estate.footprint()
    again = estate.set_up("--limit", "tas-test-1", playbook="remove_mail")
    assert (again.code, again.changed) == (0, 0), again.output
    assert estate.footprint() == after
    # A seeded tenant has everything that setting up had found.
    estate.sandbox.control("POST", "/reset")
    seeded = estate.footprint()
    assert after.administered() == seeded.administered()
    for collection in ("applications", "service_principals", "app_role_assignments", "oauth2_permission_grants"):
        assert {one["id"] for one in after.objects(collection)} == {one["id"] for one in seeded.objects(collection)}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("export default { mail: {} };", "it is an ES module (export)"),
        ("const base = {};\nmodule.exports = { ...base };", "line 2, column 20: what is computed here may set mail"),
    ],
)
def test_a_local_js_that_is_not_understood_stops_before_anything_is_touched(
    estate: Estate, broken: str, words: str
) -> None:
    (backend(estate, "tas-test-1", "cron") / "local.js").write_text(broken)
    before = estate.footprint()
    done = estate.set_up("--limit", "tas-test-1")
    assert done.code != 0
    assert estate.footprint() == before
    said = " ".join(done.output.split())
    assert words in said
    assert str(backend(estate, "tas-test-1", "cron") / "local.js") in said
