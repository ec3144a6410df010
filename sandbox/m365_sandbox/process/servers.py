"""Products' servers beside the sandbox: processes of their own, on loopback, that live no longer than it does.

What clients need to reach them stands in ``servers.json`` of the instance's folder (0600), for whatever can read a file
but not run a command, such as an Ansible inventory::

    {NAME: {"url": "https://localhost:PORT", "username": …, "password": …, "pid": PROCESS}}

A server shows the certificate of the faces, which is issued to localhost; the authority's key is not kept to issue
another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from m365_sandbox.process import environment
from m365_sandbox.process.background import Background
from m365_sandbox.process.folder import PID_FILE
from m365_sandbox.process.instance import Instance, InstanceError
from m365_sandbox.process.pid_file import PidFile
from m365_sandbox.process.ports import free_ports, is_free
from m365_sandbox.process.readiness import answers_over_tls
from m365_sandbox.state.certificates import SERVER_FILE
from m365_sandbox.state.files import write_private

SERVERS_FILE = "servers.json"
USERNAME = "Administrator"
LOG_FILE = "server.log"
_FOLDER = "servers"
_LOCK_FILE = "servers.lock"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

Server = dict[str, Any]
Servers = dict[str, Server]


def serve(instance: Instance, name: str, command: Sequence[str]) -> bool:
    """Start a product's server beside a running instance, and wait until it answers.

    :param command: what starts it. It has to listen with TLS at ``M365_SANDBOX_SERVER_PORT`` of its environment.
    :returns: False if it was running already.
    :raises InstanceError: the name is none for a folder.
    :raises StartError: if it cannot start; the message has the end of its log.
    """
    if not _NAME.fullmatch(name):
        raise InstanceError(f"'{name}' is no name for a server; letters, digits, dots, hyphens and underscores are")
    directory = instance.directory
    folder = server_folder(directory, name)
    # One after the other, so that no two get the same port.
    with _locked(directory):
        servers = read(directory)
        folder.mkdir(parents=True, exist_ok=True)
        pid_file = server_pid_file(directory, name)
        if pid_file.holder() is None:
            servers[name] = _entry(instance, servers, name)
            _write(directory, servers)
        server = servers[name]

        def is_ready() -> bool:
            return pid_file.holder() is not None and answers_over_tls(_port(server), directory)

        guardian = [
            sys.executable, "-P", "-m", "m365_sandbox.process.guardian", str(directory / PID_FILE),
            str(folder / PID_FILE), *command,
        ]
        process = Background(f"The server {name}", pid_file, folder / LOG_FILE, is_ready)
        told = {**os.environ, **environment.read(directory), **_told(directory, name, server)}
        started = process.start(guardian, told)
        server["pid"] = pid_file.holder()
        _write(directory, servers)
    return started


def read(directory: Path) -> Servers:
    """What ``servers.json`` says: of those that run, and of those that ran."""
    path = directory / SERVERS_FILE
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def running(directory: Path) -> Servers:
    """Those of ``servers.json`` that run."""
    return {
        name: server for name, server in read(directory).items()
        if server_pid_file(directory, name).holder() is not None
    }


def stop_all(directory: Path) -> None:
    """End the servers that run; they keep their ports and passwords."""
    for name in read(directory):
        server_pid_file(directory, name).end()


def server_folder(directory: Path, name: str) -> Path:
    """Where a server keeps its state and its log."""
    return directory / _FOLDER / name


def server_pid_file(directory: Path, name: str) -> PidFile:
    """The file that a server's process holds."""
    return PidFile(server_folder(directory, name) / PID_FILE)


def _entry(instance: Instance, servers: Servers, name: str) -> Server:
    """A server as before, on another port if somebody has its own; or a new one."""
    ports = {one: _port(server) for one, server in servers.items()}
    kept = ports.pop(name, None)
    taken = {*ports.values(), *instance.ports().values()}
    port = kept if kept is not None and is_free(kept) else next(one for one in free_ports() if one not in taken)
    made = {"username": USERNAME, "password": secrets.token_urlsafe(24)}
    return {**made, **servers.get(name, {}), "url": f"https://localhost:{port}"}


def _told(directory: Path, name: str, server: Server) -> dict[str, str]:
    """What a server finds in its environment."""
    return {
        "M365_SANDBOX_SERVER_PORT": str(_port(server)),
        "M365_SANDBOX_SERVER_USERNAME": server["username"],
        "M365_SANDBOX_SERVER_PASSWORD": server["password"],
        "M365_SANDBOX_SERVER_FOLDER": str(server_folder(directory, name)),
        # Both are in the one file.
        "M365_SANDBOX_SERVER_CERTIFICATE": str(directory / SERVER_FILE),
        "M365_SANDBOX_SERVER_KEY": str(directory / SERVER_FILE),
    }


def _port(server: Server) -> int:
    port = urlsplit(server["url"]).port
    assert port is not None
    return port


def _write(directory: Path, servers: Servers) -> None:
    write_private(directory / SERVERS_FILE, json.dumps(servers, indent=1).encode())


@contextlib.contextmanager
def _locked(directory: Path) -> Generator[None, None, None]:
    with open(os.open(directory / _LOCK_FILE, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
