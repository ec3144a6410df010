"""The company's own relay: plain SMTP in front of the same mailboxes."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email import message_from_bytes

import pytest
from mail_client import CONTRACTS, HOST, imap, letter, mail_app, messages_in, port
from sandbox_fixture import RunningSandbox

FOREIGN = "someone@elsewhere.example"


@pytest.fixture
def relay(clean: RunningSandbox) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(HOST, port(clean, "relay"), timeout=60) as client:
        client.ehlo()
        yield client


def test_an_anonymous_client_reaches_the_tenant(clean: RunningSandbox, relay: smtplib.SMTP) -> None:
    text, message_id = letter("erp@factory.example", CONTRACTS)
    assert relay.sendmail("erp@factory.example", [CONTRACTS], text) == {}
    with imap(clean, mail_app(clean, CONTRACTS), CONTRACTS) as client:
        (found,) = [message_from_bytes(message) for message in messages_in(client)]
    assert found["Message-ID"] == message_id
    assert found["X-MS-Exchange-Organization-AuthAs"] == "Anonymous"
    assert "by relay.contoso.example" in " ".join(found.get_all("Received")[1].split())


def test_an_unknown_recipient_is_refused(relay: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        relay.sendmail("a@b.example", ["nobody@contoso.example"], letter("a@b.example", CONTRACTS)[0])
    code, text = refused.value.recipients["nobody@contoso.example"]
    assert (code, text[:6]) == (550, b"5.1.10")


def test_foreign_recipients_need_authentication(clean: RunningSandbox, relay: smtplib.SMTP) -> None:
    relay.mail("a@b.example")
    assert relay.rcpt(FOREIGN) == (550, b"5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
    relay.rset()
    user, password = clean.env["M365_SANDBOX_RELAY_USER"], clean.env["M365_SANDBOX_RELAY_PASSWORD"]
    with pytest.raises(smtplib.SMTPAuthenticationError):
        relay.login(user, "wrong")
    relay.login(user, password)
    assert relay.sendmail("a@b.example", [FOREIGN], letter("a@b.example", FOREIGN)[0]) == {}
    assert len(list((clean.directory / "outbound").iterdir())) == 1


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_both_mechanisms(clean: RunningSandbox, relay: smtplib.SMTP, mechanism: str) -> None:
    relay.user, relay.password = clean.env["M365_SANDBOX_RELAY_USER"], clean.env["M365_SANDBOX_RELAY_PASSWORD"]
    assert mechanism in relay.esmtp_features["auth"]
    assert relay.auth(mechanism, getattr(relay, f"auth_{mechanism.lower()}"))[0] == 235


def test_there_is_no_tls(relay: smtplib.SMTP) -> None:
    assert not relay.has_extn("starttls")
