# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the IMAP client says and how it understands the answers, against servers that speak from a script."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Credentials, Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.imap import ImapMailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.mail_servers import (
    GOOGLES_CHALLENGE,
    Conversation,
    Script,
    bearer,
    playing,
)

USER = "c@d.example"
PROBE = Probe("0123456789abcdef", "a@b.example", ("c@d.example",), "Check")
HEADER = PROBE.render(datetime(2026, 11, 22, tzinfo=UTC)).partition(b"\r\n\r\n")[0].decode() + "\r\n\r\n"
CAPABILITY = "* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS"
FOLDERS = (
    r'* LIST (\HasNoChildren) "/" INBOX', r'* LIST (\HasNoChildren \Junk) "/" "Junk \"mail\""',
    r'* LIST (\HasNoChildren) "/" "Sent Items"',
)


def use(
    folder: Path, work: Callable[[ImapMailbox], Awaitable[Any]], *scripts: Script,
    credentials: Credentials | None = None, tls: TlsMode = "implicit", implicit_tls: bool = True,
) -> tuple[Any, list[list[str]]]:
    with playing(folder, *scripts, implicit_tls=implicit_tls) as server:
        mailbox = ImapMailbox(
            Server("imap", "127.0.0.1", server.port, tls), credentials or bearer(USER),
            client_context(server.ca_path, "mail"), 60, Stopwatch(),
        )

        async def run() -> Any:
            try:
                return await work(mailbox)
            finally:
                await mailbox.close()

        result = asyncio.run(run())
    return result, server.heard


def greet(talk: Conversation, capability: str = CAPABILITY) -> None:
    talk.say("* OK The Microsoft Exchange IMAP4 service is ready.")
    talk.answer(capability, "$TAG OK CAPABILITY completed.")


def authenticate(talk: Conversation, *end: str) -> str:
    talk.answer("+ ")
    response = talk.hear()
    tag = talk.heard[-2].split()[0]
    talk.say(*(line.replace("$TAG", tag) for line in end or ("$TAG OK AUTHENTICATE completed.",)))
    return base64.b64decode(response).decode()


def select(talk: Conversation) -> str:
    return talk.answer("* 1 EXISTS", "$TAG OK [READ-WRITE] SELECT completed.")


def opened(talk: Conversation, folders: tuple[str, ...] = FOLDERS) -> None:
    greet(talk)
    authenticate(talk)
    select(talk)
    talk.answer(*folders, "$TAG OK LIST completed.")


def bye(talk: Conversation) -> None:
    talk.answer("* BYE", "$TAG OK LOGOUT completed.")


def test_it_signs_in_then_opens_the_inbox(tmp_path: Path) -> None:
    said: list[str] = []

    def script(talk: Conversation) -> None:
        greet(talk)
        said.append(authenticate(talk))
        said.append(select(talk))
        talk.answer(*FOLDERS, "$TAG OK LIST completed.")
        bye(talk)

    use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert said[0] == "user=c@d.example\x01auth=Bearer fresh\x01\x01"
    assert said[1].endswith('SELECT "INBOX"')


def test_it_finds_and_deletes_the_probe_and_nothing_else(tmp_path: Path) -> None:
    async def work(mailbox: ImapMailbox) -> list[Found]:
        found = await mailbox.find(PROBE)
        await mailbox.remove(found)
        return found

    def script(talk: Conversation) -> None:
        opened(talk)
        select(talk)
        talk.answer("* SEARCH 7 9", "$TAG OK SEARCH completed.")
        talk.answer(f"* 1 FETCH (UID 7 BODY[HEADER] {{{len(HEADER)}}}", HEADER + ")", "$TAG OK FETCH completed.")
        other = "Subject: Re: 0123456789abcdef\r\n\r\n"
        talk.answer(f"* 2 FETCH (BODY[HEADER] {{{len(other)}}}", other + " UID 9)", "$TAG OK FETCH completed.")
        select(talk)
        talk.answer("* SEARCH", "$TAG OK SEARCH completed.")
        select(talk)
        talk.answer(CAPABILITY, "$TAG OK CAPABILITY completed.")
        talk.answer("$TAG OK STORE completed.")
        talk.answer("* 1 EXPUNGE", "$TAG OK EXPUNGE completed.")
        bye(talk)

    found, (heard,) = use(tmp_path, work, script)
    assert [(one.folder, one.key, one.is_junk) for one in found] == [("INBOX", "7", False)]
    commands = [line.partition(" ")[2] for line in heard]
    search = 'UID SEARCH OR HEADER Message-ID "<mail-delivery.0123456789abcdef@b.example>" SUBJECT "0123456789abcdef"'
    assert search in commands
    assert r'SELECT "Junk \"mail\""' in commands
    assert commands[-3:-1] == [r"UID STORE 7 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 7"]


