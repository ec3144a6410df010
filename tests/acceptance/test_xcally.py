"""Two e-mail accounts of XCALLY Motion, one on a shared mailbox: from the run that asks for a sign-in to mails that travel,
a new secret, and a sign-in that has ended. Judged by Motion and the tenant.

The tests follow one another: each begins as the one before it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate, Run
from sandbox_fixture import RunningSandbox, run_cli
from xcally_fixture import served

OWN, SHARED = "xcally-test-1", "xcally-prod-1"
ACCOUNTS = {OWN: "support-test@contoso.example", SHARED: "agent@contoso.example"}
MAILBOXES = {OWN: "support-test@contoso.example", SHARED: "support@contoso.example"}
NAMES = {OWN: "Support mail (test)", SHARED: "Support mail"}
APPLICATIONS = {OWN: "support-mail-test", SHARED: "support-mail-prod"}


class Centre:
    """A contact centre with a Motion server for test and one for production, beside a sandbox of its own."""

    def __init__(self, sandbox: RunningSandbox, home: Path) -> None:
        self.estate = Estate(sandbox, home)
        self.estate.empty()
        self.sandbox = sandbox
        self.motions = {host: served(sandbox, host) for host in (OWN, SHARED)}
        for motion in self.motions.values():
            (motion.folder / ".env").write_text("XC_DEBUG_LEVEL='INFO'\n")

    def run(self, *arguments: str, playbook: str = "setup_mail") -> Run:
        """A playbook for both; whatever it says, no secret is in it."""
        done = self.estate.set_up("--limit", "xcally", *arguments, playbook=playbook)
        assert not [secret for secret in self.secrets() if secret in done.output]
        assert "[WARNING]" not in done.output
        return done

    def stored(self, host: str) -> dict[str, Any]:
        """What the store holds of a host's application, read with Ansible's own library."""
        environment = "test" if host == OWN else "prod"
        path = self.estate.directory / "credentials" / f"{environment}.yml"
        vault = VaultLib([("default", VaultSecret((self.estate.directory / "vault-password").read_bytes()))])
        found: dict[str, Any] = yaml.safe_load(vault.decrypt(path.read_bytes()))["applications"][APPLICATIONS[host]]
        return found

    def secrets(self) -> list[str]:
        """All that nobody may see."""
        if not (self.estate.directory / "credentials").is_dir():
            return []
        entries = [self.stored(host) for host in (OWN, SHARED)]
        slots = ("current", "pending", "previous")
        return [
            *(entry[slot]["secret_text"] for entry in entries for slot in slots if slot in entry),
            *(motion.password for motion in self.motions.values()),
        ]

    def provider(self, host: str) -> dict[str, Any]:
        """The cloud provider, as Motion's API shows it."""
        [found] = self.motions[host].ask("GET", "/api/cloudProviders")["rows"]
        assert "clientSecret" not in found
        return dict(found)

    def account(self, host: str) -> dict[str, Any]:
        """The e-mail account, likewise."""
        [found] = self.motions[host].ask("GET", "/api/mail/accounts")["rows"]
        return dict(found)

    def sign_in(self, host: str) -> str:
        """Do what the report says; gives what the person sees at last."""
        return self.motions[host].authenticate(self.provider(host)["id"], ACCOUNTS[host]).text


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Centre]:
    directory = tmp_path_factory.mktemp("centre") / "instance"
    started = run_cli("start", directory)
    assert started.returncode == 0, started.stdout + started.stderr
    yield Centre(RunningSandbox(directory), home)
    run_cli("stop", directory)


def words(run: Run) -> str:
    """What was printed, whatever the lines."""
    return re.sub(r"\s+", " ", run.output)


def required(centre: Centre, host: str) -> str:
    """The sentence by which the report asks for a sign-in."""
    url = centre.motions[host].url
    return (
        f"{host}: authorization required for the cloud provider {NAMES[host]} at {url} of {ACCOUNTS[host]}: Open "
        f"{url}, sign in as an administrator of Motion, go to the cloud provider {NAMES[host]}, press Authenticate, and sign "
        f"in to Microsoft as {ACCOUNTS[host]}."
    )


def test_a_check_predicts_all_and_makes_nothing(centre: Centre) -> None:
    done = centre.run("--check", "--diff")
    assert (done.code, done.failed) == (0, []), done.output
    for motion in centre.motions.values():
        assert motion.ask("GET", "/api/cloudProviders")["rows"] == []


def test_everything_is_made_up_to_the_sign_in(centre: Centre) -> None:
    done = centre.run("--diff")
    assert (done.code, done.failed) == (0, []), done.output
    assert done.results == dict.fromkeys((OWN, SHARED), "authorization required")
    footprint = centre.estate.footprint()
    for host, motion in centre.motions.items():
        assert required(centre, host) in words(done)
        [application] = footprint.applications(APPLICATIONS[host])
        assert application["web"]["redirectUris"] == [f"{motion.url}/api/cloudProviders/oauth2/microsoft/callback"]
        provider = centre.provider(host)
        assert (provider["name"], provider["applicationId"]) == (NAMES[host], application["appId"])
        assert (provider["service"], provider["type"]) == ("Microsoft Azure", "Outlook365")
        assert provider["authenticated"] is False
        account = centre.account(host)
        assert (account["email"], account["user"]) == (MAILBOXES[host], MAILBOXES[host])
        assert (account["CloudProviderId"], account["active"]) == (provider["id"], True)
    assert centre.account(SHARED)["modernAuthenticationEmail"] == ACCOUNTS[SHARED]
    assert centre.account(OWN)["modernAuthenticationEmail"] is None


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_until_then_nothing_changes_and_it_is_said_again(centre: Centre, arguments: list[str]) -> None:
    done = centre.run(*arguments)
    assert (done.code, done.changed) == (0, 0), done.output
    for host in (OWN, SHARED):
        assert required(centre, host) in words(done)


@pytest.mark.parametrize("host", [OWN, SHARED])
def test_the_person_does_what_the_report_says(centre: Centre, host: str) -> None:
    assert f"Authenticated as {ACCOUNTS[host]}" in centre.sign_in(host)


@pytest.mark.parametrize("repetition", range(2))
def test_then_motion_sends_and_receives_and_nothing_changes(centre: Centre, repetition: int) -> None:
    done = centre.run()
    assert (done.code, done.changed) == (0, 0), done.output
    assert done.results == dict.fromkeys((OWN, SHARED), "delivered"), done.output
    for host, motion in centre.motions.items():
        rows = motion.ask("GET", "/api/mail/messages")["rows"]
        received = [row for row in rows if row["direction"] == "in"]
        assert len(received) == repetition + 1
        assert MAILBOXES[host] in received[-1]["from"]
