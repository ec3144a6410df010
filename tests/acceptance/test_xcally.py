"""Two e-mail accounts of XCALLY Motion, one on a shared mailbox: from the run that asks for a sign-in to mails that
travel, a new secret, and a sign-in that has ended. Judged by Motion and the tenant.

The tests follow one another: each begins as the one before it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate, Run
from exchange_client import ADMINISTRATOR, Exchange
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
        f"{url}, sign in as an administrator of Motion, go to the cloud provider {NAMES[host]}, press Authenticate, "
        f"and sign in to Microsoft as {ACCOUNTS[host]}."
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


def test_until_then_nothing_changes_and_it_is_said_again(centre: Centre) -> None:
    done = centre.run()
    assert (done.code, done.changed) == (0, 0), done.output
    for host in (OWN, SHARED):
        assert required(centre, host) in words(done)


@pytest.mark.parametrize("host", [OWN, SHARED])
def test_the_person_does_what_the_report_says(centre: Centre, host: str) -> None:
    assert f"Authenticated as {ACCOUNTS[host]}" in centre.sign_in(host)


def test_then_motion_sends_and_receives_and_nothing_changes(centre: Centre) -> None:
    done = centre.run()
    assert (done.code, done.changed) == (0, 0), done.output
    assert done.results == dict.fromkeys((OWN, SHARED), "delivered"), done.output
    for host, motion in centre.motions.items():
        rows = motion.ask("GET", "/api/mail/messages")["rows"]
        [received] = [row for row in rows if row["direction"] == "in"]
        assert MAILBOXES[host] in received["from"]


def test_a_new_secret_reaches_motion_and_keeps_the_sign_ins(centre: Centre) -> None:
    before = {host: centre.stored(host)["current"] for host in (OWN, SHARED)}
    done = centre.run("-e", "mail_rotation_force=true", playbook="rotate_secrets")
    assert (done.code, done.failed) == (0, []), done.output
    for host, motion in centre.motions.items():
        entry = centre.stored(host)
        assert entry["current"]["key_id"] != before[host]["key_id"]
        assert entry["current"]["secret_text"] in (motion.folder / "motion.json").read_text("utf-8")
        assert centre.provider(host)["authenticated"] is True
    again = centre.run()
    assert (again.code, again.changed) == (0, 0), again.output
    assert again.results == dict.fromkeys((OWN, SHARED), "delivered")


def sessions_end(centre: Centre) -> None:
    centre.sandbox.control("POST", f"/tenant/users/{ACCOUNTS[SHARED]}/revoke-sessions")


def the_password_changes(centre: Centre) -> None:
    password = centre.sandbox.env["M365_SANDBOX_USER_PASSWORD"]
    centre.sandbox.control("PATCH", f"/tenant/users/{ACCOUNTS[SHARED]}", {"password": password})


def the_sign_in_is_too_old(centre: Centre) -> None:
    centre.sandbox.control("PATCH", f"/tenant/users/{ACCOUNTS[SHARED]}", {"signInFrequencySeconds": 1})


@pytest.mark.parametrize(("event", "code"), [
    (the_sign_in_is_too_old, "AADSTS70043"), (the_password_changes, "AADSTS50173"), (sessions_end, "AADSTS50173"),
])
def test_a_sign_in_that_has_ended_is_said_with_what_to_open(
    centre: Centre, event: Callable[[Centre], None], code: str
) -> None:
    event(centre)
    done = centre.run(playbook="verify_mail")
    assert (done.code, done.failed) == (0, []), done.output
    assert done.results == {OWN: "delivered", SHARED: "authorization required"}
    assert code in words(done)
    assert f"Open {centre.motions[SHARED].url}, sign in as an administrator of Motion" in words(done)
    centre.sandbox.control("PATCH", f"/tenant/users/{ACCOUNTS[SHARED]}", {"signInFrequencySeconds": None})
    assert f"Authenticated as {ACCOUNTS[SHARED]}" in centre.sign_in(SHARED)


@pytest.mark.parametrize(("cmdlet", "who", "right"), [
    ("RecipientPermission", "Trustee", "SendAs"), ("MailboxPermission", "User", "FullAccess"),
])
def test_a_delegate_without_a_right_is_said_with_what_grants_it(
    centre: Centre, cmdlet: str, who: str, right: str
) -> None:
    granted = {"Identity": MAILBOXES[SHARED], who: ACCOUNTS[SHARED], "AccessRights": [right]}
    with Exchange(centre.sandbox, ADMINISTRATOR) as exchange:
        exchange.run(f"Remove-{cmdlet}", **granted, Confirm=False)
        done = centre.run(playbook="verify_mail")
        assert (done.code, done.failed) == (2, [SHARED]), done.output
        assert done.results[OWN] == "delivered"
        assert (
            f"the delegate {ACCOUNTS[SHARED]}, who signs in for {NAMES[SHARED]} at {centre.motions[SHARED].url}, has "
            f"no {right} on {MAILBOXES[SHARED]}, which no new sign-in brings back: grant it "
            f"(exchange_mailbox_permission, or Add-{cmdlet} {MAILBOXES[SHARED]} -{who} {ACCOUNTS[SHARED]} "
            f"-AccessRights {right})"
        ) in words(done)
        assert "Authenticate" not in done.output
        exchange.run(f"Add-{cmdlet}", **granted, Confirm=False)


def test_it_is_made_up_for_and_where_motion_refuses_its_logs_are_named(centre: Centre) -> None:
    path = f"/tenant/mailboxes/{MAILBOXES[OWN]}"
    centre.sandbox.control("PATCH", path, {"SmtpClientAuthenticationDisabled": True})
    done = centre.run(playbook="verify_mail")
    assert (done.code, done.failed) == (2, [OWN]), done.output
    assert done.results[SHARED] == "delivered"
    assert "SmtpClientAuthentication is disabled" in words(done)
    assert "/var/log/xcally/email-error.DATE.log" in words(done)


def test_the_next_run_makes_up_for_that_and_switches_the_logs_level(centre: Centre) -> None:
    motion = centre.motions[OWN]
    further = centre.estate.hosts(xcally_test_1={"motion_account": {"key": "SUPT", "debug": True}})
    done = centre.run(*further, "--limit", OWN, "--diff")
    assert (done.code, done.results) == (0, {OWN: "delivered"}), done.output
    assert (motion.folder / ".env").read_text() == "XC_DEBUG_LEVEL=DEBUG\n"
    assert "Microsoft answers a refresh_token" in motion.log("combined")
