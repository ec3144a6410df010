"""What a command costs, as the operating system counts it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a command and all its children took.

    :param seconds: of processor time, in user and in system mode.
    :param wall: seconds from its start to its end.
    :param peak: the most memory that one of the processes held, in MB.
    """

    seconds: float
    wall: float
    peak: float


class Failed(Exception):
    """The command ended with another code than 0; the text is its output."""


def measured(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command to its end.

    :raises Failed: it did not end well.
    """
    # A file, not a pipe: who reads a pipe takes processor time while the command runs.
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        # Of the process and of all its descendants that were waited for.
        _pid, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{output.read().decode()}")
    # Linux tells kilobytes: getrusage(2).
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)
