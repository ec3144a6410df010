"""Many proofs at once against the sandbox, judged by the mailboxes and by what the identity platform was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate import deliveries
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.deliveries import (
    PAUSE,
    SIGN_IN_PATIENCE,
    SIGN_IN_PAUSE,
    prove_all,
)
from mail_world import PROBE, SENDER, MailWorld, Options
from sandbox_fixture import RunningSandbox


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.said: list[str] = []

    def advance(self, name: str) -> None:
        self.names.append(name)

    def say(self, text: str) -> None:
        self.said.append(text)


class Clock:
    """Time that passes only in pauses, and what happens in them."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []
        self.events = list(events)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)
        if self.events:
            await asyncio.to_thread(self.events.pop(0))

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def world(clean: RunningSandbox) -> MailWorld:
    return MailWorld(clean)


@pytest.fixture
def told() -> Told:
    return Told()


def check(world: MailWorld, name: str, **options: Any) -> Options:
    """A check as a plan makes it: with the endpoints written into it."""
    environment = world.sandbox.env
    return {
        "name": name, "host": "ici-1", "cloud": "custom", "ca_path": world.sandbox.ca, "to": PROBE,
        "authority_host": environment["AZURE_AUTHORITY_HOST"], "graph_endpoint": environment["MAILOPS_GRAPH_ENDPOINT"],
        "timeout": 30, "poll_interval": 0.2, "request_timeout": 10, **options,
    }


def prove(checks: list[Options], told: Told, clock: Clock | None = None, **options: Any) -> dict[str, Any]:
    """The verdicts."""
    time: dict[str, Any] = {"sleep": clock.sleep, "clock": clock} if clock else {}
    return asyncio.run(prove_all(checks, progress=told, **time, **options))


def tokens_asked_for(world: MailWorld) -> int:
    """How many tokens were asked for since the requests were forgotten."""
    return len([one for one in world.sandbox.requests("identity") if one["path"].endswith("/token")])


def test_all_kinds_at_once_and_each_credential_is_asked_for_one_token(world: MailWorld, told: Told) -> None:
    application = world.may_send()
    world.control("DELETE", "/requests")
    ways: list[tuple[Options, str]] = [
        (world.graph(application), "imap"), (world.smtp(application), "pop3"), (world.graph(application), "graph"),
        (world.anonymous(), "imap"),
    ]
    checks = [
        check(world, f"way {number}", send=send, receive=world.reader(receiver), **{"from": SENDER})
        for number, (send, receiver) in enumerate(ways * 5)
    ] + [
        check(world, f"foreign {number}", send=world.smtp(application, "finance@contoso.example"), expect="refused")
        for number in range(4)
    ]
    verdicts = prove(checks, told)
    assert [verdict["name"] for verdict in verdicts.values()] == [one["name"] for one in checks]
    assert next(iter(verdicts)) == "ici-1: way 0"
    assert [verdict for verdict in verdicts.values() if verdict["failed"] or verdict["changed"]] == []
    assert sorted(told.names) == sorted(verdicts)
    assert len({verdict["delivery"]["message_id"] for verdict in verdicts.values()}) == len(checks)
    assert verdicts["ici-1: foreign 3"]["delivery"]["refusal"]["code"] == "535 5.7.3"
    assert world.mails(PROBE) == []
    # The application for Graph and for Exchange, and the reader for Graph and for Exchange.
    assert tokens_asked_for(world) == 4


def test_one_that_fails_stops_no_other(world: MailWorld, told: Told) -> None:
    application = world.may_send()
    good = {"send": world.graph(application), "receive": world.reader("imap")}
    wrong = {**good, "send": {**world.graph(application), "client_secret": "wrong~but~not~an~id"}}
    verdicts = prove([
        check(world, "first", **good), check(world, "wrong secret", **wrong),
        check(world, "no sense", send={"transport": "pigeon"}), check(world, "closed", **{
            **good, "send": {**world.smtp(application), "port": 9},
        }), check(world, "last", **good),
    ], told)
    assert [verdict["failed"] for verdict in verdicts.values()] == [False, True, True, True, False]
    assert verdicts["ici-1: wrong secret"]["code"] == "AADSTS7000215"
    assert verdicts["ici-1: wrong secret"]["delivery"]["message_id"]
    assert "pigeon" in verdicts["ici-1: no sense"]["msg"]
    assert "127.0.0.1:9 could not be reached" in verdicts["ici-1: closed"]["msg"]
    assert application["secret"] not in str(verdicts)
    assert "wrong~but~not~an~id" not in str(verdicts)
    assert world.mails(PROBE) == []


