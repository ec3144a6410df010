"""What the sessions of IMAP and POP3 have in common: two streams, of which one may end first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK = 1 << 16


async def until_one_ends(*directions: Coroutine[Any, Any, None]) -> None:
    """Run all of them until the first one ends, then cancel the others; raises what that one raised."""
    tasks = [asyncio.ensure_future(direction) for direction in directions]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int) -> None:
    """Copy so many bytes without keeping them; EOFError if the reader ends before."""
    while size:
        data = await reader.read(min(size, _CHUNK))
        if not data:
            raise EOFError
        writer.write(data)
        await writer.drain()
        size -= len(data)


async def skip(reader: asyncio.StreamReader, size: int) -> None:
    """Read so many bytes for nothing; EOFError if the reader ends before."""
    while size:
        data = await reader.read(min(size, _CHUNK))
        if not data:
            raise EOFError
        size -= len(data)
