"""Shells and the PowerShell processes that run in them."""

from __future__ import annotations

import asyncio
import random
import shlex
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from m365_sandbox.powershell.engine import Engine
from m365_sandbox.winrm.soap import invalid_request, no_such_shell, operation_timeout

#: Bytes of output in one answer at most; MaxEnvelopeSize is 153,600 and base64 makes it a third more.
_LARGEST_PIECE = 100_000
_PROGRAMS = ("powershell", "powershell.exe", "pwsh", "pwsh.exe")
_NOT_FOUND = (
    "'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
)


class Command:
    """One process, its output so far, and how it ended."""

    def __init__(self, process: asyncio.subprocess.Process | None, dice: random.Random) -> None:
        self.id = str(uuid.uuid4()).upper()
        self._process = process
        self._dice = dice
        self._output: list[tuple[str, bytes]] = []
        self._exit_code: int | None = None
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def failed(cls, complaint: str, exit_code: int, dice: random.Random) -> Command:
        """A command that ended at once with a message on standard error."""
        command = cls(None, dice)
        command._output.append(("stderr", complaint.encode()))
        command._exit_code = exit_code
        command._news.set()
        return command

    def watch(self) -> None:
        """Begin to collect output."""
        self._tasks.append(asyncio.create_task(self._collect()))

    async def send(self, data: bytes, is_end: bool) -> None:
        """Give input to the process. One that has ended takes no notice."""
        stdin = self._process.stdin if self._process else None
        if stdin is None:
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(data)
            await stdin.drain()
        if is_end:
            stdin.close()

    async def receive(self, seconds: float) -> tuple[list[tuple[str, bytes]], int | None]:
        """Some output in arbitrary pieces, and the exit code once everything was given out.

        :raises SoapFault: the operation timeout, if there was nothing.
        """
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError as error:
            raise operation_timeout() from error
        pieces = self._take()
        if self._output:
            return pieces, None
        if self._exit_code is None:
            self._news.clear()
        return pieces, self._exit_code

    async def end(self) -> None:
        """Kill the process if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await asyncio.gather(*self._tasks)

    def _take(self) -> list[tuple[str, bytes]]:
        """As real hosts do, cut the output anywhere: within a line, within a character."""
        if not self._output:
            return []
        name, data = self._output.pop(0)
        size = min(len(data), _LARGEST_PIECE)
        if self._dice.random() < 0.5:
            size = self._dice.randint(1, size)
        if size < len(data):
            self._output.insert(0, (name, data[size:]))
        middle = self._dice.randint(0, size)
        return [(name, piece) for piece in (data[:middle], data[middle:size]) if piece]

    async def _collect(self) -> None:
        process = self._process
        assert process is not None
        await asyncio.gather(self._copy("stdout", process.stdout), self._copy("stderr", process.stderr))
        self._exit_code = await process.wait()
        self._news.set()

    async def _copy(self, name: str, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while data := await stream.read(65536):
            self._output.append((name, data))
            self._news.set()


class Shell:
    """A shell of one user, with the commands that run in it."""

    def __init__(self, owner: str) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.owner = owner
        self.commands: dict[str, Command] = {}

    def command(self, command_id: str) -> Command:
        """The command with an id; SoapFault without."""
        try:
            return self.commands[command_id]
        except KeyError as error:
            raise invalid_request(f"There is no command {command_id} in this shell.") from error

    async def end(self) -> None:
        """End every command."""
        await asyncio.gather(*(command.end() for command in self.commands.values()))
        self.commands.clear()


class Shells:
    """All shells of the host.

    :param engine: what ``powershell`` and ``pwsh`` start.
    :param environment: the variables of its processes, all of them.
    :param folder: where its processes start.
    :param seed: makes the pieces of output repeatable.
    """

    def __init__(
        self, engine: Engine, environment: Mapping[str, str], folder: Path, seed: int | None = None
    ) -> None:
        self._engine = engine
        self._environment = dict(environment)
        self._folder = folder
        self._dice = random.Random(seed)
        self._shells: dict[str, Shell] = {}

    def open(self, owner: str) -> Shell:
        """Open a shell for a user."""
        shell = Shell(owner)
        self._shells[shell.id] = shell
        return shell

    def find(self, shell_id: str, owner: str) -> Shell:
        """A user's shell; SoapFault if there is none, or none of this user."""
        shell = self._shells.get(shell_id)
        if shell is None or shell.owner != owner:
            raise no_such_shell(shell_id)
        return shell

    async def run(self, shell: Shell, program: str, arguments: str) -> Command:
        """Start a command in a shell. Any program but PowerShell is unknown to this host."""
        if program.casefold() not in _PROGRAMS:
            command = Command.failed(_NOT_FOUND.format(name=program), 1, self._dice)
        else:
            process = await asyncio.create_subprocess_exec(
                *self._engine.command, *shlex.split(arguments), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                env=self._environment, cwd=self._folder, start_new_session=True,
            )
            command = Command(process, self._dice)
            command.watch()
        shell.commands[command.id] = command
        return command

    async def close(self, shell: Shell) -> None:
        """Close a shell as its user asks."""
        del self._shells[shell.id]
        await shell.end()

    async def end_all(self) -> None:
        """End every shell, as a restart of the host does: its users find out at their next request."""
        shells = list(self._shells.values())
        self._shells.clear()
        await asyncio.gather(*(shell.end() for shell in shells))

    def __len__(self) -> int:
        return len(self._shells)
