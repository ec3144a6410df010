# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A person signs in for us once, and mails are proven in their name until that ends; mailboxes and tenant judge."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from mail_world import PROBE
from person import Person
from playbook_runner import call
from sandbox_fixture import RunningSandbox
from sign_in_world import CONTRACTS, GRAPH, NAME, SHARED, TICKETS, SignInWorld

COMMAND = "ansible-playbook mailops.modern_auth.sign_in_mail"


@pytest.fixture
def world(clean: RunningSandbox, tmp_path: Path) -> SignInWorld:
    found = SignInWorld(clean, tmp_path)
    found.set_up()
    return found


def signed_in(world: SignInWorld, **options: Any) -> dict[str, Any]:
    done = world.run_with(world.accept, world.sign_in(**options))
    assert done.code == 0, done.output
    return done.last()


def own_mail(world: SignInWorld) -> dict[str, Any]:
    return {"name": "own", "send": world.side("smtp"), "receive": world.side("imap")}


def test_whoever_has_signed_in_is_not_asked_again_and_mails_are_proven(world: SignInWorld) -> None:
    nobody = world.run(world.prove(own_mail(world)))
    assert (nobody.code, nobody.last()["failed_deliveries"]) == (0, []), nobody.output
    verdict = nobody.last()["hosts"]["server"]
    [required] = verdict["authorization_required"]
    assert (required["where"], required["account"]) == (NAME, CONTRACTS)
    assert f"Run `{COMMAND} --limit server` and sign in as {CONTRACTS}." in required["do"]
    assert verdict["deliveries"][0]["left_out"] is True

    first = signed_in(world)
    assert (first["changed"], first["account"]) == (True, CONTRACTS)
    assert world.kept()[f"sign-ins/{NAME}"]["people"] == {CONTRACTS: first["since"]}
    again = world.run(world.sign_in(interactive="never"), world.sign_in(interactive="never"), arguments=("--check",))
    assert [one["changed"] for one in again.results["server"]] == [False, False], again.output
    assert again.last()["since"] == first["since"]

    proven = world.run(world.prove(own_mail(world)))
    assert (proven.code, proven.last()["failed_deliveries"]) == (0, []), proven.output
    [told] = proven.last()["deliveries"]
    assert (told["msg"], told["delivery"]["folder"]) == ("The mail was delivered.", "INBOX")
    assert world.world.mails(CONTRACTS) == []

    secrets = [world.refresh_token(), world.kept()[NAME]["current"]["secret_text"]]
    files = [path.read_bytes() for path in world.folder.rglob("*") if path.is_file()]
    for secret in secrets:
        assert not [output for output in world.outputs if secret in output]
        assert not [content for content in files if secret.encode() in content]
    # An access token, and an authorization code, begin like this.
    assert not [output for output in world.outputs if "eyJ0eXAi" in output or "code=" in output.replace("code=S256", "")]


def end_of_sessions(world: SignInWorld) -> None:
    world.sandbox.control("POST", f"/tenant/users/{CONTRACTS}/revoke-sessions")


def another_password(world: SignInWorld) -> None:
    world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"password": world.password})


def sign_in_frequency(world: SignInWorld) -> None:
    world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"signInFrequencySeconds": 3600})
    world.sandbox.control("PUT", "/clock", {"offset_seconds": 7200})


def second_factor(world: SignInWorld) -> None:
    world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {"multiFactorCode": "123456"})


@pytest.mark.parametrize(("event", "code", "words"), [
    (end_of_sessions, "AADSTS50173", "was revoked, or the password changed"),
    (another_password, "AADSTS50173", "was revoked, or the password changed"),
    (sign_in_frequency, "AADSTS70043", "lengthen it for this account"),
    (second_factor, "AADSTS50076", "with the second factor that the tenant asks for"),
])
def test_a_sign_in_that_is_over_is_no_failure_and_says_what_to_do(
    world: SignInWorld, event: Any, code: str, words: str
) -> None:
    signed_in(world)
    event(world)
    over = world.run(world.prove(own_mail(world)))
    assert (over.code, over.last()["failed_deliveries"]) == (0, []), over.output
    [required] = over.last()["hosts"]["server"]["authorization_required"]
    assert code in required["do"]
    assert words in required["do"]
    assert COMMAND in required["do"]
    alone = world.run(world.sign_in(interactive="auto"))
    assert alone.code != 0
    assert (alone.last()["code"], "interactive: always" in alone.last()["msg"]) == (code, True)