def test_two_checks_of_one_name_would_be_one_verdict(world: MailWorld, told: Told) -> None:
    one = check(world, "same", send=world.anonymous(), receive=world.reader("imap"))
    with pytest.raises(InputError, match="name"):
        prove([one, dict(one)], told)
    other_host = {**one, "host": "ici-2", "from": SENDER}
    assert set(prove([{**one, "from": SENDER}, other_host], told)) == {"ici-1: same", "ici-2: same"}


# -- rights that act later --------------------------------------------------------------------------------------------

def test_a_right_that_acts_only_after_a_while_is_waited_for(world: MailWorld, told: Told) -> None:
    application = world.application("Late", exchange=("SMTP.SendAsApp",))
    world.tell_exchange(application)
    world.smtp_auth(SENDER, disabled=False)
    right = {"Identity": SENDER, "User": application["servicePrincipalId"]}
    clock = Clock(lambda: None, lambda: world.control("POST", "/tenant/mailbox-permissions", right))
    one = check(world, "late", send=world.smtp(application), receive=world.reader("imap"), patience=1800)
    (verdict,) = prove([one], told, clock).values()
    assert not verdict["failed"], verdict
    assert (verdict["attempts"], clock.pauses) == (3, [PAUSE, PAUSE])
    assert len(told.said) == 2
    assert "535 5.7.3" in told.said[0]
    assert world.everywhere(PROBE) == []


def test_a_permission_that_was_granted_since_is_in_a_new_token(world: MailWorld, told: Told) -> None:
    application = world.application("Consented later")
    grant = {
        "app_id": application["appId"], "permissions": [{"resource": "Microsoft Graph", "application": ["Mail.Send"]}],
    }
    clock = Clock(lambda: world.modules.ok("entra_admin_consent", **grant))
    send = world.graph(application)
    checks = [
        check(world, f"consented later {number}", send=send, receive=world.reader("imap"), patience=1800)
        for number in range(3)
    ]
    world.control("DELETE", "/requests")
    verdicts = prove(checks, told, clock)
    assert [verdict["failed"] for verdict in verdicts.values()] == [False] * 3
    assert all(verdict["attempts"] > 1 for verdict in verdicts.values())


def test_a_right_that_was_taken_away_may_act_for_a_while(world: MailWorld, told: Told) -> None:
    application = world.may_send()
    one = check(
        world, "taken away", send=world.smtp(application), receive=world.reader("imap"), expect="refused",
        patience=60, timeout=10,
    )
    clock = Clock(lambda: world.smtp_auth(SENDER, disabled=True))
    (verdict,) = prove([one], told, clock).values()
    assert not verdict["failed"], verdict
    assert verdict["attempts"] == 2
    assert world.everywhere(PROBE) == []


@pytest.mark.parametrize(("patience", "attempts"), [(0, 1), (29, 1), (30, 2), (100, 4)])
def test_patience_ends(world: MailWorld, told: Told, patience: int, attempts: int) -> None:
    application = world.application("Never", exchange=("SMTP.SendAsApp",))
    one = check(world, "never", send=world.smtp(application), receive=world.reader("imap"), patience=patience)
    clock = Clock()
    (verdict,) = prove([one], told, clock).values()
    assert verdict["failed"]
    assert (verdict["attempts"], len(clock.pauses)) == (attempts, attempts - 1)


def test_a_credential_that_is_new_may_be_unknown_for_a_minute(world: MailWorld, told: Told) -> None:
    application = world.may_send()
    wrong = {**world.graph(application), "client_secret": "not~yet~known~to~anybody"}
    one = check(
        world, "new", send=wrong, receive=world.reader("imap"), new_client_ids=[application["appId"]],
        **{"from": SENDER},
    )
    clock = Clock()
    (verdict,) = prove([one], told, clock).values()
    assert (verdict["code"], set(clock.pauses)) == ("AADSTS7000215", {SIGN_IN_PAUSE})
    assert sum(clock.pauses) == SIGN_IN_PATIENCE
    assert len(told.said) == len(clock.pauses)


def test_nobody_waits_for_the_wrong_secret_of_whoever_reads(world: MailWorld, told: Told) -> None:
    application = world.may_send()
    reader = {**world.reader("graph"), "client_secret": "not~the~readers~secret~at~all"}
    one = check(
        world, "reader", send=world.graph(application), receive=reader, new_client_ids=[application["appId"]],
        patience=1800, **{"from": SENDER},
    )
    clock = Clock()
    (verdict,) = prove([one], told, clock).values()
    assert (verdict["code"], clock.pauses) == ("AADSTS7000215", [])
    assert world.everywhere(PROBE) == []


