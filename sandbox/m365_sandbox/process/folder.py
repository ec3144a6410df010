"""The folder of an instance: nobody else's, and nothing in it leads elsewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from m365_sandbox.state.tenant import STATE_FILE

PID_FILE = "pid"
LOG_FILE = "sandbox.log"


class FolderError(Exception):
    """A folder in which no sandbox may live; the message says why."""


def check(directory: Path) -> None:
    """Look at a folder and what lies in it, if it is there.

    :raises FolderError: for a file, a link or somebody else's property, since what is read there is trusted and what is
        written there is secret.
    """
    _check_one(directory)
    if directory.exists():
        if not directory.is_dir():
            raise FolderError(f"{directory} is no folder")
        for path in directory.iterdir():
            _check_one(path)


def prepare(directory: Path) -> None:
    """Make the folder (0700), or take one that is empty or was a sandbox's before.

    :raises FolderError: as ``check``, and for a folder that something else lives in.
    """
    check(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {path.name for path in directory.iterdir()}
    if names and not names & {STATE_FILE, LOG_FILE, PID_FILE}:
        raise FolderError(f"{directory} is not empty and no sandbox's folder; choose another one")
    directory.chmod(0o700)
    # Again: until now somebody else may have been able to write there.
    check(directory)


def _check_one(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        # Not there yet, or a file of a moment of the process that runs there.
        return
    if stat.S_ISLNK(status.st_mode):
        raise FolderError(f"{path} is a link; a sandbox's folder and what is in it must be none")
    if status.st_uid != os.geteuid():
        raise FolderError(f"{path} belongs to user {status.st_uid}, not to the one who runs this ({os.geteuid()})")