def test_signing_in_again_mends_it(world: SignInWorld) -> None:
    signed_in(world)
    end_of_sessions(world)
    assert signed_in(world)["changed"] is True
    proven = world.run(world.prove(own_mail(world)))
    assert proven.last()["deliveries"][0]["failed"] is False, proven.output


def test_the_delegate_of_a_shared_mailbox(world: SignInWorld) -> None:
    signed_in(world)
    check = {"name": "shared", "send": world.side("smtp"), "receive": world.side("imap", SHARED), "to": SHARED}
    closed = world.run(world.prove(check))
    [told] = closed.last()["deliveries"]
    assert told["failed"], closed.output
    assert "the account that has signed in must be able to open the mailbox in Outlook" in told["msg"]
    user = world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {})["id"]
    world.sandbox.control("POST", "/tenant/mailbox-permissions", {"Identity": SHARED, "User": user})
    opened = world.run(world.prove(check))
    assert opened.last()["deliveries"][0]["msg"] == "The mail was delivered.", opened.output


def test_what_is_switched_off_or_not_consented_to_is_said_in_words(world: SignInWorld) -> None:
    signed_in(world)
    world.sandbox.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {
        "ImapEnabled": False, "SmtpClientAuthenticationDisabled": True,
    })
    send, read = (
        {"name": "smtp", "send": world.side("smtp"), "receive": world.world.reader("imap"), "to": PROBE},
        {"name": "imap", "send": world.world.anonymous(), "receive": world.side("imap"), "from": TICKETS},
    )
    done = world.run(world.prove(send, read, {
        "name": "pop3", "send": world.world.anonymous(), "receive": world.side("pop3"), "from": TICKETS,
    }))
    off, imap, pop3 = (one["msg"] for one in done.last()["deliveries"])
    assert "Set-CASMailbox -SmtpClientAuthenticationDisabled $false" in off
    assert "IMAP is on for the mailbox (Set-CASMailbox -ImapEnabled $true)" in imap
    assert "and not POP.AccessAsUser.All of Office 365 Exchange Online" in pop3


def test_a_mail_that_is_put_into_a_mailbox_is_taken_or_not(world: SignInWorld) -> None:
    signed_in(world)
    probes = [
        {"name": "taken", "receive": world.side("imap"), "expect": "taken"},
        {"name": "left", "receive": world.side("imap"), "expect": "taken", "timeout": 1, "remedy": "Its log is /x.",
         "sign_in": {"what": "the port", "where": "https://is", "account": CONTRACTS, "do": "Open https://is."}},
    ]
    stop = threading.Event()
    product = threading.Thread(target=take, args=(world, stop))
    product.start()
    try:
        taken = world.run(world.prove(probes[0]))
    finally:
        stop.set()
        product.join()
    assert taken.last()["deliveries"][0]["msg"] == "The mail was taken out of the mailbox.", taken.output
    left = world.run(world.prove(probes[1]))
    [told] = left.last()["deliveries"]
    assert "Nobody has taken the mail" in told["msg"]
    assert told["msg"].endswith("Its log is /x. If its sign-in has ended: Open https://is.")
    assert world.world.mails(CONTRACTS) == []


def take(world: SignInWorld, stop: threading.Event) -> None:
    """What a product does: it reads what is unread."""
    mailbox = world.world.mailbox(CONTRACTS)
    while not stop.wait(0.2):
        mailbox.select("INBOX")
        for number in mailbox.search(None, "UNSEEN")[1][0].split():
            mailbox.fetch(number, "(RFC822)")
    mailbox.logout()


