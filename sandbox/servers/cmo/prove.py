"""Lets CMO on each of the sandbox's servers send a mail to each of the mailboxes that it receives from, and receive it.

It does so with its web.config and nothing else; see Program.cs. Usage: prove.py SANDBOX_DIRECTORY CMO_EXE
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from probe import Probe

MAILBOXES = ("receiving", "new_action", "document_import")
# Whom a mail by SMTP is from is nowhere in web.config.
SENDER = "cmo-test@contoso.example"


class Cmo:
    """The stand-in.

    :param home: a folder in which it finds whom to trust.
    """

    def __init__(self, program: Path, env: dict[str, str], home: Path) -> None:
        self._program = program
        # Mono's TLS compares a server's name with names alone, and not with addresses.
        addresses = {name: env[name].replace("127.0.0.1", "localhost") for name in (
            "MAILOPS_GRAPH_ENDPOINT", "AZURE_AUTHORITY_HOST", "MAILOPS_GOOGLE_TOKEN_URI",
        )}
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), **addresses}
        _trust(env["MAILOPS_CA_FILE"], home)

    def account(self, config: Path, mailbox: str) -> str:
        """Whose mailbox it is: an address, or a user's id."""
        return self._run("account", config, mailbox)[0]

    def send(self, config: Path, to: str, subject: str) -> None:
        """Send one mail."""
        self._run("send", config, SENDER, to, subject)

    def senders(self, config: Path, mailbox: str, subject: str) -> list[str]:
        """Whose mails of a subject are in a mailbox."""
        return self._run("receive", config, mailbox, subject)

    def _run(self, *arguments: str | Path) -> list[str]:
        done = subprocess.run(
            ["mono", self._program, *arguments], env=self._environment, text=True, capture_output=True, check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.splitlines()


def _trust(ca: str, home: Path) -> None:
    """Put a certificate where Mono looks for those that a user trusts: by OpenSSL's hash of its subject."""
    name = subprocess.run(["openssl", "x509", "-noout", "-hash", "-in", ca], text=True, capture_output=True, check=True)
    folder = home / ".config" / ".mono" / "new-certs" / "Trust"
    folder.mkdir(parents=True)
    (folder / f"{name.stdout.strip()}.0").write_bytes(Path(ca).read_bytes())


def prove(cmo: Cmo, probe: Probe, config: Path) -> Iterator[str]:
    """What has arrived, a line for each mailbox.

    :raises RuntimeError: something has not.
    """
    for mailbox in MAILBOXES:
        account = cmo.account(config, mailbox)
        address = account if "@" in account else probe.address(account)
        subject = f"Action {uuid.uuid4()}"
        cmo.send(config, address, subject)
        senders = cmo.senders(config, mailbox, subject)
        if len(senders) != 1:
            raise RuntimeError(f"{mailbox}: {len(senders)} mails arrived at {address}")
        yield f"a mail from {senders[0]} to {address} arrived, received as {mailbox}"


def main() -> None:
    """Print what has arrived; exit with 1 if a mail did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("program", type=Path)
    given = parser.parse_args()
    env = json.loads((given.directory / "env.json").read_text(encoding="utf-8"))
    failed = False
    with tempfile.TemporaryDirectory() as home:
        cmo, probe = Cmo(given.program, env, Path(home)), Probe(env)
        for config in sorted((given.directory / "servers").glob("*/web.config")):
            try:
                for line in prove(cmo, probe, config):
                    print(f"{config.parent.name}: {line}")
            except RuntimeError as error:
                failed = True
                print(f"{config.parent.name}: NO MAIL ARRIVED: {error}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
