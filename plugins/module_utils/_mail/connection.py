# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a mail server is reached: its address, the operator's five words for TLS, and why a connection failed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError, TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail import certificates

TlsMode = Literal["none", "auto", "implicit", "starttls", "starttls_optional"]
Upgrade = Literal["never", "at_once", "required", "if_offered"]
ServerProtocol = Literal["smtp", "imap", "pop3"]

TLS_MODES: tuple[TlsMode, ...] = ("none", "auto", "implicit", "starttls", "starttls_optional")
#: On which port TLS starts with the first byte (RFC 8314 section 3).
IMPLICIT_PORTS: Mapping[ServerProtocol, int] = {"smtp": 465, "imap": 993, "pop3": 995}


@dataclass(frozen=True)
class Server:
    """A server to connect to."""

    protocol: ServerProtocol
    host: str
    port: int
    tls: TlsMode

    @property
    def where(self) -> str:
        """As messages name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def upgrade(self) -> Upgrade:
        """When a connection to it becomes encrypted.

        The words have the meaning of MailKit's SecureSocketOptions: ``auto`` is ``implicit`` on the protocol's own port
        for that, and ``starttls_optional`` on every other. An upgrade that is offered and then fails is a failure with
        each of them; nothing goes on in the clear then
        (https://github.com/jstedfast/MailKit/blob/master/MailKit/Net/Smtp/SmtpClient.cs, ComputeDefaultValues,
        PostConnect).
        """
        match self.tls:
            case "none":
                return "never"
            case "implicit":
                return "at_once"
            case "auto" if self.port == IMPLICIT_PORTS[self.protocol]:
                return "at_once"
            case "starttls":
                return "required"
            case _:
                return "if_offered"


def is_encrypted(connection: socket.socket | None) -> bool:
    """Whether a connection is protected by TLS."""
    return isinstance(connection, ssl.SSLSocket)


class Connection(Protocol):
    """What smtplib's, imaplib's and poplib's connections have in common."""

    @property
    def sock(self) -> socket.socket | None: ...


AConnection = TypeVar("AConnection", bound=Connection)


def reach(
    server: Server, context: ssl.SSLContext, dial: Callable[[ssl.SSLContext], AConnection],
    hang_up: Callable[[AConnection], object],
) -> AConnection:
    """Make a connection, or explain why there is none.

    :param context: by which the server's certificate is verified.
    :param dial: makes a connection with a context, encrypted as ``server`` says; raises OSError, or a typed error.
    :param hang_up: closes one.
    :raises TransportError: for every failure of the network and of TLS.
    """
    try:
        return dial(context)
    except ssl.SSLCertVerificationError as error:
        certificate = _shown(dial, hang_up)
        reason, remedy = certificates.explain(error, certificate, server.host, datetime.now(UTC))
        raise _unreachable(server, f"could not be reached: {reason}", remedy) from error
    except OSError as error:
        reason, remedy = explain(error, server.upgrade)
        raise _unreachable(server, f"could not be reached: {reason}", remedy) from error


def _shown(
    dial: Callable[[ssl.SSLContext], AConnection], hang_up: Callable[[AConnection], object]
) -> certificates.Certificate | None:
    """The certificate that was just refused. OpenSSL does not hand it out, so the server is asked once more.

    That connection verifies nothing and carries nothing: it is closed as soon as the certificate is there.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        connection = dial(context)
    except (OSError, ModernAuthError):
        return None
    try:
        sock = connection.sock
        der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    finally:
        hang_up(connection)
    return certificates.parsed(der) if der else None


def cut(connection: Connection | None) -> None:
    """End a connection from which another thread reads; to close it would wait for that."""
    if connection and connection.sock:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def closed_at_once(server: Server) -> TransportError:
    """The server hung up before it said anything."""
    return _unreachable(server, "closed the connection at once", "Check host, port and tls.")


def endless(server: Server, seconds: float) -> TransportError:
    """The server went on and on."""
    return _unreachable(
        server, f"came to no end within {seconds:g} seconds",
        "Check host, port and tls; if the server is slow, give a longer request_timeout.",
    )


def no_starttls(server: Server) -> TransportError:
    """TLS was asked for, and the server does not offer it. (MailKit says NotSupportedException here.)"""
    return _unreachable(
        server, "offers no STARTTLS, so tls starttls is not possible",
        "Use a port that offers it, or tls implicit where TLS starts with the first byte; starttls_optional would send "
        "in the clear.",
    )


def token_in_the_clear(server: Server) -> TransportError:
    """A token was about to travel without TLS."""
    return _unreachable(
        server, "offers no TLS, and an access token is never sent in the clear",
        "Use tls starttls with a port that offers it, or tls implicit.",
    )


def _unreachable(server: Server, what: str, remedy: str) -> TransportError:
    return TransportError(
        f"{server.where} {what}.", remedy=remedy, details={"step": "connect", "where": server.where}
    )


def explain(error: OSError, upgrade: Upgrade) -> tuple[str, str]:
    """Why a connection failed, other than for its certificate, and what to check. Pure."""
    match error:
        case ssl.SSLError() if upgrade == "at_once":
            return (
                f"it does not speak TLS from the first byte ({error.strerror})",
                "Check the port, or set tls to starttls if the server upgrades the connection later.",
            )
        case ssl.SSLError():
            return f"TLS could not be agreed on ({error.strerror})", "The server must speak TLS 1.2 or later."
        case socket.gaierror():
            return f"the host name is unknown ({error.strerror})", "Check the host's spelling and the name service."
        case TimeoutError() if upgrade != "at_once":
            return (
                "it gave no answer in time",
                "Check the firewall and the port; a server that expects TLS from the first byte is silent too: then "
                "set tls to implicit.",
            )
        case TimeoutError():
            return "it gave no answer in time", "Check the firewall and the port."
        case ConnectionRefusedError():
            return "nothing listens there", "Check host and port."
        case _:
            return error.strerror or str(error) or type(error).__name__, "Check host, port and tls."
