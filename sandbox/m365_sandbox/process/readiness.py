"""Does a face or a server answer? A look from outside that leaves no trace in the log of requests."""

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
    return _answers(port, _context(directory) if face in _TLS else None, _GREETINGS.get(face))


def answers_over_tls(port: int, directory: Path) -> bool:
    """Whether a server beside the faces accepts a connection and shows a certificate of the instance's authority."""
    return _answers(port, _context(directory), None)


def _answers(port: int, tls: ssl.SSLContext | None, greeting: bytes | None) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_SECONDS) as connection:
            if tls is None:
                return _greets(connection, greeting)
            with tls.wrap_socket(connection, server_hostname=HOST) as encrypted:
                return _greets(encrypted, greeting)
    except OSError:
        return False


def _context(directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(directory / CA_FILE))


def _greets(connection: socket.socket, greeting: bytes | None) -> bool:
    return greeting is None or connection.recv(512).startswith(greeting)
