# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a mail server is reached: its address, the operator's five words for TLS, and why a connection failed."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError

TlsMode = Literal["none", "auto", "implicit", "starttls", "starttls_optional"]
Upgrade = Literal["never", "at_once", "required", "if_offered"]

TLS_MODES: tuple[TlsMode, ...] = ("none", "auto", "implicit", "starttls", "starttls_optional")
IMPLICIT_PORTS = frozenset({465, 993, 995})


@dataclass(frozen=True)
class Server:
    """A server to connect to."""

    host: str
    port: int
    tls: TlsMode

    @property
    def where(self) -> str:
        """As messages name it."""
        return f"{self.host}:{self.port}"

    @property
    def upgrade(self) -> Upgrade:
        """When a connection to it becomes encrypted."""
        return upgrade_for(self.tls, self.port)


def upgrade_for(mode: TlsMode, port: int) -> Upgrade:
    """When a connection becomes encrypted.

    ``auto`` has MailKit's meaning: at once on the ports made for that, otherwise if the server offers it
    (https://mimekit.net/docs/html/T_MailKit_Security_SecureSocketOptions.htm).
    """
    if mode == "auto":
        return "at_once" if port in IMPLICIT_PORTS else "if_offered"
    upgrades: dict[TlsMode, Upgrade] = {
        "none": "never", "implicit": "at_once", "starttls": "required", "starttls_optional": "if_offered",
    }
    return upgrades[mode]


def is_encrypted(connection: socket.socket | None) -> bool:
    """Whether a connection is protected by TLS."""
    return isinstance(connection, ssl.SSLSocket)


@contextmanager
def reaching(server: Server) -> Iterator[None]:
    """Turn what goes wrong while a connection is made into an explanation.

    :raises TransportError: for every failure of the network and of TLS.
    """
    try:
        yield
    except OSError as error:
        reason, remedy = explain(error, server.upgrade)
        raise _unreachable(server, f"could not be reached: {reason}", remedy) from error


def closed_at_once(server: Server) -> TransportError:
    """The server hung up before it said anything."""
    return _unreachable(server, "closed the connection at once", "Check host, port and tls.")


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
    """Why a connection failed, and what to check. Pure."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message})",
                "Name the host as its certificate does, or give the file of the issuing authority as ca_path.",
            )
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
