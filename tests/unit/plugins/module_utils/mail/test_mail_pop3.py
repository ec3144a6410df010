# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the POP3 client says and how it understands the answers, against servers that speak from a script."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Credentials, Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import Deferred, Refused
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.pop3 import Pop3Mailbox
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
HEADER = PROBE.render(datetime(2026, 11, 22, tzinfo=UTC)).partition(b"\r\n\r\n")[0].decode()


def use(
    folder: Path, work: Callable[[Pop3Mailbox], Awaitable[Any]], *scripts: Script,
    credentials: Credentials | None = None, tls: TlsMode = "implicit", implicit_tls: bool = True,
) -> tuple[Any, list[list[str]]]:
    with playing(folder, *scripts, implicit_tls=implicit_tls) as server:
        mailbox = Pop3Mailbox(
            Server("pop3", "127.0.0.1", server.port, tls), credentials or bearer(USER),
            client_context(server.ca_path, "mail"), 60, Stopwatch(),
        )

        async def run() -> Any:
            try:
                return await work(mailbox)
            finally:
                await mailbox.close()

        result = asyncio.run(run())
    return result, server.heard


def sign_in(talk: Conversation, end: str = "+OK User successfully authenticated.") -> str:
    talk.say("+OK The Microsoft Exchange POP3 service is ready.")
    talk.answer("+")
    return base64.b64decode(talk.answer(end)).decode()


def listing(talk: Conversation, *names: str) -> None:
    sign_in(talk)
    talk.answer(f"+OK {len(names)} 1000")
    talk.answer("+OK", *(f"{number} {name}" for number, name in enumerate(names, 1)), ".")


def bye(talk: Conversation) -> None:
    talk.answer("+OK")


def empty(talk: Conversation) -> None:
    listing(talk)
    bye(talk)


def test_the_sign_in_goes_over_two_lines(tmp_path: Path) -> None:
    said: list[str] = []

    def script(talk: Conversation) -> None:
        said.append(sign_in(talk))
        talk.answer("+OK 0 0")
        talk.answer("+OK", ".")
        bye(talk)

    _result, (heard,) = use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert heard[0] == "AUTH XOAUTH2"
    assert said == ["user=c@d.example\x01auth=Bearer fresh\x01\x01"]


def test_only_what_came_after_the_opening_is_looked_at_and_only_once(tmp_path: Path) -> None:
    async def work(mailbox: Pop3Mailbox) -> list[list[Found]]:
        await mailbox.open()
        return [await mailbox.find(PROBE) for _look in range(3)]

    def before(talk: Conversation) -> None:
        listing(talk, "old")
        bye(talk)

    def other(talk: Conversation) -> None:
        listing(talk, "old", "other")
        talk.answer("+OK", "Subject: hello", "", ".")
        bye(talk)

    def same(talk: Conversation) -> None:
        listing(talk, "old", "other")
        bye(talk)

    def there(talk: Conversation) -> None:
        listing(talk, "old", "other", "probe")
        talk.answer("+OK", *HEADER.split("\r\n"), "", ".")
        bye(talk)

    found, heard = use(tmp_path, work, before, other, same, there)
    assert [[one.key for one in look] for look in found] == [[], [], ["3"]]
    assert [[line for line in one if line.startswith("TOP")] for one in heard] == [[], ["TOP 2 0"], [], ["TOP 3 0"]]


def test_what_is_found_is_deleted_and_the_session_ended(tmp_path: Path) -> None:
    async def work(mailbox: Pop3Mailbox) -> None:
        await mailbox.open()
        await mailbox.remove(await mailbox.find(PROBE))

    def there(talk: Conversation) -> None:
        listing(talk, "probe")
        talk.answer("+OK", *HEADER.split("\r\n"), "", ".")
        talk.answer("+OK")
        bye(talk)

    _result, heard = use(tmp_path, work, empty, there)
    assert heard[1][-2:] == ["DELE 1", "QUIT"]


def test_a_deletion_that_is_not_confirmed_is_an_error(tmp_path: Path) -> None:
    async def work(mailbox: Pop3Mailbox) -> None:
        await mailbox.open()
        await mailbox.remove(await mailbox.find(PROBE))

    def there(talk: Conversation) -> None:
        listing(talk, "probe")
        talk.answer("+OK", *HEADER.split("\r\n"), "", ".")
        talk.answer("+OK")
        talk.hear()

    with pytest.raises(Deferred, match="cut"):
        use(tmp_path, work, empty, there)


