"""Lets each backend of Team assistant on the sandbox's servers send a mail of its own, and reads it back.

A backend sends with its local.js and its environment file and nothing else; see send.js. The mail is looked for by IMAP
and by POP3. Usage: prove.py SANDBOX_DIRECTORY NODE_MODULES
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from probe import RECIPIENT, Probe

PROGRAM = Path(__file__).parent / "send.js"


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
