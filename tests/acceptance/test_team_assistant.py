"""Team assistant as its users get it: what the main job wrote is all that it needs to send, and opens nothing else."""

from __future__ import annotations

import base64
import difflib
import email
import imaplib
import json
import os
import poplib
import shutil
import stat
import subprocess
import uuid
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from estates import ASSISTANTS, REPOSITORY, SERVERS, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

PROGRAM = Path(__file__).parent / "team_assistant"
MODULES = REPOSITORY / ".build" / "team_assistant"
MAILBOXES = {
    "tas-test-1": "tickets-test@contoso.example", "tas-prod-1": "tickets@contoso.example",
    "tas-prod-2": "tickets@contoso.example",
}
APPLICATIONS = {"tas-test-1": "tickets-mail-test", "tas-prod-1": "tickets-mail-prod", "tas-prod-2": "tickets-mail-prod"}
BACKENDS = ("standard", "cron")
PROBE = "probe@contoso.example"
DIRECTOR = "director@contoso.example"
OUTLOOK = "https://outlook.office365.com"


@dataclass(frozen=True)
class Settled:
    """Two runs in a row, and what stood after each."""

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
    first = estate.set_up("--limit", "team_assistant")
    between = estate.footprint()
    second = estate.set_up("--limit", "team_assistant")
    return Settled(estate, first, between, second, estate.footprint())


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The folder with nodemailer, installed from the npm registry once."""
    if not (MODULES / "node_modules" / "nodemailer").exists():
        MODULES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(PROGRAM / name, MODULES / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=MODULES, check=True)
    return MODULES / "node_modules"


def rows(run: Run) -> dict[str, list[str]]:
    """The report's line of each host."""
    lines = [line.split() for line in run.output.splitlines() if "team_assistant" in line]
    return {line[1]: line for line in lines if line[1] in ASSISTANTS}


def backend(estate: Estate, host: str, name: str) -> Path:
    """A backend's folder."""
    return estate.directory / "servers" / host / name


def send(estate: Estate, folder: Path, node_modules: Path, subject: str) -> subprocess.CompletedProcess[str]:
    """Start the product's program with the backend's environment file, read by a shell, and its local.js."""
    environment = {
        "PATH": os.environ["PATH"], "NODE_PATH": str(node_modules), "NODE_EXTRA_CA_CERTS": estate.sandbox.ca,
    }
    script = 'set -a; . "$1/environment"; exec node "$2" "$1/local.js" "$3" "$4"'
    return subprocess.run(
        ["sh", "-c", script, "sh", folder, PROGRAM / "send.js", PROBE, subject], env=environment, cwd=folder, text=True,
        check=False, capture_output=True, timeout=60,
    )


def sasl(sandbox: RunningSandbox) -> bytes:
    """What opens the probe's mailbox for the reader."""
    body = {"appId": sandbox.env["M365_SANDBOX_READER_CLIENT_ID"], "resource": OUTLOOK}
    token = sandbox.control("POST", "/tenant/tokens", body)["access_token"]
    return f"user={PROBE}\x01auth=Bearer {token}\x01\x01".encode()


def by_imap(sandbox: RunningSandbox, subject: str) -> list[Message]:
    """The probe mailbox's mails of a subject."""
    port = int(sandbox.env["M365_SANDBOX_IMAP_PORT"])
    with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=sandbox.tls) as connection:
        connection.authenticate("XOAUTH2", lambda _challenge: sasl(sandbox))
        connection.select(readonly=True)
        numbers = connection.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        found: list[Any] = [connection.fetch(number, "(RFC822)")[1][0] for number in numbers]
    return [email.message_from_bytes(content) for _head, content in found]


def by_pop3(sandbox: RunningSandbox, subject: str) -> list[Message]:
    """The same by POP3."""
    connection = poplib.POP3_SSL("127.0.0.1", int(sandbox.env["M365_SANDBOX_POP3_PORT"]), context=sandbox.tls)
    connection._shortcmd("AUTH XOAUTH2")
    connection._shortcmd(base64.b64encode(sasl(sandbox)).decode())
    count = connection.stat()[0]
    mails = [email.message_from_bytes(b"\r\n".join(connection.retr(number + 1)[1])) for number in range(count)]
    connection.quit()
    return [mail for mail in mails if mail["Subject"] == subject]


def test_the_table_shows_what_was_delivered_and_what_was_refused(settled: Settled) -> None:
    assert settled.first.code == 0, settled.first.output
    told = {host: " ".join(line) for host, line in rows(settled.first).items()}
    assert sorted(told) == sorted(ASSISTANTS)
    for host, way in (("tas-test-1", "imap"), ("tas-prod-1", "imap"), ("tas-prod-2", "pop3")):
        assert f"SMTP.SendAsApp FullAccess, SMTP AUTH smtp (oauth2) {way} (oauth2) smtp, graph, {way} " in told[host]
        assert told[host].endswith(" delivered")


