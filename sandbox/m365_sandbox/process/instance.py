"""An instance as seen from outside its process: its folder, whether it runs, how to start and stop it."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from m365_sandbox.control.token import TOKEN_FILE, read_token
from m365_sandbox.process.background import Background
from m365_sandbox.process.folder import LOG_FILE, PID_FILE, prepare
from m365_sandbox.process.pid_file import PidFile
from m365_sandbox.process.readiness import answers
from m365_sandbox.process.start_options import as_arguments
from m365_sandbox.state.faces import FACES, HOST
from m365_sandbox.state.tenant import STATE_FILE, Founding

PORTS_FILE = "ports.json"
_CONTROL_SECONDS = 60.0


class InstanceError(Exception):
    """Something that the caller of the command can understand and do something about."""


class Refused(InstanceError):
    """The control face refused; ``reason`` is its own words."""

    def __init__(self, request: str, status: int, body: str) -> None:
        super().__init__(f"{request}: {status} {body}")
        self.reason = str(json.loads(body)["error"])


class Instance:
    """The instance that lives in ``directory``, running or not."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pid_file = PidFile(directory / PID_FILE)

    # -- state ------------------------------------------------------------------------------------------------------

    def pid(self) -> int | None:
        """The id of the running process; None if none runs."""
        return self._pid_file.holder()

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
        if response.status == 500:
            raise InstanceError(f"{method} {path}: a defect of the sandbox; {self.directory / LOG_FILE} has its place")
        if response.status >= 400:
            raise Refused(f"{method} {path}", response.status, text.decode("utf-8", "replace"))
        return json.loads(text) if text else None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self, ports: Mapping[str, int], founding: Founding, lifeline: int | None = None) -> bool:
        """Start the process and wait until every face answers.

        :param ports: face -> wanted port; the others keep the port that they had, while it is free.
        :param founding: what the tenant is called that the first start makes.
        :param lifeline: a process with which it ends, however that ends.
        :returns: False if it was running already.
        :raises InstanceError: if it runs on other ports, or the folder has a tenant of another name.
        :raises StartError: if it cannot start; the message has the end of its log.
        """
        if self.pid() is None:
            prepare(self.directory)
        else:
            self._check_same_ports(ports)
        self._check_same_tenant(founding)
        process = Background("The sandbox", self._pid_file, self.directory / LOG_FILE, self.is_ready)
        program = [sys.executable, "-P", "-m", "m365_sandbox.process.server", str(self.directory)]
        return process.start([*program, *as_arguments(ports, founding, lifeline)])

    def stop(self) -> bool:
        """End the process, by force if it does not end by itself; False if none was running."""
        return self._pid_file.end()

    def _check_same_tenant(self, wanted: Founding) -> None:
        path = self.directory / STATE_FILE
        if path.exists() and not wanted.fits(state := json.loads(path.read_text("utf-8"))):
            raise InstanceError(
                f"{self.directory} has the tenant {state['tenant_id']} ({', '.join(state['domains'])}), which is not "
                "renamed; choose another folder, or remove this one"
            )

    def _check_same_ports(self, wanted: Mapping[str, int]) -> None:
        current = self.ports()
        if any(port not in (0, current.get(face)) for face, port in wanted.items()):
            raise InstanceError("The sandbox already runs, on other ports; stop it before you choose new ones")
