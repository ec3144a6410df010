# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What stand-ins of services for secrets share: JSON over HTTP on the loopback interface."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """A request.

    :param body: the bytes that came with it.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body's JSON object, empty if there is no body."""
        content: dict[str, Any] = json.loads(self.body or b"{}")
        return content


@dataclass(frozen=True)
class Answer:
    """An answer; its content, if there is any, is sent as JSON."""

    status: int
    content: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def listening(answer: Callable[[Request], Answer], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Let a function answer the requests, one at a time, on a free port; gives the port."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with turn:
                given = answer(
                    Request(self.command, unquote(address.path), parse_qs(address.query), self.headers, body)
                )
            data = b"" if given.content is None else json.dumps(given.content).encode()
            self.send_response(given.status)
            for name, value in {"Content-Type": "application/json", **given.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_LIST = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
