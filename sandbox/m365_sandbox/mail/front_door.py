"""The IMAP and POP3 listeners: TLS, the provider's sign-in dialogue, then a session with the mailbox store."""

from __future__ import annotations

import asyncio
import collections
import logging
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Literal

from m365_sandbox.mail.dialogue import Ask, Dialogue, End, Judge
from m365_sandbox.mail.imap.dialogue import imap_dialogue
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.imap.session import ImapSession
from m365_sandbox.mail.imap.syntax import LONGEST_COMMAND
from m365_sandbox.mail.mailbox import StoreError
from m365_sandbox.mail.pop3.dialogue import pop3_dialogue
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.pop3.session import Pop3Session
from m365_sandbox.mail.relaying import Stream
from m365_sandbox.mail.sign_in import Outcome, Refused, SignedIn
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.faults import Faults

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
IDLE_SECONDS = 60.0


class FrontDoor:
    """One listener.

    :param provider: whose IMAP or POP3 it speaks.
    :param judge: says who may sign in.
    :param face: the face that faults name.
    :param idle_seconds: how long a client that is not signed in may be silent.
    :param most_sessions: how many clients may be signed in to a mailbox at a time; None if that is not limited.
    """

    def __init__(
        self, provider: ImapProvider | Pop3Provider, store: MailStore, judge: Judge, tls: ssl.SSLContext,
        faults: Faults, face: str, *, idle_seconds: float = IDLE_SECONDS, most_sessions: int | None = None,
    ) -> None:
        self._provider = provider
        self._protocol: Literal["imap", "pop3"] = "imap" if isinstance(provider, ImapProvider) else "pop3"
        self._store = store
        self._judge_of = judge
        self._tls = tls
        self._faults = faults
        self._face = face
        self._idle_seconds = idle_seconds
        self._most_sessions = most_sessions
        # By the account of the mailbox store.
        self._sessions: collections.Counter[str] = collections.Counter()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen on the loopback interface; gives back the real port (for 0, a free one)."""
        self._server = await asyncio.start_server(
            self._connected, HOST, port, ssl=self._tls, limit=LONGEST_COMMAND,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError):
            log.debug("%s: a client went away", self._protocol)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.take(self._face, "CONNECT", "", ("disconnect",)):
            return
        provider = self._provider
        dialogue = (
            imap_dialogue(provider, self._judge) if isinstance(provider, ImapProvider)
            else pop3_dialogue(provider, self._judge)
        )
        try:
            end = await self._converse(dialogue, reader, writer)
        except TimeoutError:
            end = End((provider.timeout,))
        except asyncio.LimitOverrunError:
            end = End((provider.too_long,))
        if end.signed_in is None:
            await _send(writer, end.send)
            return
        account = end.signed_in.mailbox["store"]
        self._sessions[account] += 1
        try:
            await self._serve_signed_in(account, end, reader, writer)
        finally:
            self._sessions[account] -= 1

    async def _serve_signed_in(
        self, account: str, end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    ) -> None:
        provider = self._provider
        try:
            inside, outside = await self._store.open_session(self._protocol, account)
        except StoreError as error:
            log.error("%s: the mailbox could not be opened: %s", self._protocol, error)
            await _send(writer, (*end.send, provider.timeout))
            return
        try:
            await _send(writer, end.send)
            # What the client sent ahead is still in its reader, so nothing of it gets lost.
            await self._session((reader, writer), (inside, outside)).run()
        finally:
            outside.close()

    async def _converse(
        self, dialogue: Dialogue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    ) -> End:
        ask = next(dialogue)
        while True:
            await _send(writer, ask.send)
            async with asyncio.timeout(self._idle_seconds):
                read = await _read(reader, ask)
            try:
                ask = dialogue.send(read)
            except StopIteration as stop:
                end: End = stop.value
                return end

    def _session(self, client: Stream, store: Stream) -> ImapSession | Pop3Session:
        if isinstance(self._provider, ImapProvider):
            return ImapSession(self._provider, client, store, partial(self._refusal, self._provider.refusals))
        return Pop3Session(self._provider, client, store)

    def _refusal(self, refusals: Mapping[str, str]) -> str | None:
        code = self._faults.refusal(self._face, refusals)
        return None if code is None else refusals[code]

    def _judge(self, mechanism: str, response: bytes) -> Outcome:
        outcome = self._judge_of(mechanism, response)
        if isinstance(outcome, SignedIn) and self._sessions[outcome.mailbox["store"]] == self._most_sessions:
            outcome = Refused("too_many_sessions", f"{self._most_sessions} clients are signed in to the mailbox")
        if isinstance(outcome, Refused):
            log.info("%s refuses a sign-in: %s", self._protocol, outcome.explanation)
        return outcome


async def _read(reader: asyncio.StreamReader, ask: Ask) -> bytes:
    if ask.literal is not None:
        return await reader.readexactly(ask.literal)
    return (await reader.readuntil(b"\n")).rstrip(b"\r\n")


async def _send(writer: asyncio.StreamWriter, lines: tuple[str, ...]) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode("ascii"))
    await writer.drain()

