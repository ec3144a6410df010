"""How fast mail may leave a mailbox, and to how many recipients. Pure."""

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


class RecipientRate:
    """Counts the recipients to whom a mailbox has sent within a day (Exchange Online limits)."""

    def __init__(self, seconds: float = 86400.0) -> None:
        self._seconds = seconds
        self._sent: dict[str, list[tuple[float, int]]] = {}

    def clear(self) -> None:
        """Forget what was sent."""
        self._sent.clear()

    def takes(self, mailbox: str, recipients: int, limit: int, moment: float) -> bool:
        """Whether a message to so many recipients is within the limit, and then count it.

        :param moment: now, in seconds; a clock that was put back forgets what comes later.
        """
        sent = [one for one in self._sent.get(mailbox, ()) if 0 <= moment - one[0] < self._seconds]
        within = sum(count for _, count in sent) + recipients <= limit
        self._sent[mailbox] = [*sent, (moment, recipients)] if within else sent
        return within
