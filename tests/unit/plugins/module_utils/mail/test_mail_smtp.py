# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the SMTP client says and how it understands the answers, against servers that speak from a script."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Credentials, Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import (
    Deferred,
    Interrupted,
    Refused,
    Unanswered,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.smtp import SmtpSender
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.mail_servers import (
    GOOGLES_CHALLENGE,
    Conversation,
    Script,
    bearer,
    playing,
)

USER = "a@b.example"
PROBE = Probe("0123456789abcdef", "a@b.example", ("c@d.example",), "Check")


def xoauth2(token: str) -> str:
    return base64.b64encode(f"user=a@b.example\x01auth=Bearer {token}\x01\x01".encode()).decode()


def send(
    folder: Path, *scripts: Script, tls: TlsMode = "none", credentials: Credentials | None = None,
    timeout: float = 10, implicit_tls: bool = False, port: int | None = None, trust: bool = True, probe: Probe = PROBE,
) -> tuple[list[list[str]], SmtpSender]:
    with playing(folder, *scripts, implicit_tls=implicit_tls) as server:
        context = client_context(server.ca_path if trust else None, "mail")
        reached = Server("smtp", "127.0.0.1", port or server.port, tls)
        sender = SmtpSender(reached, credentials, context, timeout, Stopwatch())
        asyncio.run(sender.send(probe))
    return server.heard, sender


def greet(talk: Conversation, *extensions: str) -> None:
    talk.say("220 mail.example ESMTP")
    hello(talk, *extensions)


def hello(talk: Conversation, *extensions: str) -> None:
    lines = ["mail.example", *extensions]
    talk.answer(*(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))


def upgrade(talk: Conversation, *extensions: str) -> None:
    greet(talk, "STARTTLS")
    talk.answer("220 2.0.0 SMTP server ready")
    talk.start_tls()
    hello(talk, *extensions)


def take(talk: Conversation, end: str = "250 2.0.0 OK") -> None:
    for reply in ("250 2.1.0 Sender OK", "250 2.1.5 Recipient OK", "354 Start mail input"):
        talk.answer(reply)
    while talk.hear() != ".":
        pass
    talk.say(end)
    talk.answer("221 Bye")


def plain(talk: Conversation) -> None:
    greet(talk, "SIZE 1000000")
    take(talk)


def test_a_mail_without_a_sign_in(tmp_path: Path) -> None:
    (heard,), sender = send(tmp_path, plain)
    assert heard[1].startswith("mail FROM:<a@b.example>")
    assert heard[2:4] == ["rcpt TO:<c@d.example>", "DATA"]
    assert "Message-ID: <mail-delivery.0123456789abcdef@b.example>" in heard
    assert heard[-1].upper() == "QUIT"
    assert sender.is_encrypted is False


def test_lines_that_start_with_a_dot_get_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "render", lambda self, moment, number: b"Subject: x\r\n\r\n.\r\n..two\r\nend\r\n")
    (heard,), _sender = send(tmp_path, plain)
    assert heard[4:-1] == ["Subject: x", "", "..", "...two", "end", "."]