def test_somebody_else_signs_in(world: SignInWorld) -> None:
    def tickets(person: Person) -> None:
        person.press("Use another")
        world.accept(person, TICKETS)

    wrong = world.run_with(lambda person: world.accept(
        person if "Use another" not in person.response.text else person.press("Use another"), TICKETS,
    ), world.sign_in(account=CONTRACTS))
    if wrong.code == 0:
        # The page went by the name that it was told.
        pytest.fail(wrong.output)
    assert f"{TICKETS} has signed in, and {CONTRACTS} should have" in wrong.last()["msg"]
    assert f"sign-ins/{NAME}" not in world.kept()


def test_the_person_declines(world: SignInWorld) -> None:
    user = world.sandbox.control("PATCH", f"/tenant/users/{CONTRACTS}", {})["id"]
    assert user
    public = world.world.application("Desktop", secret=False, redirectUris={"publicClient": ["http://localhost"]})
    options = {
        "unique_name": "desktop", "tenant_id": world.sandbox.env["AZURE_TENANT_ID"], "client_id": public["appId"],
        "flow": "authorization_code", "scopes": ["https://outlook.office365.com/IMAP.AccessAsUser.All"],
    }

    def decline(person: Person) -> None:
        person.press("Sign in", password=world.password).press("Cancel").leave()

    declined = world.run_with(decline, world.sign_in(**options))
    assert (declined.code != 0, declined.last()["code"]) == (True, "AADSTS65004"), declined.output
    assert "sign in again and accept" in declined.last()["remedy"]


def test_a_device_code_is_for_an_application_without_a_secret(world: SignInWorld) -> None:
    device = world.world.application("Device", secret=False, public=True)
    options = {
        "unique_name": None, "tenant_id": world.sandbox.env["AZURE_TENANT_ID"], "client_id": device["appId"],
        "scopes": ["https://graph.microsoft.com/Mail.Read"],
    }
    options = {name: value for name, value in options.items() if value is not None}
    task = world.sign_in(**options)
    del task["mailops.modern_auth.oauth_sign_in"]["unique_name"]
    done = world.run_with(world.accept, task, task)
    assert [one["changed"] for one in done.results["server"]] == [True, False], done.output
    late = world.sign_in(wait=1, **{**options, "account": TICKETS})
    nobody = world.run(late)
    assert "Nobody has signed in" in nobody.last()["msg"], nobody.output
    assert "within 1 seconds" in nobody.last()["msg"]
    confidential = world.run(world.sign_in(flow="device_code"))
    assert "flow: device_code is not possible with an application that has a client secret" in confidential.last()["msg"]


def test_at_a_terminal_somebody_is_asked(world: SignInWorld) -> None:
    ours, theirs = pty.openpty()
    arguments = call(
        world.folder, [{**world.sign_in(interactive="auto", wait=1), "delegate_to": "localhost"}],
        environment=world.environment,
    )
    try:
        done = subprocess.run(**{**arguments, "stdin": theirs}, check=False, timeout=120, start_new_session=True,
                              preexec_fn=lambda: own_terminal(theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    output = done.stdout.decode()
    assert "Open this address in a browser on this machine" in output
    assert "within 1 seconds" in output


def own_terminal(descriptor: int) -> None:
    """Make a terminal the one that the process was started at."""
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def test_wrong_options_are_refused_before_anybody_is_asked(world: SignInWorld) -> None:
    for options, words in (
        ({"unique_name": "unknown"}, "The store holds nothing of the application 'unknown'."),
        ({"client_id": "11111111-2222-3333-4444-555555555555", "unique_name": "x"}, "tenant_id: is needed"),
        ({"keep_in": "keyring"}, "this machine offers no keyring"),
        ({"scopes": [GRAPH, "https://nowhere.example/.default"], "interactive": "never"}, "Nobody is there to sign in"),
    ):
        refused = world.run(world.sign_in(**options))
        assert refused.code != 0
        assert words in refused.last()["msg"], refused.output
