# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""When to try again, for every service that the collection talks to, and who is told of it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias, TypeVar

#: How often a request is sent at most. One in ten failing, eight attempts fail once in a hundred million runs.
ATTEMPTS = 8
#: How often a connection is tried at most: a wrong host name or a closed port should be reported within seconds.
CONNECTION_ATTEMPTS = 4
#: The longest pause in seconds that is made without being asked for.
LONGEST_PAUSE = 60.0
#: Seconds that one request waits at most, all its pauses together. Graph has been seen to ask for 315 in one go.
LONGEST_PATIENCE = 600.0
#: A pause of so many seconds is told to whoever watches.
WORTH_TELLING = 10.0
#: Seconds between two looks at what is awaited, at most.
LONGEST_WAIT = 5.0

THROTTLED = frozenset({429})
UNAVAILABLE = frozenset({500, 502, 503, 504})

T = TypeVar("T")
#: Tells whoever watches what is waited for.
Say: TypeAlias = Callable[[str], None]
#: Nobody watches a module that runs elsewhere.
_WATCHER: ContextVar[Say | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(say: Say) -> Iterator[None]:
    """Have somebody told of long pauses, whichever client makes them, in asyncio's threads as well."""
    before = _WATCHER.set(say)
    try:
        yield
    finally:
        _WATCHER.reset(before)


def watcher() -> Say | None:
    """Who watches; None if nobody does."""
    return _WATCHER.get()


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds that a Retry-After header asks for; None if there is none or it cannot be read.

    Microsoft Graph sends fractions of a second too: https://learn.microsoft.com/graph/throttling-limits.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def pause(attempt: int) -> float:
    """The seconds to wait after the given attempt, counted from 1, if the service does not name any.

    0.5, 1, 2, 4 …, a quarter more or less, so that hosts that were refused together do not come back together.
    """
    return min(0.5 * 2.0 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)


class Attempts:
    """The attempts at one request.

    :param service: as messages name it.
    """

    def __init__(self, service: str) -> None:
        self.made = 0
        self._service = service
        self._waited = 0.0

    def pause(self, asked_for: float | None = None) -> float | None:
        """Count a failed attempt.

        :param asked_for: the seconds that the service asks to wait.
        :returns: the seconds until the next attempt; None if there is none, since there were enough, or the service
            wants more time than ``LONGEST_PATIENCE``.
        """
        self.made += 1
        seconds = pause(self.made) if asked_for is None else asked_for
        if self.made == ATTEMPTS or self._waited + seconds > LONGEST_PATIENCE:
            return None
        say = watcher()
        if say is not None and seconds >= WORTH_TELLING:
            say(f"{self._service} asks for {seconds:.0f} s; waiting." if asked_for is not None
                else f"{self._service} does not answer as it should; trying again in {seconds:.0f} s.")
        self._waited += seconds
        return seconds


async def wait_until(
    attempt: Callable[[], Awaitable[T]], done: Callable[[T], bool], patience: float,
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """Repeat an attempt with growing pauses until its result is the one waited for.

    :param patience: seconds of pauses after which waiting ends.
    :param sleep: waits the given seconds.
    :returns: the last result, whether or not it is the one waited for.
    """
    waited, number = 0.0, 1
    while not done(result := await attempt()) and waited < patience:
        seconds = min(pause(number), LONGEST_WAIT, patience - waited)
        await sleep(seconds)
        waited, number = waited + seconds, number + 1
    return result
