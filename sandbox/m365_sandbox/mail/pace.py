"""How fast mail may leave a mailbox. Pure."""

from __future__ import annotations

import collections


class Pace:
    """Counts what leaves a mailbox within a while.

    :param limit: messages; 30 a minute by SMTP (Exchange Online limits; the excess is delayed, not refused).
    :param seconds: the while.
    """

    def __init__(self, limit: int = 30, seconds: float = 60.0) -> None:
        self._limit = limit
        self._seconds = seconds
        self._left: dict[str, collections.deque[float]] = collections.defaultdict(collections.deque)

    def clear(self) -> None:
        """Forget what has left."""
        self._left.clear()

    def delay(self, mailbox: str, moment: float) -> float:
        """Seconds until another message may leave; 0 counts it, so that it leaves now.

        :param moment: now, in seconds; a clock that was put back forgets what comes later.
        """
        left = self._left[mailbox]
        while left and not 0 <= moment - left[0] < self._seconds:
            left.popleft()
        if len(left) < self._limit:
            left.append(moment)
            return 0.0
        return left[0] + self._seconds - moment