def test_exchanges_refusal(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        sign_in(talk, "-ERR Authentication failure: unknown user name or bad password.")

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert (refused.value.step, refused.value.code) == ("sign_in", "-ERR")
    assert refused.value.text == "Authentication failure: unknown user name or bad password."
    assert "POP is enabled" in (refused.value.remedy or "")
    assert "fresh" not in str(refused.value.result())


def test_googles_challenge_is_answered_with_an_empty_line(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        sign_in(talk, f"+ {GOOGLES_CHALLENGE}")
        talk.answer("-ERR [AUTH] Invalid credentials")

    heard: list[str] = []

    def recorded(talk: Conversation) -> None:
        script(talk)
        heard.extend(talk.heard)

    with pytest.raises(Refused, match="Invalid credentials"):
        use(tmp_path, lambda mailbox: mailbox.open(), recorded)
    assert heard[2] == ""


def test_a_challenge_that_is_no_base64(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.say("+OK ready")
        talk.answer("+ abc")

    with pytest.raises(Refused, match="malformed"):
        use(tmp_path, lambda mailbox: mailbox.open(), script)


def test_authenticated_but_not_connected_shows_on_the_next_command(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        sign_in(talk)
        talk.answer("-ERR User is authenticated but not connected.")

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script)
    assert refused.value.step == "open_mailbox"
    assert "PopEnabled" in (refused.value.remedy or "")


def test_a_password(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.say("+OK ready")
        talk.answer("+OK")
        talk.answer("+OK")
        talk.answer("+OK 0 0")
        talk.answer("+OK", ".")
        bye(talk)

    _result, (heard,) = use(
        tmp_path, lambda mailbox: mailbox.open(), script, credentials=Password("ü@d.example", "pässwort")
    )
    assert heard[:2] == ["USER ü@d.example", "PASS pässwort"]


def test_a_password_that_is_refused(tmp_path: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.say("+OK ready")
        talk.answer("+OK")
        talk.answer("-ERR Logon failure: unknown user name or bad password.")

    with pytest.raises(Refused) as refused:
        use(tmp_path, lambda mailbox: mailbox.open(), script, credentials=Password("u", "hunter2"))
    assert "oauth2" in (refused.value.remedy or "")
    assert "hunter2" not in str(refused.value.result())


@pytest.mark.parametrize("tls", ["starttls", "starttls_optional", "auto"])
def test_stls(tmp_path: Path, tls: TlsMode) -> None:
    async def work(mailbox: Pop3Mailbox) -> bool | None:
        await mailbox.open()
        return mailbox.is_encrypted

    def script(talk: Conversation) -> None:
        talk.say("+OK ready")
        for _time in range(2):
            talk.answer("+OK", "STLS", "UIDL", ".")
        talk.answer("+OK Begin TLS negotiation")
        talk.start_tls()
        talk.answer("+ ")
        talk.answer("+OK")
        talk.answer("+OK 0 0")
        talk.answer("+OK", ".")
        bye(talk)

    assert use(tmp_path, work, script, tls=tls, implicit_tls=False)[0] is True


@pytest.mark.parametrize(("tls", "words"), [("starttls", "no STARTTLS"), ("starttls_optional", "in the clear")])
def test_a_token_is_never_sent_in_the_clear(tmp_path: Path, tls: TlsMode, words: str) -> None:
    def script(talk: Conversation) -> None:
        talk.say("+OK ready")
        talk.answer("+OK", "UIDL", ".")

    with pytest.raises(TransportError, match=words):
        use(tmp_path, lambda mailbox: mailbox.open(), script, tls=tls, implicit_tls=False)


def test_a_server_that_hangs_up_at_once(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="closed the connection at once"):
        use(tmp_path, lambda mailbox: mailbox.open(), lambda talk: None)


def test_a_cut_while_searching_can_be_repeated(tmp_path: Path) -> None:
    async def work(mailbox: Pop3Mailbox) -> list[Found]:
        await mailbox.open()
        with pytest.raises(Deferred, match="cut"):
            await mailbox.find(PROBE)
        return await mailbox.find(PROBE)

    def dies(talk: Conversation) -> None:
        sign_in(talk)
        talk.answer("+OK 0 0")

    assert use(tmp_path, work, empty, dies, empty)[0] == []


def test_it_cannot_see_sent_items(tmp_path: Path) -> None:
    assert use(tmp_path, lambda mailbox: mailbox.remove_sent(PROBE, USER))[0] is None
