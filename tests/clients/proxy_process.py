"""email-oauth2-proxy as a process, and the standard library's clients of it."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from m365_sandbox.process.ports import free_ports
from office import HOST, SECONDS

PASSWORD = "for the proxy only"


class Proxy:
    """What the proxy is told; ``ports`` are its own, by protocol.

    :param servers: the ports of the servers behind it, for IMAP, POP and SMTP; that of SMTP is one with STARTTLS.
    :param accounts: the sections of the accounts.
    """

    def __init__(self, folder: Path, servers: Mapping[str, int], accounts: str) -> None:
        self.ports = dict(zip(servers, free_ports(), strict=False))
        sections = "".join(
            f"[{protocol}-{port}]\nlocal_address = {HOST}\nserver_address = {HOST}\n"
            f"server_port = {servers[protocol]}\nserver_starttls = {protocol == 'SMTP'}\n\n"
            for protocol, port in self.ports.items()
        )
        self.configuration = folder / "emailproxy.config"
        self.configuration.write_text(sections + accounts)
        self.configuration.chmod(0o600)

    def imap(self) -> imaplib.IMAP4:
        """A client of the standard library."""
        return imaplib.IMAP4(HOST, self.ports["IMAP"], timeout=SECONDS)

    def smtp(self) -> smtplib.SMTP:
        """A client of the standard library."""
        return smtplib.SMTP(HOST, self.ports["SMTP"], timeout=SECONDS)

    def pop3(self) -> poplib.POP3:
        """A client of the standard library."""
        return poplib.POP3(HOST, self.ports["POP"], timeout=SECONDS)


@contextmanager
def running(proxy: Proxy, environment: Mapping[str, str], *options: str) -> Iterator[Proxy]:
    """Run the proxy until all its ports are open, and as long as the caller wants."""
    command = [sys.executable, "-m", "emailproxy", "--no-gui", "--config-file", str(proxy.configuration), *options]
    log = proxy.configuration.with_name("emailproxy.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--log-file", str(log.with_suffix(".own"))], env={**environment, "HOME": str(log.parent)},
            cwd=log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )
    try:
        while process.poll() is None and not all(is_open(port) for port in proxy.ports.values()):
            time.sleep(0.05)
        assert process.poll() is None, log.read_text()
        yield proxy
    finally:
        process.terminate()
        process.wait(SECONDS)


def is_open(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0
