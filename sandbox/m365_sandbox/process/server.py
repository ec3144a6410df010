"""The process of an instance: every face in one event loop, until a signal ends it.

``python -m m365_sandbox.process.server DIRECTORY [OPTIONS]``, which is what ``m365-sandbox start`` runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from starlette.types import ASGIApp

from m365_sandbox.control.app import control_app
from m365_sandbox.control.guard import Guard
from m365_sandbox.control.token import inbox_token, load_or_create_token
from m365_sandbox.exchange.app import exchange_app
from m365_sandbox.exchange.fault_answers import fault_answer as exchange_answer
from m365_sandbox.google.app import google_app, token_uri
from m365_sandbox.google.fault_answers import fault_answer as google_answer
from m365_sandbox.google.gmail import provider as gmail
from m365_sandbox.google.key_files import JSON_FILE, P12_FILE, as_json, as_p12
from m365_sandbox.google.seed import seeded_account
from m365_sandbox.google.workspace import Workspace
from m365_sandbox.graph.app import graph_app
from m365_sandbox.graph.fault_answers import fault_answer as graph_answer
from m365_sandbox.http.faults import Answerer
from m365_sandbox.http.middleware import HttpMiddleware
from m365_sandbox.http.server import HttpServer
from m365_sandbox.identity.app import identity_app
from m365_sandbox.identity.fault_answers import fault_answer as identity_answer
from m365_sandbox.inbox.app import inbox_app
from m365_sandbox.inbox.guard import InboxGuard
from m365_sandbox.issuer.app import issuer_app
from m365_sandbox.mail import exchange_online
from m365_sandbox.mail.post_office import PostOffice
from m365_sandbox.mail.store import MailStore
from m365_sandbox.management.app import management_app
from m365_sandbox.process import environment
from m365_sandbox.process.folder import PID_FILE, FolderError, check
from m365_sandbox.process.instance import PORTS_FILE, Instance
from m365_sandbox.process.mail_listeners import MailListeners
from m365_sandbox.process.pid_file import AlreadyRunning, PidFile
from m365_sandbox.process.ports import ports_of_faces
from m365_sandbox.process.refusals import REFUSALS
from m365_sandbox.process.start_options import add_start_options, founding
from m365_sandbox.state.catalog import load_catalog
from m365_sandbox.state.certificates import load_or_create_tls
from m365_sandbox.state.credentials import Credentials
from m365_sandbox.state.faces import FACES, HOST
from m365_sandbox.state.faults import Faults
from m365_sandbox.state.files import write_private
from m365_sandbox.state.history import Entity
from m365_sandbox.state.keys import ENTRA_FILE, GOOGLE_FILES, GOOGLE_LIFETIME, ISSUER_FILE, SigningKeys
from m365_sandbox.state.request_log import RequestLog
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.seal import SEAL_FILE, Seal
from m365_sandbox.state.seed import sow
from m365_sandbox.state.tenant import STATE_FILE, Founding, Tenant
from m365_sandbox.winrm.host import WindowsHost

log = logging.getLogger("m365_sandbox.process.server")


def main() -> int:
    """Run until SIGTERM or SIGINT; gives back the exit code."""
    parser = argparse.ArgumentParser(prog="m365_sandbox.process.server")
    parser.add_argument("directory", type=Path)
    add_start_options(parser)
    options = parser.parse_args()
    # Libraries stay silent below warnings: some of them log what clients send, and that may be a secret.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("m365_sandbox").setLevel(logging.INFO)
    try:
        check(options.directory)
        with PidFile(options.directory / PID_FILE).hold():
            asyncio.run(serve(options.directory, dict(options.port), founding(options), options.lifeline))
    except AlreadyRunning:
        log.error("Another sandbox runs in %s", options.directory)
        return 1
    except FolderError as error:
        log.error("%s", error)
        return 1
    except ProcessLookupError:
        log.error("There is no process %s, with which the sandbox shall end", options.lifeline)
        return 1
    return 0


def build(directory: Path, ports: Mapping[str, int], founded: Founding) -> Sandbox:
    """Load what the folder holds, or make it at the first start.

    :param ports: face -> port that was asked for; it must be free, while a kept one that is taken is replaced.
    :param founded: what a new tenant is called.
    """
    tenant = Tenant(directory / STATE_FILE, founded)
    sandbox = Sandbox(
        directory=directory,
        tenant=tenant,
        keys=SigningKeys.load_or_create(directory / ENTRA_FILE),
        issuer_keys=SigningKeys.load_or_create(directory / ISSUER_FILE),
        google_keys={
            form: SigningKeys.load_or_create(directory / name, lifetime=GOOGLE_LIFETIME)
            for form, name in GOOGLE_FILES.items()
        },
        faults=Faults(REFUSALS),
        requests=RequestLog(),
        catalog=load_catalog(),
        credentials=Credentials.load_or_create(directory),
        ports=ports_of_faces(ports, Instance(directory).ports()),
        tls=load_or_create_tls(directory),
        seal=Seal.load_or_create(directory / SEAL_FILE),
    )
    if tenant.is_new:
        sow(tenant, sandbox.catalog, sandbox.credentials)
    return sandbox


async def serve(directory: Path, ports: Mapping[str, int], founded: Founding, lifeline: int | None) -> None:
    """Start every face, the control face last, and stop them when a signal comes.

    :param lifeline: a process; once it has ended, that is such a signal.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if lifeline is not None:
        loop.add_reader(os.pidfd_open(lifeline), ended.set)
    sandbox = build(directory, ports, founded)
    token = load_or_create_token(directory)
    store, gmail_store = MailStore(directory), MailStore(directory, "dovecot-google", gmail.FOLDERS)
    contoso = PostOffice(sandbox.tenant, store, exchange_online.SYSTEM)
    fabrikam = PostOffice(Workspace(sandbox.tenant), gmail_store, gmail.SYSTEM)
    contoso.neighbours, fabrikam.neighbours = (fabrikam,), (contoso,)
    mail = MailListeners(sandbox, contoso, fabrikam)
    windows = WindowsHost(sandbox)
    servers: list[HttpServer] = []
    await asyncio.gather(store.start(), gmail_store.start())
    try:
        await mail.start()
        apps: dict[str, tuple[ASGIApp, Answerer]] = {
            "identity": (identity_app(sandbox), identity_answer), "graph": (graph_app(sandbox, contoso), graph_answer),
            "outlook": (exchange_app(sandbox), exchange_answer), "google": (google_app(sandbox), google_answer),
        }
        for face, (app, answer) in apps.items():
            app = HttpMiddleware(app, face, sandbox.faults, sandbox.requests, answer)
            servers.append(await _start(sandbox, face, app, date_header=False))
        servers.append(await _start(sandbox, "issuer", issuer_app(sandbox)))
        servers.append(await _start(sandbox, "management", management_app(sandbox)))
        servers.append(await _start(sandbox, "winrm", windows.app()))
        cookie = f"inbox-{sandbox.tenant.tenant_id}"
        inbox = InboxGuard(inbox_app(sandbox, store), inbox_token(directory), cookie)
        servers.append(await _start(sandbox, "inbox", inbox))
        servers.append(await _start(sandbox, "control", Guard(control_app(sandbox, (store, gmail_store)), token)))
        _write_ports(directory, sandbox.ports)
        account = _write_google_keys(sandbox)
        environment.write(
            {**environment.variables(sandbox.tenant, sandbox.credentials, sandbox.ports, directory),
             **environment.google_variables(account, token_uri(sandbox), sandbox.ports, directory)}, directory
        )
        log.info("Ready: %s", ", ".join(f"{face} {port}" for face, port in sandbox.ports.items()))
        await ended.wait()
    finally:
        await asyncio.gather(*(server.stop() for server in servers))
        await windows.stop()
        await mail.stop()
        await asyncio.gather(store.stop(), gmail_store.stop())
        log.info("Ended")


async def _start(sandbox: Sandbox, face: str, app: ASGIApp, *, date_header: bool = True) -> HttpServer:
    # asyncio switches Nagle's algorithm off only for sockets that say they are TCP; with it every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, sandbox.ports[face]))
    sandbox.ports[face] = listener.getsockname()[1]
    server = HttpServer(app, listener, None if FACES[face] == "http" else sandbox.tls, date_header=date_header)
    await server.start()
    return server


def _write_google_keys(sandbox: Sandbox) -> Entity:
    """Leave the seeded service account's key files (0600); the JSON one names the token endpoint, port and all."""
    account, keys = seeded_account(sandbox), sandbox.google_keys
    write_private(sandbox.directory / JSON_FILE, as_json(account, keys["json"], token_uri(sandbox)))
    write_private(sandbox.directory / P12_FILE, as_p12(keys["p12"]))
    return account


def _write_ports(directory: Path, ports: Mapping[str, int]) -> None:
    write_private(directory / PORTS_FILE, json.dumps({face: ports[face] for face in FACES}).encode())


if __name__ == "__main__":
    sys.exit(main())
