"""The names of the faces and how a client reaches each."""

from __future__ import annotations

HOST = "127.0.0.1"

# Face -> what a client has to know besides the port; the addresses are all on the loopback interface.
FACES = {
    "identity": "https",
    "graph": "https",
    "outlook": "https",
    "smtp": "SMTP submission with STARTTLS",
    "smtps": "SMTP submission over TLS",
    "relay": "SMTP: the company's own relay",
    "imap": "IMAP over TLS",
    "pop3": "POP3 over TLS",
    "issuer": "https",
    "management": "https",
    "google": "https",
    "gmail_smtp": "Gmail's SMTP submission with STARTTLS",
    "gmail_smtps": "Gmail's SMTP submission over TLS",
    "gmail_imap": "Gmail's IMAP over TLS",
    "gmail_pop3": "Gmail's POP3 over TLS",
    "winrm": "WinRM over https: a Windows host with PowerShell",
    "inbox": "http",
    "control": "http",
}
HTTP_FACES = ("identity", "graph", "outlook", "issuer", "management", "google", "inbox", "control")


def address(face: str, port: int) -> str:
    """A URL for the HTTP faces, host:port for the others."""
    return f"{FACES[face]}://{HOST}:{port}" if face in HTTP_FACES else f"{HOST}:{port}"
