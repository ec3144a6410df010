# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""PowerShell as a process on this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import PowerShellError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.clixml import readable
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.powershell import BrokenPipe
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import arguments

T = TypeVar("T")

_PIECE = 65536
_COMPLAINT = 4096
#: Seconds that a process gets to end by itself once its input has ended, and again once it was told to.
_PATIENCE = 5.0


class LocalPipe:
    """A ``pwsh`` process of this machine.

    :param program: a name to look up in PATH, or a path.
    :param environment: variables beside those of this process.
    """

    where = "this machine"

    def __init__(self, program: str = "pwsh", environment: Mapping[str, str] | None = None) -> None:
        self._program = program
        self._environment = dict(environment or {})
        self._process: asyncio.subprocess.Process | None = None
        self._complaint = b""
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process in a session of its own, so that no terminal's signal reaches it."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._program, *arguments(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env={**os.environ, **self._environment}, start_new_session=True,
            )
        except OSError as error:
            raise PowerShellError(
                f"PowerShell cannot be started as {self._program}: {error.strerror}.", code="powershell_missing",
                remedy="Install PowerShell 7 (https://learn.microsoft.com/powershell/scripting/install), "
                "give its path as pwsh_path, or choose another transport.",
            ) from error
        self._listening = asyncio.create_task(self._listen(self._running))

    async def write(self, data: bytes) -> None:
        """Write to the process and wait until the system has taken it."""
        stdin = _opened(self._running.stdin)
        try:
            stdin.write(data)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise await self._ended() from error

    async def read(self, seconds: float) -> bytes | None:
        """What the process wrote, or None."""
        stdout = _opened(self._running.stdout)
        try:
            piece = await asyncio.wait_for(stdout.read(_PIECE), seconds)
        except TimeoutError:
            return None
        if not piece:
            raise await self._ended()
        return piece

    async def close(self) -> None:
        """End the input; end the process if that is not enough."""
        if self._process is None:
            return
        process = self._process
        _opened(process.stdin).close()
        for end in (process.terminate, process.kill):
            try:
                await asyncio.wait_for(process.wait(), _PATIENCE)
                break
            except TimeoutError:
                end()
        await process.wait()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._process = None

    def complaint(self) -> str:
        """The end of standard error."""
        return readable(self._complaint)

    @property
    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise BrokenPipe("PowerShell does not run")
        return self._process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        stderr = _opened(process.stderr)
        while piece := await stderr.read(_PIECE):
            self._complaint = (self._complaint + piece)[-_COMPLAINT:]

    async def _ended(self) -> BrokenPipe:
        process = self._running
        try:
            code = await asyncio.wait_for(process.wait(), _PATIENCE)
        except TimeoutError:
            return BrokenPipe("it closed its output")
        if self._listening is not None:
            await self._listening
        return BrokenPipe(f"it ended with exit code {code}")


def _opened(stream: T | None) -> T:
    """A stream that the process was started with."""
    if stream is None:
        raise BrokenPipe("PowerShell was started without its streams")
    return stream
