# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A Graph client for many coroutines at once: what they read at the same moment goes out together.

Whoever reads one object after another, for one application, needs no other code for a hundred: run side by side, the
reads of all meet here and share batches of twenty, and what several ask for alike is asked for once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import BATCH_LIMIT, GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph_messages import Answer, Request

#: How many requests are on their way at a time.
AT_ONCE = 8
#: Seconds in which what coroutines ask for counts as the same moment.
MOMENT = 0.003


class CoalescingGraphClient(GraphClient):
    """A GraphClient that gathers reads into batches."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bundle: _Bundle | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, request: Request) -> Answer:
        """See GraphClient. A read waits a moment for others."""
        if request.method == "GET":
            return await self._shared(request)
        async with self._places:
            return await super().send(request)

    async def batch(self, requests: Sequence[Request]) -> list[Answer]:
        """See GraphClient."""
        if all(request.method == "GET" for request in requests):
            return list(await asyncio.gather(*(self._shared(request) for request in requests)))
        return await super().batch(requests)

    async def _shared(self, request: Request) -> Answer:
        if self._bundle is None or not self._bundle.takes(request):
            self._bundle = _Bundle(self._fetched)
        place = self._bundle.add(request)
        answers = await asyncio.shield(self._bundle.answers)
        # Each has its own words for what it asks for.
        return replace(answers[place], request=request)

    async def _fetched(self, bundle: _Bundle) -> list[Answer]:
        await asyncio.sleep(MOMENT)
        if self._bundle is bundle:
            self._bundle = None
        if len(bundle.requests) > 1:
            return await super().batch(bundle.requests)
        async with self._places:
            return [await super().send(bundle.requests[0])]


class _Bundle:
    """Reads of the same moment, each once.

    :param fetched: sends them, as soon as the moment is over.
    """

    def __init__(self, fetched: Any) -> None:
        self.requests: list[Request] = []
        self._places: dict[tuple[Any, ...], int] = {}
        self.answers: asyncio.Task[list[Answer]] = asyncio.create_task(fetched(self))

    def takes(self, request: Request) -> bool:
        """Whether there is room for it, or it is there."""
        return len(self.requests) < BATCH_LIMIT or _key(request) in self._places

    def add(self, request: Request) -> int:
        """Its place among the answers."""
        key = _key(request)
        if key not in self._places:
            self._places[key] = len(self.requests)
            self.requests.append(request)
        return self._places[key]


def _key(request: Request) -> tuple[Any, ...]:
    return request.path, *sorted(request.headers.items())
