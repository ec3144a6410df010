# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How long each step took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the seconds of named steps.

    :param clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._started = clock()
        self._seconds: dict[str, float] = {}
        self._is_running = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens inside.

        A step that happens twice is added up, a failed one counts, and one inside another is part of the outer.
        """
        if self._is_running:
            yield
            return
        self._is_running = True
        started = self.clock()
        try:
            yield
        finally:
            self._is_running = False
            self._seconds[name] = self._seconds.get(name, 0.0) + self.clock() - started

    def report(self) -> dict[str, float]:
        """Seconds by step, and in total, rounded to milliseconds."""
        seconds = self._seconds | {"total": self.clock() - self._started}
        return {name: round(value, 3) for name, value in seconds.items()}
