# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Integration Server in test and in production: from the run that asks for a sign-in to mails that travel, a new
secret, and a sign-in that has ended. Judged by the servers, the tenant and the mailboxes.

The tests follow one another: each begins as the one before it has ended.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from administrator import Administrator
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate, Run
from person import Person
from sandbox_fixture import RunningSandbox, run_cli

TEST, PROD = "is-test-1", "is-prod-1"
VERSIONS = {TEST: "10.11", PROD: "10.15"}
MAILBOXES = {TEST: "integration-test@contoso.example", PROD: "integration-prod@contoso.example"}
APPLICATIONS = {TEST: "integration-mail-test", PROD: "integration-mail-prod"}
EXCHANGE, GRAPH = "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0000-c000-000000000000"
PORT_PAGE = "/WmRoot/configEmail.dsp?listenerKey=orders&mode=edit"
RESOURCES_PAGE = "/WmRoot/settings-resources-edit.dsp"
SECONDS = 300


class Company:
    """A company with a server for test and one for production, beside a sandbox of its own."""

    def __init__(self, sandbox: RunningSandbox, home: Path) -> None:
        self.estate = Estate(sandbox, home)
        self.estate.empty()
        self.sandbox = sandbox
        self.servers = {host: Administrator(sandbox, host, "--version", VERSIONS[host]) for host in VERSIONS}

    def run(self, *arguments: str, playbook: str = "setup_mail") -> Run:
        """A playbook for both; whatever it says, no secret is in it."""
        return self.checked(self.estate.set_up("--limit", "integration_server", *arguments, playbook=playbook))

    def checked(self, done: Run) -> Run:
        """The run, if it has told no secret."""
        assert not [secret for secret in self.secrets() if secret in done.output]
        assert "eyJ0" not in done.output
        assert "[WARNING]" not in done.output, done.output
        return done

    def stored(self, host: str) -> dict[str, Any]:
        """What the store holds of a host's application, read with Ansible's own library."""
        environment = "test" if host == TEST else "prod"
        path = self.estate.directory / "credentials" / f"{environment}.yml"
        vault = VaultLib([("default", VaultSecret((self.estate.directory / "vault-password").read_bytes()))])
        found: dict[str, Any] = yaml.safe_load(vault.decrypt(path.read_bytes()))["applications"][APPLICATIONS[host]]
        return found

    def secrets(self) -> list[str]:
        """All that nobody may see."""
        passwords = [server.login[1] for server in self.servers.values()]
        if not (self.estate.directory / "credentials").is_dir():
            return passwords
        entries = [self.stored(host) for host in self.servers]
        slots = ("current", "pending", "previous")
        return [*(entry[slot]["secret_text"] for entry in entries for slot in slots if slot in entry), *passwords]

    def port(self, host: str) -> dict[str, Any]:
        """The e-mail port, as the server shows it."""
        found: dict[str, Any] = self.servers[host].api.get("/admin/port/email/orders").json()
        assert "clientSecret" not in found
        return found

    def state(self, host: str) -> dict[str, Any]:
        """What the server itself keeps, secrets and all."""
        file = self.estate.directory / "servers" / host / "state.json"
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    def sign_in_for_proofs(self) -> Run:
        """The playbook sign_in_mail, with a person who does what it prints."""
        command = self.estate.command(
            "--limit", "integration_server", "-e", "mail_sign_in_interactive=always", playbook="sign_in_mail",
        )
        log = self.estate.home / "printed"
        with log.open("wb") as printed:
            process = subprocess.Popen(
                command, env=self.estate.environment(), cwd=self.estate.home, stdin=subprocess.DEVNULL, stdout=printed,
                stderr=subprocess.STDOUT,
            )
        opened: set[str] = set()
        deadline = time.monotonic() + SECONDS
        try:
            while process.poll() is None and time.monotonic() < deadline:
                for address in set(re.findall(r"sign in as \S+: (https://\S+)", log.read_text("utf-8"))) - opened:
                    opened.add(address)
                    self._sign_in(Person(self.sandbox.ca).open(address))
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        return Run(process.returncode, log.read_text("utf-8"))

    def _sign_in(self, person: Person) -> None:
        person.press("Sign in", password=self.sandbox.env["M365_SANDBOX_USER_PASSWORD"])
        assert person.leave().ok


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("company") / "instance"
    started = run_cli("start", directory)
    assert started.returncode == 0, started.stdout + started.stderr
    yield Company(RunningSandbox(directory), home)
    run_cli("stop", directory)


def words(run: Run) -> str:
    """What was printed, whatever the lines."""
    return re.sub(r"\s+", " ", run.output)


def required(company: Company, host: str) -> str:
    """The sentence by which the report asks for the sign-in of the port."""
    url, account = company.servers[host].url, MAILBOXES[host]
    return (
        f"{host}: authorization required for the e-mail port orders at {url} of {account}: Open "
        f"{url}/WmRoot/security-ports.dsp as an administrator, go to the port orders, \"Edit Email Client "
        f"Configuration\", press \"Get Authorization Code\", sign in with {account}, and press \"Save Changes\"."
    )


def test_a_check_predicts_all_and_makes_nothing(company: Company) -> None:
    done = company.run("--check", "--diff")
    assert (done.code, done.failed) == (0, []), done.output
    for server in company.servers.values():
        assert server.api.get("/admin/port/email").json() == {"emailPorts": []}


