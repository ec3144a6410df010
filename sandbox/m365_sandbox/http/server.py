"""HTTP faces on uvicorn: several servers in one event loop, each on a socket that is already bound."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol


class CuttableProtocol(H11Protocol):
    """Puts the connection's transport into the state of its requests, so that a fault can cut the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class HttpServer(uvicorn.Server):
    """One face. Signals are the business of the process, not of each face.

    :param date_header: whether the server writes ``Date`` by the machine's clock; otherwise the app does.
    """

    def __init__(self, app: ASGIApp, sock: socket.socket, tls: ssl.SSLContext | None, *, date_header: bool) -> None:
        config = uvicorn.Config(
            app, http=CuttableProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, date_header=date_header, timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = tls
        super().__init__(config)
        self._socket = sock
        self._task: asyncio.Task[Any] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def start(self) -> None:
        """Return when the face accepts connections."""
        self._task = asyncio.create_task(self.serve(sockets=[self._socket]))
        while not self.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close the listener and the connections."""
        self.should_exit = True
        if self._task is not None:
            await self._task
