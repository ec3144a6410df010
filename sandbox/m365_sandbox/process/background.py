"""Start a process in the background, and wait until it is ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from m365_sandbox.process.pid_file import PidFile

START_SECONDS = 120.0
LOG_TAIL_LINES = 25
_POLL_SECONDS = 0.05


class StartError(Exception):
    """It did not become ready; the message has the end of its log."""


@dataclass(frozen=True)
class Background:
    """A process that holds ``pid_file`` while it runs.

    :param name: how messages call it, at the beginning of a sentence.
    :param log: what it says, appended (0600). Its folder is the one that the process runs in.
    :param is_ready: whether the running process does what it is there for.
    """

    name: str
    pid_file: PidFile
    log: Path
    is_ready: Callable[[], bool]

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> bool:
        """Start it in a group of its own, and wait until it is ready.

        :param environment: in place of this process's own.
        :returns: False if it was running already.
        :raises StartError: it ended or did not become ready in time.
        """
        if self.pid_file.holder() is not None:
            self._wait(None, 0)
            return False
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            beginning = output.tell()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                cwd=self.log.parent, env=environment,
            )
        self._wait(process, beginning)
        return True

    def _wait(self, process: subprocess.Popen[bytes] | None, beginning: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            # Where two start at the same time, the loser's process ends and the winner's becomes ready.
            if process is not None and process.poll() is not None and self.pid_file.holder() is None:
                raise StartError(f"{self.name} ended at once:\n{self._log_tail(beginning)}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} is not ready after {START_SECONDS:.0f} s:\n{self._log_tail(beginning)}")
            time.sleep(_POLL_SECONDS)

    def _log_tail(self, beginning: int) -> str:
        with self.log.open("rb") as file:
            file.seek(beginning)
            lines = file.read().decode("utf-8", "replace").splitlines()
        if not lines:
            return f"(nothing in its log; {shutil.disk_usage(self.log.parent).free} bytes are free on its disk)"
        return "\n".join(lines[-LOG_TAIL_LINES:])