def test_everything_is_made_up_to_the_sign_in(company: Company) -> None:
    done = company.run("--diff")
    assert (done.code, done.failed) == (0, []), done.output
    assert done.results == dict.fromkeys((TEST, PROD), "authorization required")
    footprint = company.estate.footprint()
    principals = {one["id"]: one["appId"] for one in footprint.objects("service_principals")}
    for host, server in company.servers.items():
        assert required(company, host) in words(done)
        [application] = footprint.applications(APPLICATIONS[host])
        redirect = f"{server.url}/WmRoot/security-oauth-get-authcode.dsp"
        assert application["web"]["redirectUris"] == [redirect, "http://localhost"]
        grants = {
            principals[one["resourceId"]]: set(one["scope"].split())
            for one in footprint.objects("oauth2_permission_grants")
            if principals[one["clientId"]] == application["appId"]
        }
        assert grants == {EXCHANGE: {"SMTP.Send", "IMAP.AccessAsUser.All"}, GRAPH: {"offline_access"}}
        port = company.port(host)
        assert (port["enabled"], port["authentication"], port["clientID"], port["user"], port["redirectURL"]) == (
            False, "OAuth", application["appId"], MAILBOXES[host], redirect,
        )
        [mailbox] = [one for one in footprint.objects("mailboxes") if MAILBOXES[host] in one["addresses"]]
        assert mailbox["SmtpClientAuthenticationDisabled"] is False
    # A person has rights of her own; the applications need none.
    known = {one["AppId"] for one in footprint.objects("exchange_service_principals")}
    assert not known & {company.port(host)["clientID"] for host in (TEST, PROD)}
    notification = company.servers[PROD].api.get("/admin/server/notification").json()
    assert (notification["authType"], notification["internalEmail"]) == ("OAuth", "probe@contoso.example")
    assert f"authorization required for the notifications of {company.servers[PROD].url}" in words(done)


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_until_then_nothing_changes_and_it_is_said_again(company: Company, arguments: list[str]) -> None:
    done = company.run(*arguments)
    assert (done.code, done.changed) == (0, 0), done.output
    for host in (TEST, PROD):
        assert required(company, host) in words(done)


def test_people_do_what_the_report_says(company: Company) -> None:
    for host, server in company.servers.items():
        server.get_code(PORT_PAGE, MAILBOXES[host]).press("Save Changes")
    company.servers[PROD].get_code(RESOURCES_PAGE, MAILBOXES[PROD]).press("Save Changes")


def test_the_next_run_enables_the_ports_and_asks_for_whoever_is_to_prove_it(company: Company) -> None:
    done = company.run()
    assert (done.code, done.failed) == (0, []), done.output
    assert all(company.port(host)["enabled"] for host in (TEST, PROD))
    assert "security-ports.dsp" not in done.output
    for host in (TEST, PROD):
        assert re.search(rf"ansible-playbook mailops\.modern_auth\.sign_in_mail (-i \S+ )+--limit {host}", words(done))
    signed_in = company.checked(company.sign_in_for_proofs())
    assert signed_in.code == 0, signed_in.output


@pytest.mark.parametrize("repetition", range(2))
def test_then_the_servers_send_and_take_their_mail_and_nothing_changes(company: Company, repetition: int) -> None:
    done = company.run()
    assert (done.code, done.changed) == (0, 0), done.output
    assert done.results == dict.fromkeys((TEST, PROD), "delivered"), done.output
    for host in (TEST, PROD):
        mails = company.state(host)["mails"]
        assert [one["service"] for one in mails] == ["orders.inbox:receive"] * (repetition + 1)


def test_a_new_secret_reaches_the_servers_and_nobody_has_to_sign_in_anew(company: Company) -> None:
    before = {host: company.stored(host)["current"] for host in (TEST, PROD)}
    done = company.run("-e", "mail_rotation_force=true", playbook="rotate_secrets")
    assert (done.code, done.failed) == (0, []), done.output
    assert "authorization required" not in done.output
    for host, server in company.servers.items():
        current, state = company.stored(host)["current"], company.state(host)
        assert current["key_id"] != before[host]["key_id"]
        assert state["ports"]["orders"]["clientSecret"] == current["secret_text"]
        assert server.enable("orders").status_code == 201
    assert company.state(PROD)["notification"]["clientSecret"] == company.stored(PROD)["current"]["secret_text"]


def test_a_sign_in_that_has_ended_is_told_with_the_address_to_sign_in_again(company: Company) -> None:
    company.sandbox.control("POST", f"/tenant/users/{MAILBOXES[TEST]}/revoke-sessions")
    # What the server finds out by itself as soon as its access token ends.
    assert company.servers[TEST].enable("orders").status_code == 400
    deadline = time.monotonic() + SECONDS
    while company.port(TEST)["enabled"] and time.monotonic() < deadline:
        time.sleep(0.2)
    for playbook in ("verify_mail", "setup_mail"):
        done = company.run("--limit", TEST, playbook=playbook)
        assert (done.code, done.changed) == (0, 0), done.output
        assert done.results == {TEST: "authorization required"}
        assert required(company, TEST) in words(done)
    # Which tries to enable the port, and so is told why not.
    assert "AADSTS50173" in done.output
    company.servers[TEST].get_code(PORT_PAGE, MAILBOXES[TEST]).press("Save Changes")
    assert company.sign_in_for_proofs().code == 0
    done = company.run("--limit", TEST)
    assert (done.code, done.results) == (0, {TEST: "delivered"}), done.output