def test_patience_counts_from_the_beginning_of_the_run(world: MailWorld, told: Told) -> None:
    application = world.application("Never", exchange=("SMTP.SendAsApp",))
    checks = [
        check(world, f"never {number}", send=world.smtp(application), receive=world.reader("imap"), patience=90)
        for number in range(3)
    ]
    verdicts = prove(checks, told, Clock(), concurrency=1)
    assert [verdict["attempts"] for verdict in verdicts.values()] == [4, 1, 1]


def test_what_does_not_pass_by_itself_is_not_tried_again(world: MailWorld, told: Told) -> None:
    one = check(
        world, "nobody", send=world.graph(world.may_send()), receive=world.reader("imap", "nobody@contoso.example"),
        patience=1800,
    )
    two = check(
        world, "wrong secret", patience=1800, receive=world.reader("imap"),
        send={**world.graph(world.may_send()), "client_secret": "wrong~but~not~an~id"},
    )
    clock = Clock()
    verdicts = prove([two], told, clock)
    assert verdicts["ici-1: wrong secret"]["failed"]
    assert clock.pauses == []
    # A mailbox that is not there looks as one that may not be opened, in Exchange's words.
    assert prove([{**one, "patience": 0}], told, clock)["ici-1: nobody"]["failed"]


def test_a_check_that_never_ends_is_ended(
    world: MailWorld, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ANSWERS", 0)
    send = world.anonymous()
    slow = check(world, "slow", send=send, receive=world.reader("imap"), timeout=1, **{"from": SENDER})
    world.control("POST", "/faults", {"face": "graph", "kind": "latency", "seconds": 5})
    hung = {**slow, "name": "hung", "receive": world.reader("graph")}
    verdicts = prove([hung], told)
    assert "within 1 seconds" in verdicts["ici-1: hung"]["msg"]


# -- tokens of an earlier run -----------------------------------------------------------------------------------------

def remove(world: MailWorld, application: Any) -> None:
    directory(world, "DELETE", f"/applications/{application['id']}")


def purge(world: MailWorld, application: Any) -> None:
    remove(world, application)
    directory(world, "DELETE", f"/directory/deletedItems/{application['id']}")


def take_consent(world: MailWorld, application: Any) -> None:
    principal = f"/servicePrincipals/{application['servicePrincipalId']}"
    for given in directory(world, "GET", f"{principal}/appRoleAssignments")["value"]:
        directory(world, "DELETE", f"{principal}/appRoleAssignments/{given['id']}")


def disable(world: MailWorld, application: Any) -> None:
    principal = f"/servicePrincipals/{application['servicePrincipalId']}"
    directory(world, "PATCH", principal, {"accountEnabled": False})


def take_secrets(world: MailWorld, application: Any) -> None:
    (found,) = world.modules.objects("applications", appId=application["appId"])
    for secret in found["passwordCredentials"]:
        directory(
            world, "POST", f"/applications/{application['id']}/removePassword", {"keyId": secret["keyId"]}
        )


def directory(world: MailWorld, method: str, path: str, body: Any = None) -> Any:
    """Do something to the tenant as its administrator."""
    admin = world.application("Admin", graph=("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"))
    with httpx.Client(verify=ssl.create_default_context(cafile=world.sandbox.ca)) as client:
        answer = client.request(
            method, f"{world.sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0{path}", json=body,
            headers={"Authorization": f"Bearer {world.token(admin, 'https://graph.microsoft.com')}"},
        )
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


@pytest.mark.parametrize("spoil", [remove, purge, take_consent, disable, take_secrets])
def test_a_token_of_an_earlier_run_proves_nothing(
    world: MailWorld, told: Told, tmp_path: Path, spoil: Callable[[MailWorld, Any], None]
) -> None:
    application = world.application("Spoilt", graph=("Mail.Send",))
    cache = str(tmp_path / "cache")
    sides = {"send": world.graph(application), "receive": world.reader("imap")}
    one = check(world, "spoilt", **sides, token_cache=cache)
    assert not prove([one], told)["ici-1: spoilt"]["failed"]
    world.delivered(sides["send"], sides["receive"], token_cache=cache)
    spoil(world, application)
    assert prove([one], told)["ici-1: spoilt"]["failed"]
    world.failed(sides["send"], sides["receive"], token_cache=cache)
    assert world.mails(PROBE) == []