def test_starttls_comes_before_the_sign_in_and_the_string_is_encoded_once(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH LOGIN XOAUTH2")
        talk.answer("235 2.7.0 Authentication successful")
        take(talk)

    (heard,), sender = send(tmp_path, script, tls="starttls", credentials=bearer(USER))
    assert heard[1] == "STARTTLS"
    assert heard[3] == f"AUTH XOAUTH2 {xoauth2('fresh')}"
    assert sender.is_encrypted is True


def test_a_server_that_wants_the_string_on_a_second_line_gets_it(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH XOAUTH2")
        talk.answer("334 ")
        talk.answer("235 2.7.0 Authentication successful")
        take(talk)

    (heard,), _sender = send(tmp_path, script, tls="starttls", credentials=bearer(USER))
    assert heard[4] == xoauth2("fresh")


def test_googles_challenge_is_answered_with_an_empty_line(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER")
        talk.answer(f"334 {GOOGLES_CHALLENGE}")
        talk.answer("535-5.7.8 Username and Password not accepted. For more information, go to",
                    "535 5.7.8  https://support.google.com/mail/?p=BadCredentials")
        talk.answer("221 Bye")

    with pytest.raises(Refused) as refused:
        send(tmp_path, script, tls="starttls", credentials=bearer(USER))
    assert refused.value.code == "535 5.7.8"
    assert refused.value.text == (
        "Username and Password not accepted. For more information, go to "
        "https://support.google.com/mail/?p=BadCredentials"
    )


def test_googles_empty_line_is_really_empty(tmp_path: Path) -> None:
    lines: list[str] = []

    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH XOAUTH2")
        talk.answer(f"334 {GOOGLES_CHALLENGE}")
        lines.append(talk.answer("535 5.7.8 No"))
        talk.answer("221 Bye")

    with pytest.raises(Refused):
        send(tmp_path, script, tls="starttls", credentials=bearer(USER))
    assert lines == [""]


def test_a_server_that_never_stops_asking_is_refused(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH XOAUTH2")
        for _turn in range(9):
            talk.answer("334 ")

    with pytest.raises(Deferred, match="334"):
        send(tmp_path, script, tls="starttls", credentials=bearer(USER))


def test_exchange_refuses_without_a_challenge(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        upgrade(talk, "AUTH LOGIN XOAUTH2")
        talk.answer("535 5.7.3 Authentication unsuccessful [SN6PR01.namprd00.prod.outlook.com]")
        talk.answer("221 Bye")

    with pytest.raises(Refused) as refused:
        send(tmp_path, script, tls="starttls", credentials=bearer(USER))
    assert (refused.value.step, refused.value.code) == ("sign_in", "535 5.7.3")
    assert "for a@b.example: 535 5.7.3 Authentication unsuccessful" in refused.value.message
    assert "New-ServicePrincipal" in (refused.value.remedy or "")
    assert "fresh" not in str(refused.value.result())


@pytest.mark.parametrize(("tls", "words"), [("starttls", "offers no STARTTLS"), ("starttls_optional", "in the clear")])
def test_a_token_is_never_sent_in_the_clear(tmp_path: Path, tls: TlsMode, words: str) -> None:
    heard: list[str] = []

    def script(talk: Conversation) -> None:
        greet(talk, "AUTH XOAUTH2")
        heard.append(talk.answer("221 Bye"))

    with pytest.raises(TransportError, match=words):
        send(tmp_path, script, tls=tls, credentials=bearer(USER))
    assert [line.upper() for line in heard] in ([""], ["QUIT"])


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("PLAIN LOGIN CRAM-MD5", ["AUTH PLAIN " + base64.b64encode("\0üser\0pässwort".encode()).decode()]),
        ("CRAM-MD5 LOGIN", ["AUTH LOGIN", base64.b64encode("üser".encode()).decode(),
                            base64.b64encode("pässwort".encode()).decode()]),
    ],
)
def test_a_password_is_sent_as_the_server_wants_it_but_never_by_cram_md5(
    tmp_path: Path, offered: str, expected: list[str]
) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, f"AUTH {offered}")
        if len(expected) > 1:
            talk.answer("334 VXNlcm5hbWU6")
            talk.answer("334 UGFzc3dvcmQ6")
        talk.answer("235 Authentication successful")
        take(talk)

    (heard,), _sender = send(tmp_path, script, credentials=Password("üser", "pässwort"))
    assert heard[1:1 + len(expected)] == expected


@pytest.mark.parametrize("offered", ["AUTH CRAM-MD5", "SIZE 1"])
def test_a_mechanism_that_is_not_offered_is_a_refusal(tmp_path: Path, offered: str) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, offered)
        talk.answer("221 Bye")

    with pytest.raises(Refused, match="AUTH PLAIN is not offered") as refused:
        send(tmp_path, script, credentials=Password("u", "p"))
    assert refused.value.step == "sign_in"


@pytest.mark.parametrize(
    ("replies", "kind", "step", "code"),
    [
        (["530 5.7.57 Client not authenticated to send mail."], Refused, "submission", "530 5.7.57"),
        (["250 OK", "550 5.7.54 Unable to relay"], Refused, "submission", "550 5.7.54"),
        (["250 OK", "250 OK", "554 no valid recipients"], Refused, "submission", "554"),
        (["451 4.7.0 Temporary server error."], Deferred, "submission", "451 4.7.0"),
    ],
)
def test_what_is_refused_before_the_data(
    tmp_path: Path, replies: list[str], kind: Any, step: str, code: str
) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        for reply in replies:
            talk.answer(reply)
        talk.answer("221 Bye")

    with pytest.raises(kind) as refused:
        send(tmp_path, script)
    assert (refused.value.step, refused.value.code) == (step, code)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("554 5.2.252 SendAsDenied; a@b.example not allowed to send as x@y.example", Refused),
        ("432 4.3.2 Concurrent connections limit exceeded.", Deferred),
    ],
)
def test_what_is_refused_at_the_end_of_the_data(tmp_path: Path, reply: str, kind: Any) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        take(talk, reply)

    with pytest.raises(kind) as refused:
        send(tmp_path, script)
    assert refused.value.step == "end_of_data"


