# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""When to try again, for every service that the collection talks to. Pure, except for the dice."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

#: How often a request is sent at most. One in ten failing, eight attempts fail once in a hundred million runs.
ATTEMPTS = 8
#: How often a connection is tried at most: a wrong host name or a closed port should be reported within seconds.
CONNECTION_ATTEMPTS = 4
#: The longest pause in seconds, whatever Retry-After asks for: a service that wants more is not there now.
LONGEST_PAUSE = 60.0
#: Seconds between two looks at what is awaited, at most.
LONGEST_WAIT = 5.0

THROTTLED = frozenset({429})
UNAVAILABLE = frozenset({500, 502, 503, 504})

T = TypeVar("T")


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


def pause(attempt: int, asked_for: float | None = None) -> float:
    """The seconds to wait after the given attempt, counted from 1.

    What the service asked for, else 0.5, 1, 2, 4 … seconds, a quarter more or less, so that hosts that were refused
    together do not come back together.
    """
    if asked_for is not None:
        return min(asked_for, LONGEST_PAUSE)
    return min(0.5 * 2.0 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)


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
