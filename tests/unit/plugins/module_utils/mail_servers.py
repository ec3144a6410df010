# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Mail servers that play scripted conversations, for what no sandbox says: Gmail's words, and broken servers."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import trustme
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Bearer

#: Seconds that a side waits for the other at most, however slow the machine is.
PATIENCE = 60


class Conversation:
    """A connection as the server sees it. ``heard`` keeps every line that the client sent."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self.heard: list[str] = []
        self._connection = connection
        self._context = context
        self._file = connection.makefile("rb")

    def say(self, *lines: str) -> None:
        """Send lines."""
        self._connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> str:
        """Read a line; empty if the client hung up."""
        line = self._file.readline().decode("utf-8", "replace").rstrip("\r\n")
        self.heard.append(line)
        return line

    def answer(self, *lines: str) -> str:
        """Read a line, then send lines; $TAG stands for the first word of what was read."""
        heard = self.hear()
        self.say(*(line.replace("$TAG", heard.split(" ")[0]) for line in lines))
        return heard

    def start_tls(self) -> None:
        """Go on encrypted."""
        self._connection = self._context.wrap_socket(self._connection, server_side=True)
        self._file = self._connection.makefile("rb")

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._connection.close()


class ScriptedServer:
    """Listens on loopback. ``port``, ``ca_path``, and ``heard``: the lines of every conversation."""

    def __init__(self, port: int, ca_path: str) -> None:
        self.port = port
        self.ca_path = ca_path
        self.heard: list[list[str]] = []


Script = Callable[[Conversation], None]

#: What Gmail says before it refuses: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
GOOGLES_CHALLENGE = base64.b64encode(
    b'{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}'
).decode()


class FakeTokens:
    """Gives the token "fresh"."""

    def token(self, scope: str) -> str:
        """A token."""
        return "fresh"

    def refresh(self) -> bool:
        """There is no other."""
        return False


def bearer(user: str) -> Bearer:
    """Credentials with a token."""
    return Bearer(user, "https://outlook.office365.com/.default", FakeTokens())


def _context(authority: trustme.CA, certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate == "self_signed":
        own = trustme.CA()
        with own.private_key_pem.tempfile() as key, own.cert_pem.tempfile() as shown:
            context.load_cert_chain(shown, key)
    elif certificate == "other_name":
        authority.issue_cert("mail.elsewhere.example").configure_cert(context)
    else:
        end = datetime(2026, 1, 31, tzinfo=UTC) if certificate == "expired" else None
        authority.issue_cert("127.0.0.1", not_after=end).configure_cert(context)
    return context


@contextmanager
def playing(
    folder: Path, *scripts: Script, implicit_tls: bool = False, certificate: str = "good"
) -> Iterator[ScriptedServer]:
    """A server that plays the scripts, one for each connection.

    :param certificate: good, expired, self_signed or other_name.
    """
    authority = trustme.CA()
    context = _context(authority, certificate)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)
    server = ScriptedServer(listener.getsockname()[1], str(folder / "ca.pem"))

    def play() -> None:
        for script in scripts:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            conversation = Conversation(connection, context)
            server.heard.append(conversation.heard)
            try:
                if implicit_tls:
                    conversation.start_tls()
                script(conversation)
            except OSError:
                # The client hung up, which is what some tests are about; they look at what was heard.
                pass
            finally:
                conversation.close()

    player = threading.Thread(target=play, daemon=True)
    player.start()
    try:
        yield server
    finally:
        listener.close()
        player.join(PATIENCE)
