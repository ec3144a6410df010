# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One proof: a product takes its mail out of its mailbox. The probe is put there unread, and somebody has to read, move
or delete it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import DeliveryError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.delivery import (
    GROWTH,
    LONGEST_PAUSE,
    Patience,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found, Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch


class Inbox(Mailbox, Protocol):
    """A mailbox into which a mail can be put."""

    async def put(self, probe: Probe) -> None:
        """Put the probe into the inbox, as if it had just arrived. Raises like ``open``."""

    async def unread(self, probe: Probe) -> list[Found]:
        """The probe in the inbox, if nobody has read it. Raises like ``open``."""


class Taking:
    """One proof.

    :param cleanup: whether what is left of the probe is deleted in the end.
    :param sleep: waits the given seconds; a test hands in one that does not.
    """

    def __init__(
        self, probe: Probe, patience: Patience, stopwatch: Stopwatch, *, cleanup: bool,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self.polls = 0
        self.cleaned_up: dict[str, Any] = {"received": None, "sent_items": None}
        self._probe = probe
        self._patience = patience
        self._stopwatch = stopwatch
        self._cleanup = cleanup
        self._sleep = sleep

    async def prove(self, inbox: Inbox) -> None:
        """Put the probe into the inbox, and see it taken.

        :raises DeliveryError, TransportError: if the mailbox cannot be used, or nobody takes the mail.
        """
        await inbox.open()
        await inbox.put(self._probe)
        is_taken, trouble = await self._wait(inbox)
        if self._cleanup:
            with self._stopwatch.step("cleanup"):
                left = await inbox.find(self._probe)
                await inbox.remove(left)
                self.cleaned_up = {"received": len(left), "sent_items": None}
        if not is_taken:
            raise DeliveryError(
                f"Nobody has taken the mail {self._probe.subject!r} out of the inbox of {self._probe.recipients[0]} at "
                f"{inbox.where} within {self._patience.timeout:g} seconds ({self.polls} looks)."
                f"{f' {trouble.message}' if trouble else ''}",
                remedy="Look into the product's log; check that its reading is switched on, that it reads this very "
                "mailbox by IMAP, that the interval at which it looks is shorter than the timeout, and that the "
                "sign-in of its person is still good.",
                details={"step": "wait", "where": inbox.where},
            )

    async def _wait(self, inbox: Inbox) -> tuple[bool, ModernAuthError | None]:
        """Whether the mail was taken in time, and what went wrong with the last look."""
        deadline = self._stopwatch.clock() + self._patience.timeout
        pause, trouble = self._patience.interval, None
        with self._stopwatch.step("wait"):
            while True:
                self.polls += 1
                try:
                    if not await inbox.unread(self._probe):
                        return True, None
                except ModernAuthError as error:
                    trouble = error
                else:
                    trouble = None
                remaining = deadline - self._stopwatch.clock()
                if remaining <= 0:
                    return False, trouble
                await self._sleep(min(pause, remaining))
                pause = min(pause * GROWTH, LONGEST_PAUSE)
