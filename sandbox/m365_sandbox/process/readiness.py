"""Does a face answer? A look from outside that leaves no trace in the log of requests."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from m365_sandbox.state.certificates import CA_FILE
from m365_sandbox.state.faces import HOST

_SECONDS = 5.0
_TLS = (
    "identity", "graph", "outlook", "smtps", "imap", "pop3", "issuer", "management", "winrm", "google",
    "gmail_smtps", "gmail_imap", "gmail_pop3",
)
_GREETINGS = {"smtp": b"220", "smtps": b"220", "relay": b"220", "imap": b"* OK", "pop3": b"+OK"}
_GREETINGS |= {f"gmail_{face}": _GREETINGS[face] for face in ("smtp", "smtps", "imap", "pop3")}


def answers(face: str, port: int, directory: Path) -> bool:
    """Whether the face accepts a connection, shows a certificate of the instance's authority and greets."""
    try:
        with socket.create_connection((HOST, port), timeout=_SECONDS) as connection:
            if face not in _TLS:
                return _greets(face, connection)
            context = ssl.create_default_context(cafile=str(directory / CA_FILE))
            with context.wrap_socket(connection, server_hostname=HOST) as encrypted:
                return _greets(face, encrypted)
    except OSError:
        return False


def _greets(face: str, connection: socket.socket) -> bool:
    greeting = _GREETINGS.get(face)
    return greeting is None or connection.recv(512).startswith(greeting)
