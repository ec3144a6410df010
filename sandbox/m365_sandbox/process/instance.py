"""An instance as seen from outside its process: its folder, whether it runs, how to start and stop it.

The process holds a lock on ``pid`` while it lives, so a stale file or a reused process id fools nobody.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from m365_sandbox.control.token import TOKEN_FILE, read_token
from m365_sandbox.process.folder import LOG_FILE, PID_FILE, prepare
from m365_sandbox.process.readiness import answers
from m365_sandbox.state.faces import FACES, HOST

PORTS_FILE = "ports.json"
START_SECONDS = 120.0
STOP_SECONDS = 15.0
KILL_SECONDS = 60.0
LOG_TAIL_LINES = 25
_POLL_SECONDS = 0.05
_CONTROL_SECONDS = 60.0


class InstanceError(Exception):
    """Something that the caller of the command can understand and do something about."""


class Instance:
    """The instance that lives in ``directory``, running or not."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    # -- state ------------------------------------------------------------------------------------------------------

    def pid(self) -> int | None:
        """The id of the running process; None if none runs."""
        try:
            with (self.directory / PID_FILE).open("r", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    # It is there before it has written its id: take the next moment's answer.
                    text = file.read().strip()
                    return int(text) if text else self._pid_soon()
        except FileNotFoundError:
            pass
        return None

    def _pid_soon(self) -> int | None:
        time.sleep(_POLL_SECONDS)
        return self.pid()

    def ports(self) -> dict[str, int]:
        """Face -> port as of the last start; empty before the first one."""
        path = self.directory / PORTS_FILE
        return dict(json.loads(path.read_text("ascii"))) if path.exists() else {}

    def is_ready(self) -> bool:
        """Whether the running process answers on every face."""
        pid, ports = self.pid(), self.ports()
        if pid is None or not ports.keys() >= FACES.keys():
            return False
        try:
            status = self.control("GET", "/status")
        except InstanceError:
            return False
        return status["pid"] == pid and all(answers(face, ports[face], self.directory) for face in FACES)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control face; an InstanceError with its words if it refuses or does not answer."""
        port = self.ports().get("control")
        if port is None or not (self.directory / TOKEN_FILE).exists():
            raise InstanceError(f"No sandbox runs in {self.directory}")
        connection = http.client.HTTPConnection(HOST, port, timeout=_CONTROL_SECONDS)
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body),
                {"Content-Type": "application/json", "Authorization": f"Bearer {read_token(self.directory)}"},
            )
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise InstanceError(f"The sandbox's control face does not answer: {error}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise InstanceError(f"{method} {path}: {response.status} {text.decode('utf-8', 'replace')}")
        return json.loads(text) if text else None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, ports: Mapping[str, int]) -> bool:
        """Start the process and wait until every face answers.

        :param ports: face -> wanted port; the others keep the port that they had, while it is free.
        :returns: False if it was running already.
        :raises InstanceError: if it cannot start; the message has the end of its log.
        """
        if self.pid() is not None:
            self._check_same_ports(ports)
            self._wait(None, 0)
            return False
        prepare(self.directory)
        log = self.directory / LOG_FILE
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            beginning = output.tell()
            arguments = [f"--port={face}={port}" for face, port in ports.items()]
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "m365_sandbox.process.server", str(self.directory), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=self.directory,
            )
        self._wait(process, beginning)
        return True

    def stop(self) -> bool:
        """End the process, by force if it does not end by itself; False if none was running."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not self._ended_within(STOP_SECONDS):
            os.killpg(pid, signal.SIGKILL)
            if not self._ended_within(KILL_SECONDS):
                raise InstanceError(f"Process {pid} does not end")
        return True

    def _check_same_ports(self, wanted: Mapping[str, int]) -> None:
        current = self.ports()
        if any(port not in (0, current.get(face)) for face, port in wanted.items()):
            raise InstanceError("The sandbox already runs, on other ports; stop it before you choose new ones")

    def _wait(self, process: subprocess.Popen[bytes] | None, beginning: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            # Where two start at the same time, the loser's process ends and the winner's becomes ready.
            if process is not None and process.poll() is not None and self.pid() is None:
                raise InstanceError(f"The sandbox ended at once:\n{self._log_tail(beginning)}")
            if time.monotonic() > deadline:
                raise InstanceError(
                    f"The sandbox is not ready after {START_SECONDS:.0f} s:\n{self._log_tail(beginning)}"
                )
            time.sleep(_POLL_SECONDS)

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _log_tail(self, beginning: int) -> str:
        path = self.directory / LOG_FILE
        with path.open("rb") as file:
            file.seek(beginning)
            lines = file.read().decode("utf-8", "replace").splitlines()
        if not lines:
            return f"(nothing in its log; {shutil.disk_usage(self.directory).free} bytes are free on its disk)"
        return "\n".join(lines[-LOG_TAIL_LINES:])