@pytest.mark.parametrize("host", ASSISTANTS)
@pytest.mark.parametrize("name", BACKENDS)
def test_the_written_files_are_all_that_the_product_needs(
    settled: Settled, node_modules: Path, host: str, name: str
) -> None:
    subject = f"Ticket {uuid.uuid4()}"
    done = send(settled.estate, backend(settled.estate, host, name), node_modules, subject)
    assert done.returncode == 0, done.stderr
    for mails in (by_imap(settled.estate.sandbox, subject), by_pop3(settled.estate.sandbox, subject)):
        assert [mail["From"] for mail in mails] == [MAILBOXES[host]]


def test_the_same_credentials_are_refused_for_another_mailbox(
    settled: Settled, node_modules: Path, tmp_path: Path
) -> None:
    folder = backend(settled.estate, "tas-test-1", "cron")
    shutil.copytree(folder, tmp_path / "cron")
    environment = tmp_path / "cron" / "environment"
    environment.write_text(environment.read_text().replace(MAILBOXES["tas-test-1"], DIRECTOR))
    done = send(settled.estate, tmp_path / "cron", node_modules, "refused")
    assert done.returncode == 1
    assert "535 5.7.3" in done.stderr


def test_the_second_run_changes_nothing(settled: Settled) -> None:
    assert settled.second.code == 0, settled.second.output
    assert {host: numbers["changed"] for host, numbers in settled.second.recap.items()} == dict.fromkeys(ASSISTANTS, 0)
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
            secret = dict(line.split("=", 1) for line in environment.read_text().splitlines())[
                "TAS_SMTP_OAUTH_CLIENT_SECRET"
            ].strip("'")
            local = (folder / "local.js").read_text()
            assert secret not in local
            before = (SERVERS / f"local.{name}.js").read_text().splitlines()
            gone = [line[2:] for line in difflib.ndiff(before, local.splitlines()) if line.startswith("- ")]
            assert {line.strip().partition(":")[0] for line in gone} <= replaced | {"}"}
            assert "old-relay-password" not in local


def test_the_other_model_needs_no_permission_in_entra(estate: Estate) -> None:
    assert estate.set_up("--limit", "tas-test-1", "--tags", "identity,access").code == 0
    done = estate.set_up("--limit", "tas-test-1", "-e", json.dumps({"mail_access": {"model": "rbac"}}))
    assert done.code == 0, done.output
    line = " ".join(rows(done)["tas-test-1"])
    assert "Tickets mail (test) - SMTP AUTH, Application SMTP.SendAsApp" in line
    assert "smtp, graph, imap" in line
    now = estate.footprint()
    [application] = now.applications("tickets-mail-test")
    [principal] = [one for one in now.objects("service_principals") if one["appId"] == application["appId"]]
    assert [one for one in now.objects("app_role_assignments") if one["principalId"] == principal["id"]] == []
    again = estate.set_up("--limit", "tas-test-1", "-e", json.dumps({"mail_access": {"model": "rbac"}}))
    assert again.changed == 0, again.output


def test_a_scope_takes_the_place_of_the_permission_for_everybody(estate: Estate) -> None:
    assert estate.set_up("--limit", "ici-test-1", "--tags", "identity").code == 0
    env = estate.sandbox.env
    scoped = {
        "mail_access": {"scope": "mailboxes"},
        "mail_verify": {
            "recipient": PROBE, "refused_mailbox": DIRECTOR,
            "receive": {
                "transport": "graph", "tenant_id": env["AZURE_TENANT_ID"],
                "client_id": env["M365_SANDBOX_READER_CLIENT_ID"],
                "client_secret": env["M365_SANDBOX_READER_CLIENT_SECRET"],
            },
        },
    }
    done = estate.set_up("--limit", "ici-test-1", "-e", json.dumps(scoped))
    assert done.code == 0, done.output
    [line] = [line for line in done.output.splitlines() if "ici-test-1" in line and line.endswith("delivered")]
    assert "Application Mail.Send" in line
    assert " graph " in line.partition("graph (oauth2)")[2]
    now = estate.footprint()
    [application] = now.applications("contracts-mail-test")
    [principal] = [one for one in now.objects("service_principals") if one["appId"] == application["appId"]]
    assert [one for one in now.objects("app_role_assignments") if one["principalId"] == principal["id"]] == []
    again = estate.set_up("--limit", "ici-test-1", "-e", json.dumps(scoped))
    assert again.changed == 0, again.output


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
