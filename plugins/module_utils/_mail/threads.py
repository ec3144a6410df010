# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting for a mail server without being at its mercy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import Server, endless

#: For how many answers a server gets time, each as long as a part of one may take.
ANSWERS = 20

T = TypeVar("T")


async def in_thread(
    server: Server, patience: float, work: Callable[..., T], *arguments: Any, give_up: Callable[[], None] = lambda: None
) -> T:
    """Do what waits for a server, in a thread of its own that nobody waits for when time is up.

    A time limit for each part of an answer does not end an answer that never ends, and a thread of the loop's pool
    would keep the process from ending.

    :param patience: seconds for each part of an answer; all together may take ANSWERS times as long.
    :param give_up: is called when time is up, or who waits is cancelled, to end what the thread waits for.
    :raises TransportError: if that is not enough. Otherwise as ``work``.
    """
    done: Future[T] = Future()

    def run() -> None:
        # What is running is not cancelled with who waits, and so may still be given its result.
        done.set_running_or_notify_cancel()
        try:
            done.set_result(work(*arguments))
        except BaseException as error:
            # Whatever it is belongs to who waits.
            done.set_exception(error)

    threading.Thread(target=run, name=f"mail {server.where}", daemon=True).start()
    limit = asyncio.timeout(ANSWERS * patience)
    try:
        async with limit:
            return await asyncio.wrap_future(done)
    except TimeoutError:
        if not limit.expired():
            raise
        raise endless(server, ANSWERS * patience) from None
    finally:
        if not done.done():
            give_up()
