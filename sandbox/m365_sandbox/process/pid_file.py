"""The file by which a process is found again: locked while the process lives, with its id inside.

So a stale file or a reused process id fools nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

STOP_SECONDS = 15.0
KILL_SECONDS = 60.0
_POLL_SECONDS = 0.05
_LOCK_SECONDS = 0.01


class AlreadyRunning(Exception):
    """Another process holds the file."""


class DoesNotEnd(Exception):
    """A process that outlives SIGKILL; the message has its id."""


class PidFile:
    """The file of a process that leads a group of its own, running or not."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def hold(self) -> Generator[int, None, None]:
        """Hold the lock, with this process's id in the file; an AlreadyRunning if another process has it.

        :returns: the file's descriptor. A child that inherits it holds the lock as well.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with open(descriptor, "r+", encoding="ascii") as file:
            _lock(file)
            try:
                file.truncate()
                file.write(str(os.getpid()))
                file.flush()
            except OSError:
                self._path.unlink()
                raise
            yield descriptor

    def holder(self) -> int | None:
        """The id of the running process; None if none runs."""
        try:
            with self._path.open("r", encoding="ascii") as file:
                if _try_lock(file, fcntl.LOCK_SH):
                    return None
                # It is there before it has written its id: take the next moment's answer.
                text = file.read().strip()
                return int(text) if text else self._holder_soon()
        except FileNotFoundError:
            return None

    def _holder_soon(self) -> int | None:
        time.sleep(_POLL_SECONDS)
        return self.holder()

    def wait_for_its_end(self) -> None:
        """Return when no process holds the file."""
        with self._path.open("r", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH)

    def end(self) -> bool:
        """End the process, its whole group by force if it does not end by itself; False if none was running.

        :raises DoesNotEnd: not even that helps.
        """
        pid = self.holder()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not self._ended_within(STOP_SECONDS):
            os.killpg(pid, signal.SIGKILL)
            if not self._ended_within(KILL_SECONDS):
                raise DoesNotEnd(f"Process {pid} does not end")
        return True

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.holder() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def _lock(file: TextIO) -> None:
    """Take the lock. Who asks whether the process runs shares it for a moment; the process shares it with nobody."""
    while not _try_lock(file, fcntl.LOCK_EX):
        if not _try_lock(file, fcntl.LOCK_SH):
            raise AlreadyRunning
        fcntl.flock(file, fcntl.LOCK_UN)
        time.sleep(_LOCK_SECONDS)


def _try_lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
