"""A signed-in IMAP client and the store behind it.

Commands are read whole and judged before the store sees them, one after the other as providers run them; only messages,
on their way in and out, are passed on as they come.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from m365_sandbox.mail.imap.answers import Completion
from m365_sandbox.mail.imap.provider import ImapProvider
from m365_sandbox.mail.imap.syntax import (
    LONGEST_COMMAND,
    Announcement,
    Command,
    Malformed,
    announced,
    parse,
    unparsed,
)
from m365_sandbox.mail.relaying import Stream, copy, skip, until_one_ends

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
# So much of a line that is too long stays behind that the announcement of a literal is never cut in two.
_LONGEST_ANNOUNCEMENT = 16


class _TooLong(Exception):
    """A command without end."""


@dataclass(frozen=True)
class _Running:
    """The command that the store works on: whether it wants to hear more, and how it ended."""

    command: Command
    goes_on: asyncio.Future[bool]
    end: asyncio.Future[Completion]


class ImapSession:
    """One client.

    :param client: its streams; what it has sent ahead is in the reader.
    :param store: the store's streams, on which the account is open.
    :param refusal: what a fault makes it answer to a command; None if there is none.
    """

    def __init__(
        self, provider: ImapProvider, client: Stream, store: Stream, refusal: Callable[[], str | None]
    ) -> None:
        self._provider = provider
        self._refusal = refusal
        self._answers_of = provider.answers
        self._client, self._to_client = client
        self._store, self._to_store = store
        self._running: _Running | None = None
        self._selected = False
        # An answer of the store may come in pieces; nothing may be said in between.
        self._speaking = asyncio.Lock()

    async def run(self) -> None:
        """Serve until either side goes; EOFError or OSError if it goes in the middle of something."""
        await until_one_ends(self._commands(), self._answers())

    # -- from the client to the store ---------------------------------------------------------------------------

    async def _commands(self) -> None:
        try:
            while await self._command():
                pass
        except (_TooLong, asyncio.LimitOverrunError):
            await self._say(self._provider.too_long)

    async def _command(self) -> bool:
        """Serve one command; whether there may be another."""
        parts, message = await self._read()
        try:
            command = parse(parts)
        except Malformed as error:
            await self._say(f"{error.tag} {self._provider.command_error}")
            return True
        if message is not None:
            await self._append(command, parts, message)
        elif refused := self._provider.rules.refusal(command, selected=self._selected):
            await self._say(f"{command.tag} {refused}")
        elif (told := self._provider.told(command, True)) is not None:
            await self._say(*told, f"{command.tag} OK {self._provider.completed(command.name, True)}")
            return command.name != "LOGOUT"
        elif refused := self._refusal():
            await self._say(f"{command.tag} {refused}")
        else:
            running = await self._start(command, unparsed(self._answers_of.sent(command, parts)))
            if command.name == "IDLE" and await running.goes_on:
                await self._idle()
            await self._finish(running)
        return True

    async def _read(self) -> tuple[list[bytes], Announcement | None]:
        """The parts of a command; of an APPEND, those before the message, and the message's announcement."""
        parts: list[bytes] = []
        length = 0
        while True:
            line, announcement = announced(await self._line())
            parts.append(line)
            if announcement is None or _is_append(parts):
                return parts, announcement
            length += len(line) + announcement.size
            if length > LONGEST_COMMAND:
                raise _TooLong
            if announcement.waits:
                await self._say(self._provider.go_on)
            parts.append(await self._client.readexactly(announcement.size))

    async def _append(self, command: Command, parts: list[bytes], message: Announcement) -> None:
        if refused := self._provider.rules.append_refusal(command.arguments) or self._refusal():
            if not message.waits:
                await self._skip_rest(message)
            await self._say(f"{command.tag} {refused}")
            return
        announcement = b"{%d}" if message.waits else b"{%d+}"
        running = await self._start(command, unparsed(parts, last=announcement % message.size))
        if not message.waits or await running.goes_on:
            await copy(self._client, self._to_store, message.size)
            rest, another = announced(await self._line())
            # Providers take one message. The store gives up an APPEND that goes on badly, and keeps nothing of it.
            self._to_store.write(b" refused\r\n" if rest or another else b"\r\n")
            if another is not None and not another.waits:
                await self._skip_rest(another)
        await self._finish(running)

    async def _skip_rest(self, literal: Announcement) -> None:
        """Read the rest of a command that has been judged, as far as the client sends it without being asked."""
        following: Announcement | None = literal
        while following is not None and not following.waits:
            await skip(self._client, following.size)
            _, following = announced(await self._line())

    async def _idle(self) -> None:
        while (line := await self._line()).upper() != b"DONE":
            tag = line.partition(b" ")[0].decode("ascii", "replace") or "*"
            await self._say(f"{tag} {self._provider.invalid_state}")
        self._to_store.write(b"DONE\r\n")

    async def _start(self, command: Command, sent: bytes) -> _Running:
        loop = asyncio.get_running_loop()
        self._running = running = _Running(command, loop.create_future(), loop.create_future())
        self._to_store.write(sent)
        await self._to_store.drain()
        return running

    async def _finish(self, running: _Running) -> None:
        end = await running.end
        self._running = None
        if running.command.name in ("SELECT", "EXAMINE"):
            self._selected = end.status == "OK"
        elif running.command.name in ("CLOSE", "UNSELECT") and end.status == "OK":
            self._selected = False

    async def _line(self) -> bytes:
        return (await self._client.readuntil(b"\n")).rstrip(b"\r\n")

    async def _say(self, *lines: str) -> None:
        async with self._speaking:
            self._to_client.write("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))
            await self._to_client.drain()

    # -- from the store to the client ---------------------------------------------------------------------------

    async def _answers(self) -> None:
        while line := await self._store_line():
            async with self._speaking:
                await self._answer(line)
                await self._to_client.drain()

    async def _answer(self, line: bytes) -> None:
        running = self._running
        if running is not None and line.startswith(b"+"):
            self._to_client.write(f"{self._answers_of.continuation(running.command)}\r\n".encode("ascii"))
            running.goes_on.set_result(True)
        elif running is not None and line.startswith(tag := f"{running.command.tag} ".encode("ascii")):
            end = self._answers_of.completion(line.removeprefix(tag), running.command)
            self._to_client.write(tag + f"{end.text}\r\n".encode("ascii"))
            if not running.goes_on.done():
                running.goes_on.set_result(False)
            running.end.set_result(end)
        else:
            self._to_client.write(self._answers_of.untagged(line, running.command if running else None))
            await self._rest_of(line)

    async def _rest_of(self, line: bytes) -> None:
        """Pass on what follows the beginning of an answer: literals with what stands behind them, and long lines."""
        while True:
            if literal := _LITERAL.search(line):
                await copy(self._store, self._to_client, int(literal[1]))
                line = await self._store_line()
                self._to_client.write(self._answers_of.piece(line))
            elif line and not line.endswith(b"\n"):
                line = await self._store_line()
                self._to_client.write(line)
            else:
                return

    async def _store_line(self) -> bytes:
        """A line with its end, the beginning of one that is too long, or nothing at the store's end."""
        try:
            return await self._store.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        except asyncio.LimitOverrunError as error:
            return await self._store.readexactly(error.consumed - _LONGEST_ANNOUNCEMENT)


def _is_append(parts: list[bytes]) -> bool:
    """Whether a literal that comes now is the message of an APPEND; the first could be the folder's name."""
    try:
        command = parse(parts)
    except Malformed:
        return False
    return command.name == "APPEND" and bool(command.arguments)
