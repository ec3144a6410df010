# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Each way to encrypt with each kind of IMAP and POP3 server, as docs/tls.md has it. SMTP: the integration tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    TLS_MODES,
    Server,
    ServerProtocol,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.imap import ImapMailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.pop3 import Pop3Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch
from ansible_collections.mailops.modern_auth.plugins.module_utils._trust import client_context
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.mail_servers import (
    Conversation,
    playing,
)
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.tls_outcomes import (
    CASES,
    IDS,
    KINDS,
    MODES,
    REMEDIES,
    WORDS,
    Kind,
    outcomes,
)


def imap(talk: Conversation, kind: Kind) -> None:
    """An empty mailbox for everybody."""
    talk.say("* OK ready")
    offer = " STARTTLS" if kind.tls == "starttls" else ""
    while line := talk.hear():
        # A client that gives up may have been cut off in the middle of a line.
        tag, command, *_arguments = (*line.split(), "", "")
        said = {
            "CAPABILITY": [f"* CAPABILITY IMAP4{'rev1' if kind.extended else ''}{offer}"], "SELECT": ["* 0 EXISTS"],
            "LOGOUT": ["* BYE"],
        }
        talk.say(*said.get(command, []), f"{tag} OK done")
        if command == "STARTTLS":
            talk.start_tls()
            offer = ""


def pop3(talk: Conversation, kind: Kind) -> None:
    """An empty mailbox for everybody."""
    talk.say("+OK ready")
    offer = ["STLS"] if kind.tls == "starttls" else []
    while command := talk.hear().partition(" ")[0]:
        said = {"CAPA": ["+OK", "UIDL", *offer, "."] if kind.extended else ["-ERR"], "STAT": ["+OK 0 0"],
                "UIDL": ["+OK", "."]}
        talk.say(*said.get(command, ["+OK"]))
        if command == "STLS":
            talk.start_tls()


CLIENTS: Mapping[ServerProtocol, tuple[Any, Callable[[Conversation, Kind], None]]] = {
    "imap": (ImapMailbox, imap), "pop3": (Pop3Mailbox, pop3),
}


def test_the_table_has_every_server_with_every_mode_and_nothing_else() -> None:
    assert MODES == TLS_MODES
    assert set(outcomes()) == {(kind.label, mode) for kind in KINDS for mode in MODES}
    assert set(outcomes().values()) == {*WORDS, "clear", "encrypted"}
    assert len(CASES) == 50


@pytest.mark.parametrize("protocol", CLIENTS)
@pytest.mark.parametrize(("kind", "mode", "outcome"), CASES, ids=IDS)
def test_what_comes_of_it(
    tmp_path: Path, protocol: ServerProtocol, kind: Kind, mode: TlsMode, outcome: str
) -> None:
    serve = CLIENTS[protocol][1]
    # A certificate that is refused is looked at over a second connection.
    connections = 2 if outcome in ("self-signed", "expired", "other name") else 1
    with playing(
        tmp_path, *[lambda talk: serve(talk, kind)] * connections, implicit_tls=kind.tls == "implicit",
        certificate=kind.certificate,
    ) as server:
        is_encrypted, message, remedy = opened(
            protocol, server.port, mode, server.ca_path, timeout=0.3 if outcome == "silent" else 20,
        )
    assert is_encrypted is {"encrypted": True, "clear": False}.get(outcome)
    assert WORDS.get(outcome, "") in message
    assert REMEDIES.get(outcome, "") in remedy
    # Nobody signs in before the connection is as it should be.
    signed_in = [line for heard in server.heard for line in heard if "password" in line]
    assert len(signed_in) == (0 if outcome in WORDS else 1)


def opened(
    protocol: ServerProtocol, port: int, mode: TlsMode, ca_path: str, *, timeout: float
) -> tuple[bool | None, str, str]:
    """Open a mailbox: whether that was encrypted, or a failure's message and remedy.

    The failure itself is let go: its traceback would keep the connection open.
    """
    mailbox = CLIENTS[protocol][0](
        Server(protocol, "127.0.0.1", port, mode), Password("user", "password"), client_context(ca_path, "mail"),
        timeout, Stopwatch(),
    )

    async def use() -> None:
        try:
            await mailbox.open()
        finally:
            await mailbox.close()

    try:
        asyncio.run(use())
    except TransportError as error:
        return None, error.message, error.remedy or ""
    return mailbox.is_encrypted, "", ""
