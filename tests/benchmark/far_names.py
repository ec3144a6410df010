"""Microsoft's own addresses, led to the sandbox, for clients that cannot be told another one.

A proxy as HTTPS_PROXY names it. It answers for a name with a certificate of an authority of its own, and hands on what
is said to a port of this machine. Whatever else is asked for is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import trustme

_END = b"\r\n\r\n"


@contextlib.contextmanager
def far_names(ports: Mapping[str, int], sandbox_ca: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run the proxy.

    :param ports: where each name leads to.
    :param sandbox_ca: the authority of the servers there.
    :param folder: where the authorities are written that a client has to trust.
    :returns: the environment of a client.
    """
    authority = trustme.CA()
    trusted = folder / "authorities.pem"
    trusted.write_bytes(authority.cert_pem.bytes() + Path(sandbox_ca).read_bytes())
    loop = asyncio.new_event_loop()
    proxy = _Proxy(ports, authority, ssl.create_default_context(cafile=sandbox_ca))
    server = loop.run_until_complete(asyncio.start_server(proxy.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield {
            "HTTPS_PROXY": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            "NO_PROXY": "localhost,127.0.0.1", "SSL_CERT_FILE": str(trusted), "REQUESTS_CA_BUNDLE": str(trusted),
        }
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()


class _Proxy:
    def __init__(self, ports: Mapping[str, int], authority: trustme.CA, trust: ssl.SSLContext) -> None:
        self._ports = ports
        self._trust = trust
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*ports).configure_cert(self._context)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: ``CONNECT name:443``, and what is said then."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            asked = (await reader.readuntil(_END)).split()
            port = self._ports.get(asked[1].decode().partition(":")[0]) if asked[0] == b"CONNECT" else None
            if port is None:
                writer.write(b"HTTP/1.1 403 Forbidden" + _END)
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 Connected" + _END)
            await writer.drain()
            await writer.start_tls(self._context)
            there_reader, there_writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=self._trust, server_hostname="localhost"
            )
            with contextlib.closing(there_writer):
                await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
