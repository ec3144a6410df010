"""Lets each backend of Team assistant on the sandbox's servers send a mail of its own, and reads it back.

A backend sends with its local.js and its environment file and nothing else; see send.js. The mail is looked for by IMAP
and by POP3. Usage: prove.py SANDBOX_DIRECTORY NODE_MODULES
"""

from __future__ import annotations

import argparse
import base64
import email
import imaplib
import json
import os
import poplib
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
import uuid
from email.message import Message
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "send.js"
RECIPIENT = "probe@contoso.example"


class Probe:
    """The mailbox that the mails go to, as the sandbox's reader sees it.

    :param env: what the sandbox says of itself, by the names of environment variables.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._tls = ssl.create_default_context(cafile=env["MAILOPS_CA_FILE"])
        self._sasl = f"user={RECIPIENT}\x01auth=Bearer {self._token()}\x01\x01".encode()

    def _token(self) -> str:
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "scope": "https://outlook.office365.com/.default",
            "client_id": self._env["M365_SANDBOX_READER_CLIENT_ID"],
            "client_secret": self._env["M365_SANDBOX_READER_CLIENT_SECRET"],
        })
        url = f"{self._env['AZURE_AUTHORITY_HOST'].rstrip('/')}/{self._env['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        with urllib.request.urlopen(url, form.encode(), context=self._tls) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def by_imap(self, subject: str) -> list[Message]:
        """The mails of a subject."""
        host, port = self._env["M365_SANDBOX_HOST"], int(self._env["M365_SANDBOX_IMAP_PORT"])
        with imaplib.IMAP4_SSL(host, port, ssl_context=self._tls) as connection:
            connection.authenticate("XOAUTH2", lambda _challenge: self._sasl)
            connection.select(readonly=True)
            numbers = connection.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
            found: list[Any] = [connection.fetch(number, "(RFC822)")[1][0] for number in numbers]
        return [email.message_from_bytes(content) for _head, content in found]

    def by_pop3(self, subject: str) -> list[Message]:
        """The same by POP3."""
        host, port = self._env["M365_SANDBOX_HOST"], int(self._env["M365_SANDBOX_POP3_PORT"])
        connection = poplib.POP3_SSL(host, port, context=self._tls)
        connection._shortcmd("AUTH XOAUTH2")
        connection._shortcmd(base64.b64encode(self._sasl).decode())
        count = connection.stat()[0]
        mails = [email.message_from_bytes(b"\r\n".join(connection.retr(number + 1)[1])) for number in range(count)]
        connection.quit()
        return [mail for mail in mails if mail["Subject"] == subject]


def send(backend: Path, node_modules: Path, ca: str, subject: str) -> subprocess.CompletedProcess[str]:
    """Start the product's program with the backend's environment file, read by a shell, and its local.js."""
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(node_modules), "NODE_EXTRA_CA_CERTS": ca}
    script = 'set -a; . "$1/environment"; exec node "$2" "$1/local.js" "$3" "$4"'
    return subprocess.run(
        ["sh", "-c", script, "sh", backend, PROGRAM, RECIPIENT, subject], env=environment, cwd=backend, text=True,
        check=False, capture_output=True, timeout=60,
    )


def main() -> None:
    """Print a line for each backend; exit with 1 if a mail of one did not arrive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("node_modules", type=Path)
    given = parser.parse_args()
    env = json.loads((given.directory / "env.json").read_text(encoding="utf-8"))
    probe = Probe(env)
    failed = False
    for local in sorted((given.directory / "servers").glob("*/*/local.js")):
        subject = f"Ticket {uuid.uuid4()}"
        sent = send(local.parent, given.node_modules, env["MAILOPS_CA_FILE"], subject)
        senders = [[mail["From"] for mail in read(subject)] for read in (probe.by_imap, probe.by_pop3)]
        if sent.returncode == 0 and senders[0] == senders[1] and len(senders[0]) == 1:
            outcome = f"a mail from {senders[0][0]} arrived, read by IMAP and POP3"
        else:
            failed = True
            outcome = f"NO MAIL ARRIVED: {sent.stderr.strip() or senders}"
        print(f"{local.parent.parent.name} {local.parent.name}: {outcome}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
