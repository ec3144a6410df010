"""The stand-in's requests: one connection per host, certificates verified as .NET does it on Linux."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from m365_sandbox.powershell.records import RecordError

TIMEOUT_SECONDS = 100


@dataclass(frozen=True)
class HttpAnswer:
    """``body`` is the JSON object, empty if there was none; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Http:
    """Keeps the connections open between requests. OpenSSL reads SSL_CERT_FILE, as .NET does."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._connections: dict[str, http.client.HTTPSConnection] = {}

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
        """Send one request.

        :raises RecordError: as Invoke-WebRequest refuses when there is no connection.
        """
        address = urlsplit(url)
        target = f"{address.path}?{address.query}" if address.query else address.path
        host = address.netloc
        for attempt in (1, 2):
            connection = self._connections.get(host)
            is_new = connection is None
            if connection is None:
                connection = http.client.HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=self._tls)
                self._connections[host] = connection
            try:
                connection.request(method, target, body, dict(headers))
                answer = connection.getresponse()
                content = answer.read()
            except (http.client.HTTPException, OSError) as error:
                del self._connections[host]
                connection.close()
                # A server may close a connection that was idle.
                if is_new or attempt == 2:
                    raise _no_connection(error, host) from error
            else:
                found = {name.lower(): value for name, value in answer.getheaders()}
                return HttpAnswer(answer.status, found, _json(content))
        raise AssertionError("unreachable: the second attempt returns or raises")


def _json(content: bytes) -> Mapping[str, Any]:
    # A refusal of the admin API can be NUL bytes instead of JSON.
    text = content.decode("utf-8", "replace").lstrip("\0 \r\n")
    return json.loads(text) if text.startswith("{") else {}


def _no_connection(error: Exception, host: str) -> RecordError:
    match error:
        case ssl.SSLError():
            message = "The SSL connection could not be established, see inner exception."
        case ConnectionRefusedError():
            message = f"Connection refused ({host})"
        case _:
            message = "An error occurred while sending the request."
    return RecordError(
        message, "System.Net.Http.HttpRequestException",
        "WebCmdletWebResponseException,Microsoft.PowerShell.Commands.InvokeWebRequestCommand", "InvalidOperation",
    )
