"""Serves an ASGI application over https from a thread of the test's process."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trustme
from m365_sandbox.http.server import HttpServer
from starlette.types import ASGIApp


def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context for 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@dataclass(frozen=True)
class Served:
    """Where an application is served, and the loop that it runs in."""

    port: int
    loop: asyncio.AbstractEventLoop


@contextmanager
def serving(app: ASGIApp, tls: ssl.SSLContext) -> Iterator[Served]:
    """Serve an application on a port of 127.0.0.1 from a thread."""
    # asyncio switches Nagle's algorithm off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = HttpServer(app, listener, tls, date_header=True)
        await server.start()
        started.set()
        await ended.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait()
    try:
        yield Served(listener.getsockname()[1], loop)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
