"""Fixtures: a sandbox of one's own, started through its command and stopped at the end of the session."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class ControlRefused(Exception):
    """The control face refused; ``status`` and ``body`` say how."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class RunningSandbox:
    """A running instance.

    ``directory``, ``env`` (the variables for clients), ``ca`` (a path) and ``tls`` (a context that trusts it).
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.env: dict[str, str] = json.loads((directory / "env.json").read_text("utf-8"))
        self.ca = self.env["MAILOPS_CA_FILE"]
        self.tls = ssl.create_default_context(cafile=self.ca)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control face; gives back the JSON of the answer, None without one.

        :raises ControlRefused: for a 4xx.
        """
        data = None if body is None else json.dumps(body).encode()
        token = (self.directory / "control-token").read_text("ascii")
        request = urllib.request.Request(
            self.env["M365_SANDBOX_CONTROL_URL"] + path, data, {"Authorization": f"Bearer {token}"}, method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise ControlRefused(error.code, json.loads(error.read())) from None
        return json.loads(text) if text else None

    def requests(self, face: str) -> list[dict[str, Any]]:
        """The requests that a face has seen since the last reset."""
        entries: list[dict[str, Any]] = self.control("GET", f"/requests?face={face}")["value"]
        return entries


def run_cli(command: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``m365-sandbox COMMAND`` on an instance's folder."""
    return subprocess.run(
        [sys.executable, "-m", "m365_sandbox.process.cli", command, "--directory", str(directory), *arguments],
        capture_output=True, text=True, check=False, timeout=300,
    )


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One instance for the whole session; tests that change its state ask for ``clean`` instead."""
    directory = tmp_path_factory.mktemp("sandbox") / "instance"
    started = run_cli("start", directory)
    assert started.returncode == 0, started.stdout + started.stderr
    yield RunningSandbox(directory)
    stopped = run_cli("stop", directory)
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


@pytest.fixture
def clean(sandbox: RunningSandbox) -> RunningSandbox:
    """The session's instance, brought back to its seed."""
    sandbox.control("POST", "/reset")
    return sandbox
