# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The same work for many objects, some at a time, and a verdict for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, defect, failure

Item = TypeVar("Item")


class Progress(Protocol):
    """Who is told how far the work is."""

    def advance(self, name: str) -> None:
        """One more object is done."""

    def say(self, text: str) -> None:
        """Something is waited for."""


async def each(
    items: Mapping[str, Item], work: Callable[[Item], Awaitable[Verdict]], *, at_once: int, progress: Progress
) -> dict[str, Verdict]:
    """Do the work for every item.

    What one raises becomes its verdict and stops no other: a neighbour may be halfway between a secret that was just
    made and the store that should keep it.

    :param items: by the names of the objects.
    :param at_once: how many items are worked on at a time, at least 1.
    :returns: the verdicts by the same names, in the same order.
    """
    places = asyncio.Semaphore(at_once)

    async def one(name: str, item: Item) -> Verdict:
        async with places:
            try:
                verdict = await work(item)
            except ModernAuthError as error:
                verdict = failure(error)
            except Exception as error:
                # The reporting boundary, as in a module of its own.
                verdict = failure(defect(error))
        progress.advance(name)
        return verdict

    verdicts = await asyncio.gather(*(one(name, item) for name, item in items.items()))
    return dict(zip(items, verdicts, strict=True))
