"""The tenant's clock: the machine's, unless a test has turned it.

Whatever the service judges or writes takes its time from here: tokens, assertions, lifetimes of credentials, dates of
objects, mails and answers. What happens to the machine keeps the machine's clock: replication lag, throttling,
timeouts, the log file, the certificates of the TLS faces, the mailbox store's own dates, the other side of WinRM.

A process has one tenant, hence one clock; the tenant's state keeps how far it is turned.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

# Two-year secrets that are made at either end must still have dates.
LIMIT = timedelta(days=365 * 50)


class Clock:
    """A clock that runs as fast as the machine's.

    ``offset`` is how many seconds it is ahead of the machine's; negative when it is behind.
    """

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> datetime:
        """An aware datetime in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def turn(self, offset: float) -> None:
        """Set how many seconds it is ahead of the machine's clock.

        :raises ValueError: if that is more than fifty years either way, or no number.
        """
        if not math.isfinite(offset) or abs(offset) > LIMIT.total_seconds():
            raise ValueError(f"the clock can be turned by {LIMIT.days} days either way, not by {offset} seconds")
        self.offset = float(offset)

    def set(self, moment: datetime) -> None:
        """Let it show an aware ``moment`` now.

        :raises ValueError: as ``turn``.
        """
        self.turn((moment - datetime.now(UTC)).total_seconds())


CLOCK = Clock()
now = CLOCK.now


def timestamp(moment: datetime) -> str:
    """A moment as Graph writes it, for example 2026-11-22T05:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(moment: datetime) -> str:
    """A moment in UTC as the header ``Date`` has it, for example ``Sun, 22 Nov 2026 05:00:00 GMT`` (RFC 9110)."""
    return format_datetime(moment, usegmt=True)
