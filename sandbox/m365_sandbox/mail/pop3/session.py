"""A signed-in POP3 client and the store behind it; messages are passed on as they come."""

from __future__ import annotations

import asyncio

from m365_sandbox.mail.pop3.commands import Command, parse
from m365_sandbox.mail.pop3.provider import Pop3Provider
from m365_sandbox.mail.relaying import Stream, until_one_ends

_CHUNK = 1 << 16
_END = b"\r\n.\r\n"


class Pop3Session:
    """One client.

    :param client: its streams; what it has sent ahead is in the reader.
    :param store: the store's streams, on which the account is open.
    """

    def __init__(self, provider: Pop3Provider, client: Stream, store: Stream) -> None:
        self._provider = provider
        self._client, self._to_client = client
        self._store, self._to_store = store
        self._waiting: asyncio.Queue[Command] = asyncio.Queue(1)
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Serve until either side goes; EOFError or OSError if it goes in the middle of something."""
        await until_one_ends(self._commands(), self._answers())

    async def _commands(self) -> None:
        while True:
            try:
                command = parse(await self._client.readuntil(b"\n"))
            except asyncio.LimitOverrunError:
                await self._say(self._provider.too_long)
                return
            if refused := self._provider.refusal(command):
                await self._say(refused)
            elif command.name == b"CAPA":
                await self._say(*self._provider.capability)
            else:
                self._answered.clear()
                self._waiting.put_nowait(command)
                self._to_store.write(command.sent + b"\r\n")
                await self._to_store.drain()
                await self._answered.wait()

    async def _answers(self) -> None:
        # The store says nothing unasked but that it ends.
        while line := await self._store.readline():
            if self._waiting.empty():
                return
            command = self._waiting.get_nowait()
            await self._say(self._provider.status(line, command))
            if line.startswith(b"+OK") and command.gives_lines:
                await self._pass_lines()
            if command.name == b"QUIT":
                return
            self._answered.set()

    async def _pass_lines(self) -> None:
        """Pass on until the line with a single dot, the last that the store sends before the next command."""
        tail = b"\r\n"
        while not tail.endswith(_END):
            data = await self._store.read(_CHUNK)
            if not data:
                raise EOFError
            self._to_client.write(data)
            await self._to_client.drain()
            tail = (tail + data)[-len(_END):]

    async def _say(self, *lines: str) -> None:
        self._to_client.write("".join(f"{line}\r\n" for line in lines).encode("ascii", "replace"))
        await self._to_client.drain()
