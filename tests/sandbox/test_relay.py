"""The company's own relay: plain SMTP in front of the same mailboxes."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from m365_sandbox.state.certificates import load_or_create_tls, relay_contexts
from mail_client import CONTRACTS, HOST, imap, letter, mail_app, messages_in, port, trust
from sandbox_fixture import ControlRefused, RunningSandbox

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


# -- as it is told ----------------------------------------------------------------------------------------------------

def client(sandbox: RunningSandbox, context: ssl.SSLContext | None = None, **behaviour: Any) -> smtplib.SMTP:
    """A client of the relay after EHLO, over TLS where a context is given."""
    sandbox.control("PUT", "/relay", behaviour)
    if context and behaviour["tls"] == "implicit":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(HOST, port(sandbox, "relay"), timeout=30, context=context)
    else:
        connection = smtplib.SMTP(HOST, port(sandbox, "relay"), timeout=30)
    connection.ehlo()
    if context and behaviour["tls"] == "starttls":
        connection.starttls(context=context)
        connection.ehlo()
    return connection


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_takes_mail_and_sign_ins_over_tls(clean: RunningSandbox, tls: str) -> None:
    with client(clean, trust(clean), tls=tls) as relay:
        assert isinstance(relay.sock, ssl.SSLSocket)
        assert not relay.has_extn("starttls")
        relay.login(clean.env["M365_SANDBOX_RELAY_USER"], clean.env["M365_SANDBOX_RELAY_PASSWORD"])
        assert relay.sendmail("a@b.example", [FOREIGN], letter("a@b.example", FOREIGN)[0]) == {}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ("self_signed", "self-signed certificate"), ("expired", "has expired"),
        ("other_name", "not valid for '127.0.0.1'"),
    ],
)
def test_a_certificate_is_wrong_in_one_way(clean: RunningSandbox, tls: str, certificate: str, words: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        client(clean, trust(clean), tls=tls, certificate=certificate)
    # What is wrong with it is no more than that.
    context = trust(clean)
    if certificate == "self_signed":
        context.load_verify_locations(clean.directory / "self-signed.pem")
    elif certificate == "other_name":
        context.check_hostname = False
    else:
        return
    with client(clean, context, tls=tls, certificate=certificate) as relay:
        assert relay.noop()[0] == 250


def test_one_that_is_not_extended_knows_helo_alone(clean: RunningSandbox) -> None:
    with client(clean, extended=False) as relay:
        assert relay.ehlo()[0] == 502
        assert relay.helo() == (250, b"relay.contoso.example")
        assert relay.sendmail("a@b.example", [CONTRACTS], letter("a@b.example", CONTRACTS)[0]) == {}


def test_it_can_refuse_those_who_do_not_sign_in(clean: RunningSandbox) -> None:
    with client(clean, refuses="anonymous") as relay:
        assert relay.mail("a@b.example")[0] == 530
        relay.login(clean.env["M365_SANDBOX_RELAY_USER"], clean.env["M365_SANDBOX_RELAY_PASSWORD"])
        assert relay.mail("a@b.example")[0] == 250


def test_it_can_refuse_those_who_do_not_encrypt(clean: RunningSandbox) -> None:
    with client(clean, tls="starttls", refuses="plaintext") as relay:
        assert relay.mail("a@b.example") == (530, b"5.7.0 Must issue a STARTTLS command first")
        relay.starttls(context=clean.tls)
        relay.ehlo()
        assert relay.mail("a@b.example")[0] == 250


def test_it_can_refuse_every_recipient(clean: RunningSandbox) -> None:
    with client(clean, refuses="relaying") as relay:
        relay.mail("a@b.example")
        assert relay.rcpt(CONTRACTS) == (554, b"5.7.1 <contracts@contoso.example>: Relay access denied")


def test_it_can_end_a_connection_after_some_messages(clean: RunningSandbox) -> None:
    text = letter("a@b.example", CONTRACTS)[0]
    relay = client(clean, messages_per_connection=2)
    for _message in range(2):
        relay.sendmail("a@b.example", [CONTRACTS], text)
    assert relay.mail("a@b.example") == (421, b"too many messages in this connection")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        relay.noop()
    with client(clean, messages_per_connection=2) as another:
        assert another.sendmail("a@b.example", [CONTRACTS], text) == {}


def test_a_reset_brings_back_how_it_was(clean: RunningSandbox) -> None:
    asked = {"tls": "starttls", "certificate": "expired"}
    told = clean.control("PUT", "/relay", asked)
    assert told == clean.control("GET", "/relay")
    assert asked.items() <= told.items()
    clean.control("POST", "/reset")
    default = {"tls": "none", "certificate": "good", "extended": True, "refuses": None, "messages_per_connection": None}
    assert clean.control("GET", "/relay") == default


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"tls": "always"}, "tls must be one of none, starttls, implicit"),
        ({"certificate": "bad"}, "certificate must be one of good, self_signed, expired, other_name"),
        ({"extended": 1}, "extended must be true or false"),
        ({"extended": False, "tls": "starttls"}, "a relay that knows no EHLO cannot offer STARTTLS"),
        ({"refuses": "plaintext"}, "who refuses plaintext has to offer STARTTLS"),
        ({"refuses": "all"}, "refuses must be null, anonymous, plaintext or relaying"),
        ({"messages_per_connection": 0}, "messages_per_connection must be null or a positive integer"),
        ({"mood": "bad"}, "unknown property mood"),
        (["starttls"], "a relay's behaviour is a JSON object"),
    ],
)
def test_a_behaviour_that_makes_no_sense_is_refused(clean: RunningSandbox, behaviour: Any, words: str) -> None:
    with pytest.raises(ControlRefused, match=words) as refused:
        clean.control("PUT", "/relay", behaviour)
    assert refused.value.status == 400


def test_an_instance_of_an_earlier_version_gets_its_certificates(tmp_path: Path) -> None:
    load_or_create_tls(tmp_path)
    (tmp_path / "expired.pem").unlink()
    load_or_create_tls(tmp_path)
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    assert set(relay_contexts(tmp_path)) == {"good", "self_signed", "expired", "other_name"}
    assert len(context.get_ca_certs()) == 1
