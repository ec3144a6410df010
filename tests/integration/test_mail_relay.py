# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_delivery through relays of every kind, judged by what is in the mailboxes."""

from __future__ import annotations

from typing import Any

import pytest
from mail_world import PROBE, SENDER, MailWorld, Options
from sandbox_fixture import RunningSandbox
from tls_outcomes import CASES, IDS, REMEDIES, WORDS, Kind

SHARED = "shared@contoso.example"


@pytest.fixture
def world(clean: RunningSandbox) -> MailWorld:
    return MailWorld(clean)


def tell(world: MailWorld, **behaviour: Any) -> None:
    world.control("PUT", "/relay", behaviour)


def relay(world: MailWorld, tls: str = "none", **more: Any) -> Options:
    return {**world.anonymous(tls), **more}


@pytest.mark.parametrize(("kind", "mode", "outcome"), CASES, ids=IDS)
def test_each_way_to_encrypt_with_each_kind_of_server(
    world: MailWorld, kind: Kind, mode: str, outcome: str
) -> None:
    tell(world, tls=kind.tls, certificate=kind.certificate, extended=kind.extended)
    options: Options = {"cleanup": False, "from": SENDER, "request_timeout": 1 if outcome == "silent" else 30}
    if outcome in WORDS:
        failure = world.failed(relay(world, mode), world.reader("graph"), **options)
        assert WORDS[outcome] in failure["msg"]
        assert REMEDIES[outcome] in failure["remedy"]
        assert failure["step"] == "connect"
        assert world.mails(PROBE) == []
    else:
        delivery = world.delivered(relay(world, mode), world.reader("graph"), **options)
        assert delivery["sent_through"]["encrypted"] is (outcome == "encrypted")
        assert [mail["Message-ID"] for mail in world.mails(PROBE)] == [delivery["message_id"]]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_remedy_for_a_self_signed_certificate_holds(world: MailWorld, tls: str) -> None:
    tell(world, tls=tls, certificate="self_signed")
    delivery = world.delivered(
        relay(world, tls), world.reader("imap"), ca_path=both_authorities(world), **{"from": SENDER}
    )
    assert delivery["sent_through"]["encrypted"] is True


def both_authorities(world: MailWorld) -> str:
    """The sandbox's own, for who reads the mailbox, and the relay's."""
    folder = world.sandbox.directory
    path = folder / "both.pem"
    path.write_bytes((folder / "ca.pem").read_bytes() + (folder / "self-signed.pem").read_bytes())
    return str(path)


# -- refusals ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    ("refuses", "code", "text", "remedy"),
    [
        ("anonymous", "530 5.7.57", "Client not authenticated to send mail", "authentication"),
        ("relaying", "554 5.7.1", f"<{PROBE}>: Relay access denied", "allowed to relay"),
    ],
)
def test_a_relay_that_refuses(world: MailWorld, refuses: str, code: str, text: str, remedy: str) -> None:
    tell(world, refuses=refuses)
    failure = world.failed(relay(world), world.reader("imap"), **{"from": SENDER})
    assert failure["code"] == code
    assert text in failure["text"]
    assert remedy in failure["remedy"]
    refusal = world.refused(relay(world), **{"from": SENDER})
    assert (refusal["step"], refusal["code"]) == ("submission", code)
    assert world.everywhere(PROBE) == []


def test_who_signs_in_is_not_anonymous(world: MailWorld) -> None:
    tell(world, refuses="anonymous", tls="starttls")
    delivery = world.delivered(world.relay_login("starttls"), world.reader("imap"), **{"from": SENDER})
    assert delivery["sent_through"]["authentication"] == "basic"


def test_a_foreign_recipient_needs_a_sign_in(world: MailWorld) -> None:
    refusal = world.refused(relay(world), to="someone@elsewhere.example", **{"from": SENDER})
    assert refusal["code"] == "550 5.7.54"


# -- several mails in a session ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("receiver", ["graph", "imap", "pop3"])
def test_several_mails_in_one_session_all_arrive(world: MailWorld, receiver: str) -> None:
    send = relay(world, messages_per_session=3)
    delivery = world.delivered(send, world.reader(receiver), cleanup=False, **{"from": SENDER})
    mails = world.mails(PROBE)
    assert len({mail["Message-ID"] for mail in mails}) == len(mails) == 3
    assert delivery["message_id"] in {mail["Message-ID"] for mail in mails}
    assert world.delivered(send, world.reader(receiver), **{"from": SENDER})["cleaned_up"]["received"] == 3
    assert len(world.mails(PROBE)) == 3


def test_as_many_as_the_server_takes_in_a_session(world: MailWorld) -> None:
    tell(world, messages_per_connection=3)
    world.delivered(relay(world, messages_per_session=3), world.reader("imap"), **{"from": SENDER})
    assert world.everywhere(PROBE) == []


def test_a_server_that_takes_fewer_in_a_session_is_told_with_the_number_and_nothing_is_left(world: MailWorld) -> None:
    tell(world, messages_per_connection=2)
    failure = world.failed(relay(world, messages_per_session=3), world.reader("imap"), **{"from": SENDER})
    assert "took 2 of the 3 mails of one session" in failure["msg"]
    assert "421 too many messages in this connection" in failure["msg"]
    assert "messages_per_session: 2" in failure["remedy"]
    assert world.everywhere(PROBE) == []


def test_a_refusal_is_one_whatever_a_session_may_have(world: MailWorld) -> None:
    tell(world, refuses="relaying", messages_per_connection=1)
    assert world.refused(relay(world, messages_per_session=3), **{"from": SENDER})["step"] == "submission"


# -- all mail to another address --------------------------------------------------------------------------------------

def test_all_mail_goes_to_the_override_address_and_none_to_the_recipient(world: MailWorld) -> None:
    for send in (relay(world), world.graph(world.may_send())):
        delivery = world.delivered(
            send, world.reader("imap"), to=SHARED, override=[PROBE], cleanup=False, **{"from": SENDER}
        )
        assert world.mails(PROBE)[-1]["Message-ID"] == delivery["message_id"]
    assert [mail["To"] for mail in world.mails(PROBE)] == [PROBE, PROBE]
    assert world.everywhere(SHARED) == []


def test_several_override_addresses_each_get_it(world: MailWorld) -> None:
    delivery = world.delivered(
        relay(world), world.reader("imap"), to=SENDER, override=[SHARED, PROBE], **{"from": SENDER}
    )
    assert delivery["cleaned_up"]["received"] == 1
    assert [mail["Message-ID"] for mail in world.mails(SHARED)] == [delivery["message_id"]]
    assert world.everywhere(SENDER) == []


@pytest.mark.parametrize("override", [["None"], ["none"], []])
def test_none_redirects_nothing(world: MailWorld, override: list[str]) -> None:
    world.delivered(relay(world), world.reader("imap"), override=override, cleanup=False, **{"from": SENDER})
    assert [mail["To"] for mail in world.mails(PROBE)] == [PROBE]


def test_the_original_recipient_is_not_where_it_is_looked_for(world: MailWorld) -> None:
    failure = world.failed(relay(world), world.reader("imap"), to=PROBE, override=[SHARED], **{"from": SENDER})
    assert failure["msg"].startswith("receive.mailbox: probe@contoso.example gets no mail while override is set")
    assert world.everywhere(SHARED) == world.everywhere(PROBE) == []