def test_it_looks_into_the_junk_folder(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        opened(talk)
        select(talk)
        talk.answer("* SEARCH", "$TAG OK SEARCH completed.")
        select(talk)
        talk.answer("* SEARCH 3", "$TAG OK SEARCH completed.")
        talk.answer(f"* 1 FETCH (UID 3 BODY[HEADER] {{{len(HEADER)}}}", HEADER + ")", "$TAG OK FETCH completed.")
        bye(talk)

    found, _heard = use(tmp_path, lambda mailbox: mailbox.find(PROBE), script)
    assert [(one.folder, one.is_junk) for one in found] == [('Junk "mail"', True)]


def test_without_a_marked_folder_the_usual_names_count(tmp_path: Path) -> None:
    async def work(mailbox: ImapMailbox) -> str:
        await mailbox.open()
        return mailbox.folders

    def script(talk: Conversation) -> None:
        opened(talk, (r'* LIST (\HasNoChildren) "/" INBOX', r'* LIST (\HasNoChildren) "/" "Junk Email"'))
        bye(talk)

    assert use(tmp_path, work, script)[0] == "INBOX and Junk Email"


def test_exchange_refuses_without_a_challenge(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        authenticate(talk, "$TAG NO AUTHENTICATE failed.")
        bye(talk)

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert (refused.value.step, refused.value.code, refused.value.text) == ("sign_in", "NO", "AUTHENTICATE failed.")
    assert "c@d.example" in refused.value.message
    assert "fresh" not in str(refused.value.result())


def test_googles_challenge_is_answered_with_an_empty_line(tmp_path: Path) -> None:
    lines: list[str] = []

    def script(talk: Conversation) -> None:
        greet(talk)
        authenticate(talk, f"+ {GOOGLES_CHALLENGE}")
        lines.append(talk.hear())
        tag = talk.heard[1].split()[0]
        talk.say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)")
        bye(talk)

    with pytest.raises(Refused, match="Invalid credentials") as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert lines == [""]
    assert "Google" in (refused.value.remedy or "")


@pytest.mark.parametrize("word", ["BAD", "NO"])
def test_authenticated_but_not_connected_shows_on_the_next_command(tmp_path: Path, word: str) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        authenticate(talk)
        talk.answer(f"$TAG {word} User is authenticated but not connected.")
        bye(talk)

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert (refused.value.step, refused.value.code) == ("open_mailbox", word)
    assert refused.value.text == "User is authenticated but not connected."
    assert "ImapEnabled" in (refused.value.remedy or "")


def test_throttling_names_its_time(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        opened(talk)
        talk.answer("$TAG BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds")
        bye(talk)

    with pytest.raises(Deferred) as later:
        use(tmp_path, lambda mailbox: mailbox.find(PROBE), script)
    assert later.value.retry_after == pytest.approx(92.415)


def test_a_connection_that_is_cut_is_made_anew(tmp_path: Path) -> None:
    async def work(mailbox: ImapMailbox) -> list[Found]:
        await mailbox.open()
        with pytest.raises(Deferred, match="cut"):
            await mailbox.find(PROBE)
        return await mailbox.find(PROBE)

    def dies(talk: Conversation) -> None:
        opened(talk)
        talk.say("* BYE Connection is closed. 13")

    def lives(talk: Conversation) -> None:
        opened(talk)
        for _folder in range(2):
            select(talk)
            talk.answer("* SEARCH", "$TAG OK SEARCH completed.")
        bye(talk)

    assert use(tmp_path, work, dies, lives)[0] == []


def test_without_uidplus_nothing_is_expunged(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        opened(talk)
        select(talk)
        talk.answer("* CAPABILITY IMAP4rev1", "$TAG OK CAPABILITY completed.")
        bye(talk)

    async def work(mailbox: ImapMailbox) -> None:
        with pytest.raises(Refused, match="UIDPLUS"):
            await mailbox.remove([Found("INBOX", "7", HEADER.encode())])

    _result, (heard,) = use(tmp_path, work, script)
    assert not [line for line in heard if "EXPUNGE" in line or "STORE" in line]


def test_only_its_own_sent_items_can_be_cleaned_up(tmp_path: Path) -> None:
    async def work(mailbox: ImapMailbox) -> list[int | None]:
        await mailbox.open()
        return [await mailbox.remove_sent(PROBE, user) for user in ("a@b.example", "C@D.example")]

    def script(talk: Conversation) -> None:
        opened(talk)
        select(talk)
        talk.answer("* SEARCH", "$TAG OK SEARCH completed.")
        bye(talk)

    results, (heard,) = use(tmp_path, work, script)
    assert results == [None, 0]
    assert heard[5].endswith('SELECT "Sent Items"')


@pytest.mark.parametrize("mechanism", ["AUTH=PLAIN", "LOGIN"])
def test_a_password(tmp_path: Path, mechanism: str) -> None:
    said: list[str] = []

    def script(talk: Conversation) -> None:
        greet(talk, f"* CAPABILITY IMAP4rev1 {mechanism}")
        if mechanism == "LOGIN":
            said.append(talk.answer("$TAG OK LOGIN completed."))
        else:
            said.append(authenticate(talk))
        select(talk)
        talk.answer(*FOLDERS, "$TAG OK LIST completed.")
        bye(talk)

    use(tmp_path, lambda mailbox: mailbox.open(), script, credentials=Password("u@d.example", 'p"w'))
    assert said[0].endswith(r'LOGIN "u@d.example" "p\"w"' if mechanism == "LOGIN" else '\0u@d.example\0p"w')


@pytest.mark.parametrize(
    ("capability", "answer", "code"),
    [
        ("LOGINDISABLED", None, "LOGINDISABLED"), ("", "$TAG NO LOGIN failed.", "NO"),
        ("", "$TAG NO Basic authentication is disabled.", "NO"),
    ],
)
def test_a_password_that_is_refused(tmp_path: Path, capability: str, answer: str | None, code: str) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, f"* CAPABILITY IMAP4rev1 {capability}")
        if answer:
            talk.answer(answer)
        bye(talk)

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script, credentials=Password("u", "p"))
    assert refused.value.code == code
    assert "oauth2" in (refused.value.remedy or "")


def test_a_password_that_login_cannot_carry(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        greet(talk, "* CAPABILITY IMAP4rev1")
        bye(talk)

    with pytest.raises(InputError, match="ASCII"):
        use(tmp_path, lambda mailbox: mailbox.open(), script, credentials=Password("u", "pässwort"))


@pytest.mark.parametrize("tls", ["starttls", "starttls_optional", "auto"])
def test_starttls(tmp_path: Path, tls: TlsMode) -> None:
    async def work(mailbox: ImapMailbox) -> bool | None:
        await mailbox.open()
        return mailbox.is_encrypted

    def script(talk: Conversation) -> None:
        greet(talk, "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED")
        talk.answer("$TAG OK Begin TLS negotiation now.")
        talk.start_tls()
        talk.answer(CAPABILITY, "$TAG OK CAPABILITY completed.")
        authenticate(talk)
        select(talk)
        talk.answer(*FOLDERS, "$TAG OK LIST completed.")
        bye(talk)

    assert use(tmp_path, work, script, tls=tls, implicit_tls=False)[0] is True


@pytest.mark.parametrize(("tls", "words"), [("starttls", "no STARTTLS"), ("starttls_optional", "in the clear")])
def test_a_token_is_never_sent_in_the_clear(tmp_path: Path, tls: TlsMode, words: str) -> None:
    def script(talk: Conversation) -> None:
        greet(talk)
        bye(talk)

    with pytest.raises(TransportError, match=words):
        use(tmp_path, lambda mailbox: mailbox.open(), script, tls=tls, implicit_tls=False)


def test_a_server_that_hangs_up_or_refuses_at_once(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="closed the connection at once"):
        use(tmp_path, lambda mailbox: mailbox.open(), lambda talk: None)
    with pytest.raises((TransportError, Refused), match="connection"):
        use(tmp_path, lambda mailbox: mailbox.open(), lambda talk: talk.say("* BYE Too many connections"))


def test_the_wrong_tls_mode_is_explained(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="does not speak TLS from the first byte"):
        use(tmp_path, lambda mailbox: mailbox.open(), greet, implicit_tls=False)
