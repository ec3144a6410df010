# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The five words for TLS, and why a connection failed."""

from __future__ import annotations

import socket
import ssl

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    Server,
    TlsMode,
    Upgrade,
    explain,
    reaching,
)


@pytest.mark.parametrize(
    ("mode", "port", "upgrade"),
    [
        ("none", 25, "never"), ("implicit", 465, "at_once"), ("starttls", 587, "required"),
        ("starttls_optional", 587, "if_offered"), ("auto", 465, "at_once"), ("auto", 993, "at_once"),
        ("auto", 995, "at_once"), ("auto", 587, "if_offered"), ("auto", 2525, "if_offered"),
    ],
)
def test_when_a_connection_becomes_encrypted(mode: TlsMode, port: int, upgrade: Upgrade) -> None:
    assert Server("mail.example", port, mode).upgrade == upgrade


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "upgrade", "reason", "remedy"),
    [
        (certificate_error(), "required", "not trusted (self-signed certificate)", "ca_path"),
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
    with pytest.raises(TransportError) as failed, reaching(Server("mail.example", 587, "starttls")):
        raise ConnectionRefusedError(111, "Connection refused")
    assert failed.value.message == "mail.example:587 could not be reached: nothing listens there."
    assert failed.value.details == {"step": "connect", "where": "mail.example:587"}
