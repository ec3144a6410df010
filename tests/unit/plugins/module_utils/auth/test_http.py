# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proxies that refuse, and services that ask for patience, seen by the clients of the sign-in and of Graph."""

from __future__ import annotations

import asyncio
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._discovery import Discovery
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import HttpClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import TransportError
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import graph_client
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Request


class Proxy:
    """Answers every request with one status line."""

    def __init__(self, status: str) -> None:
        self.heard = heard = list[bytes]()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                heard.append(self.rfile.readline())
                self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(params=["407 Proxy Authentication Required", "403 Forbidden"])
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Proxy, str]]:
    made = Proxy(request.param)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:s3cret@{made.address}")
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made, request.param
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class Tokens:
    def token(self, scope: str) -> str:
        return "token"

    def refresh(self) -> bool:
        return False


def never(seconds: float) -> None:
    raise AssertionError(f"waits {seconds} s")


def sign_in() -> None:
    HttpClient(None, 10, Discovery(None), sleep=never).post("https://service.test/token", data={"a": "b"})


def ask_graph() -> None:
    options = {"cloud": "custom", "authority_host": "https://login.test", "graph_endpoint": "https://service.test"}

    async def ask() -> None:
        async with graph_client(options, Tokens()) as graph:
            await graph.send(Request("GET", "/users", "read users"))

    asyncio.run(ask())


@pytest.mark.parametrize("ask", [sign_in, ask_graph])
def test_a_proxy_that_refuses_is_named_and_not_asked_again(proxy: tuple[Proxy, str], ask: Callable[[], None]) -> None:
    made, status = proxy
    with pytest.raises(TransportError) as caught:
        ask()
    assert f"the proxy {made.address} refused the connection to service.test with {status}." in caught.value.message
    assert caught.value.code == status[:3]
    assert len(made.heard) == 1
    assert made.heard[0].startswith(b"CONNECT service.test:443 ")
    assert "s3cret" not in str(caught.value.result())
