# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How far a long step is, for people who watch a terminal or a log."""

from __future__ import annotations

import threading
from types import TracebackType

from ansible.utils.display import Display

#: Up to so many objects are done before anybody wonders.
FEW = 10
#: Seconds between two lines, at most.
PAUSE = 10.0


class Progress:
    """Lines such as "identity: 40 of 100 applications", while the step goes on; none for a few objects done at once.

    :param step: the name of the step.
    :param noun: what it works on, in the plural.
    :param total: how many there are.
    """

    def __init__(self, step: str, noun: str, total: int) -> None:
        self._step, self._noun, self._total = step, noun, total
        self._done = 0
        self._shown = 0
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()

    def advance(self, name: str) -> None:
        """One more object is done."""
        self._done += 1
        due = self._done - self._shown >= max(FEW, self._total // 10) or self._done == self._total
        if self._total > FEW and due:
            self._show()

    def say(self, text: str) -> None:
        """Tell what is waited for."""
        Display().display(f"{self._step}: {text}")

    def _tick(self) -> None:
        while not self._ended.wait(PAUSE):
            self._show()

    def _show(self) -> None:
        self._shown = self._done
        Display().display(f"{self._step}: {self._done} of {self._total} {self._noun}")
