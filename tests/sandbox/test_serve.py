"""Servers of products beside the sandbox, with real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from m365_sandbox.process.instance import Instance
from m365_sandbox.process.servers import server_folder, server_pid_file
from sandbox_fixture import RunningSandbox, run_cli

ENVIRONMENT = """
import json, os, ssl, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([sys.argv[1:], dict(os.environ)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = HTTPServer(("127.0.0.1", int(os.environ["M365_SANDBOX_SERVER_PORT"])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["M365_SANDBOX_SERVER_CERTIFICATE"], os.environ["M365_SANDBOX_SERVER_KEY"])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for one instance; whatever runs in it is ended."""
    path = tmp_path / "instance"
    yield path
    Instance(path).stop()


@pytest.fixture
def started(directory: Path) -> RunningSandbox:
    result = run_cli("start", directory)
    assert result.returncode == 0, result.stderr
    return RunningSandbox(directory)


def serve(directory: Path, name: str, *command: str) -> subprocess.CompletedProcess[str]:
    return run_cli("serve", directory, name, "--", *(command or (sys.executable, "-c", ENVIRONMENT, "x y")))


def known(directory: Path) -> dict[str, dict[str, Any]]:
    servers: dict[str, dict[str, Any]] = json.loads((directory / "servers.json").read_text())
    return servers


def test_a_server_is_told_all_and_keeps_its_port_and_password(started: RunningSandbox) -> None:
    first = serve(started.directory, "is-1")
    assert first.returncode == 0, first.stderr
    server = known(started.directory)["is-1"]
    assert f"The server is-1 runs: {server['url']}" in first.stdout
    arguments, environment = requests.get(server["url"], verify=started.ca, timeout=30).json()
    assert arguments == ["x y"]
    assert started.env.items() <= environment.items()
    assert environment["M365_SANDBOX_SERVER_FOLDER"] == str(server_folder(started.directory, "is-1"))
    assert environment["M365_SANDBOX_SERVER_USERNAME"] == server["username"]
    assert environment["M365_SANDBOX_SERVER_PASSWORD"] == server["password"]
    assert server["pid"] == server_pid_file(started.directory, "is-1").holder()
    assert stat.S_IMODE((started.directory / "servers.json").stat().st_mode) == 0o600

    assert "was running already" in serve(started.directory, "is-1").stdout
    assert known(started.directory)["is-1"] == server

    run_cli("stop", started.directory)
    assert server_pid_file(started.directory, "is-1").holder() is None
    run_cli("start", started.directory)
    serve(started.directory, "is-1")
    again = known(started.directory)["is-1"]
    assert {**again, "pid": server["pid"]} == server
    assert again["pid"] != server["pid"]


def test_servers_that_are_started_at_the_same_time(started: RunningSandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda name: serve(started.directory, name), ["a", "b", "c", "a"]))
    assert [one.returncode for one in results] == [0] * 4, results
    assert sum("already" in one.stdout for one in results) == 1
    servers = known(started.directory)
    assert len({one["url"] for one in servers.values()} | {one["password"] for one in servers.values()}) == 6
    for server in servers.values():
        assert requests.get(server["url"], verify=started.ca, timeout=30).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_sandbox(started: RunningSandbox, number: int) -> None:
    serve(started.directory, "is-1")
    pid = Instance(started.directory).pid()
    assert pid is not None
    os.kill(pid, number)
    server_pid_file(started.directory, "is-1").wait_for_its_end()
    with pytest.raises(requests.ConnectionError):
        requests.get(known(started.directory)["is-1"]["url"], verify=started.ca, timeout=30)
    # Killed, it left its mailbox store behind; the next start takes care of that.
    assert run_cli("start", started.directory).returncode == 0


@pytest.mark.parametrize(("command", "reason"), [
    ((sys.executable, "-c", "print('no luck today')"), "ended at once:\nno luck today"),
    (("/nowhere/at/all",), "ended at once:\n/nowhere/at/all: No such file or directory"),
])
def test_a_server_that_does_not_start(started: RunningSandbox, command: tuple[str, ...], reason: str) -> None:
    failed = serve(started.directory, "is-1", *command)
    assert (failed.returncode, reason in failed.stderr) == (1, True), failed.stderr


def test_what_is_refused(directory: Path, sandbox: RunningSandbox) -> None:
    assert "m365-sandbox start" in serve(directory, "is-1").stderr
    refused = serve(sandbox.directory, "../is-1")
    assert (refused.returncode, "'../is-1' is no name for a server" in refused.stderr) == (1, True)
    assert run_cli("serve", sandbox.directory, "is-1").returncode == 2
