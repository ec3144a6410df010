# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The five words for TLS, and why a connection failed."""

from __future__ import annotations

import smtplib
import socket
import ssl

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    TLS_MODES,
    Server,
    ServerProtocol,
    TlsMode,
    Upgrade,
    explain,
    reach,
)

ALWAYS: dict[TlsMode, Upgrade] = {
    "none": "never", "implicit": "at_once", "starttls": "required", "starttls_optional": "if_offered",
}


@pytest.mark.parametrize("mode", TLS_MODES)
@pytest.mark.parametrize("port", [25, 110, 143, 465, 587, 993, 995, 2525])
@pytest.mark.parametrize(("protocol", "own_port"), [("smtp", 465), ("imap", 993), ("pop3", 995)])
def test_when_a_connection_becomes_encrypted(
    protocol: ServerProtocol, own_port: int, port: int, mode: TlsMode
) -> None:
    # MailKit's Auto looks at the port of its own protocol alone.
    expected = ALWAYS.get(mode, "at_once" if port == own_port else "if_offered")
    assert Server(protocol, "mail.example", port, mode).upgrade == expected


@pytest.mark.parametrize(("host", "where"), [("mail.example", "mail.example:25"), ("::1", "[::1]:25")])
def test_how_messages_name_a_server(host: str, where: str) -> None:
    assert Server("smtp", host, 25, "none").where == where


@pytest.mark.parametrize(
    ("error", "upgrade", "reason", "remedy"),
    [
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "at_once", "from the first byte", "starttls"),
        (ssl.SSLError(1, "UNSUPPORTED_PROTOCOL"), "required", "could not be agreed on", "TLS 1.2"),
        (socket.gaierror(-2, "Name or service not known"), "required", "the host name is unknown", "spelling"),
        (TimeoutError(), "required", "no answer in time", "tls to implicit"),
        (TimeoutError(), "at_once", "no answer in time", "firewall"),
        (ConnectionRefusedError(111, "Connection refused"), "required", "nothing listens", "port"),
        (OSError(113, "No route to host"), "required", "No route to host", "host"),
    ],
)
def test_why_it_failed(error: OSError, upgrade: Upgrade, reason: str, remedy: str) -> None:
    said, advice = explain(error, upgrade)
    assert reason in said
    assert remedy in advice


def test_the_message_names_host_and_port() -> None:
    def dial(context: ssl.SSLContext) -> smtplib.SMTP:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(TransportError) as failed:
        reach(Server("smtp", "mail.example", 587, "starttls"), ssl.create_default_context(), dial, smtplib.SMTP.close)
    assert failed.value.message == "mail.example:587 could not be reached: nothing listens there."
    assert failed.value.details == {"step": "connect", "where": "mail.example:587"}