def test_a_cut_after_the_data_leaves_open_what_became_of_the_mail(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        for reply in ("250 OK", "250 OK", "354 Go on"):
            talk.answer(reply)
        while talk.hear() != ".":
            pass

    with pytest.raises(Unanswered) as unsure:
        send(tmp_path, script)
    assert not unsure.value.may_resend


def test_no_answer_to_the_end_of_the_data_leaves_it_open_as_well(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        for reply in ("250 OK", "250 OK", "354 Go on"):
            talk.answer(reply)
        while talk.hear() != ".":
            pass
        talk.hear()

    with pytest.raises(Unanswered, match="no answer in time"):
        send(tmp_path, script, timeout=1)


def test_a_cut_before_the_data_can_be_repeated(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        talk.hear()

    with pytest.raises(Deferred, match="the connection was cut"):
        send(tmp_path, script)


def test_a_refused_connection_and_a_hang_up_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        send(tmp_path, lambda talk: talk.say("554 5.7.1 Go away"))
    assert refused.value.step == "connect"
    with pytest.raises(TransportError, match="closed the connection at once"):
        send(tmp_path, lambda talk: None)


def test_implicit_tls_where_the_server_speaks_first_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="does not speak TLS from the first byte") as failed:
        send(tmp_path, plain, tls="implicit")
    assert "starttls" in (failed.value.remedy or "")


def test_starttls_where_the_server_waits_for_tls(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="no answer in time") as failed:
        send(tmp_path, plain, tls="starttls", implicit_tls=True, timeout=1)
    assert "implicit" in (failed.value.remedy or "")


def test_implicit_tls(tmp_path: Path) -> None:
    _heard, sender = send(tmp_path, plain, tls="implicit", implicit_tls=True)
    assert sender.is_encrypted is True


@pytest.mark.parametrize("looks", [1, 2])
def test_a_certificate_of_an_authority_that_is_not_trusted(tmp_path: Path, looks: int) -> None:
    with pytest.raises(TransportError, match="from an authority that is not trusted") as failed:
        send(tmp_path, *[upgrade] * looks, tls="starttls", timeout=2, trust=False)
    # A server that does not show its certificate again leaves it at OpenSSL's words.
    assert ("(it is for 127.0.0.1; issued by " in failed.value.message) is (looks == 2)
    assert "ca_path" in (failed.value.remedy or "")


@pytest.mark.parametrize("tls", ["starttls", "starttls_optional", "auto"])
def test_an_upgrade_that_is_offered_and_refused_is_none_in_the_clear(tmp_path: Path, tls: TlsMode) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, "STARTTLS")
        talk.answer("454 4.7.0 TLS not available due to local problem")

    with pytest.raises(Deferred, match="TLS not available") as failed:
        send(tmp_path, script, tls=tls)
    assert failed.value.step == "connect"


@pytest.mark.parametrize("offered", [True, False])
def test_optional_starttls_is_used_if_it_is_offered(tmp_path: Path, offered: bool) -> None:
    def script(talk: Conversation) -> None:
        if offered:
            upgrade(talk)
        else:
            greet(talk)
        take(talk)

    for mode in ("starttls_optional", "auto"):
        _heard, sender = send(tmp_path, script, tls=mode)
        assert sender.is_encrypted is offered


def test_none_does_not_encrypt_even_if_it_is_offered(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, "STARTTLS")
        take(talk)

    _heard, sender = send(tmp_path, script, tls="none")
    assert sender.is_encrypted is False


def test_nobody_listens(tmp_path: Path) -> None:
    with playing(tmp_path) as server:
        pass
    with pytest.raises(TransportError, match="nothing listens there"):
        send(tmp_path, port=server.port)


# -- several mails in a session ---------------------------------------------------------------------------------------

def taken(talk: Conversation, messages: int) -> None:
    for _message in range(messages):
        for reply in ("250 OK", "250 OK", "354 Go on"):
            talk.answer(reply)
        while talk.hear() != ".":
            pass
        talk.say("250 OK")


def test_several_mails_go_over_one_connection_with_message_ids_of_their_own(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        taken(talk, 3)
        talk.answer("221 Bye")

    (heard,), _sender = send(tmp_path, script, probe=replace(PROBE, messages=3))
    identifiers = [line for line in heard if line.startswith("Message-ID:")]
    assert len(identifiers) == len(set(identifiers)) == 3
    assert len({line for line in heard if line.startswith("Subject:")}) == 1


@pytest.mark.parametrize(
    "answer", ["421 too many messages in this connection", "452 4.5.3 Too many", "550 5.7.1 No", ""]
)
def test_a_server_that_ends_a_session_is_told_with_the_number_that_it_took(tmp_path: Path, answer: str) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        taken(talk, 2)
        if answer:
            talk.answer(answer)

    with pytest.raises(Interrupted, match="took 2 of the 3 mails of one session") as interrupted:
        send(tmp_path, script, probe=replace(PROBE, messages=3))
    assert interrupted.value.taken == 2
    assert "messages_per_session: 2" in (interrupted.value.remedy or "")
    assert (answer or "421 the connection was cut").partition(" ")[2] in interrupted.value.message


# -- several recipients, and addresses beyond ASCII -------------------------------------------------------------------

def test_each_recipient_is_named_and_one_that_is_refused_stops_the_mail(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        for reply in ("250 OK", "250 OK", "550 5.1.1 User unknown"):
            talk.answer(reply)
        talk.answer("221 Bye")

    with pytest.raises(Refused, match="User unknown"):
        send(tmp_path, script, probe=replace(PROBE, recipients=("c@d.example", "e@f.example")))


def test_an_internationalised_address_travels_as_it_is_where_the_server_knows_that(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, "8BITMIME", "SMTPUTF8")
        take(talk)

    probe = replace(PROBE, sender="müller@bücher.example", recipients=("用户@例え.example",))
    (heard,), _sender = send(tmp_path, script, probe=probe)
    assert heard[1] == "mail FROM:<müller@bücher.example> SMTPUTF8 BODY=8BITMIME"
    assert heard[2] == "rcpt TO:<用户@例え.example>"
    assert "From: müller@bücher.example" in heard
    assert f"Message-ID: <mail-delivery.{PROBE.token}@xn--bcher-kva.example>" in heard


def test_an_internationalised_address_needs_a_server_that_knows_it(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, "8BITMIME")
        talk.answer("221 Bye")

    with pytest.raises(Refused, match="SMTPUTF8 is not offered") as refused:
        send(tmp_path, script, probe=replace(PROBE, recipients=("müller@d.example",)))
    assert refused.value.step == "submission"
