# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One proof: send the probe, look for it, take it away again. Or the other way round: see it refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import DeliveryError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.mailbox import Found, Mailbox
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.message import Probe
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.outcomes import (
    Deferred,
    Interrupted,
    Refused,
    Unanswered,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.stopwatch import Stopwatch

GROWTH = 1.5
LONGEST_PAUSE = 30.0
# How often a mail that a service put off, or that its cleanup, is tried.
ATTEMPTS = 5
# The part of the time after which a mail that a service answered with a server error is sent again.
GRACE = 0.25
# Where a refusal proves something. A refused connection, or no token, says nothing about this mail.
PROVING_STEPS = frozenset({"sign_in", "submission", "end_of_data"})

TAKE_AWAY = (
    "Take the right away from the application or the mailbox. A right that was just taken away may work for up to two "
    "hours more."
)


async def expect_closed(mailbox: Mailbox) -> Refused:
    """See that a mailbox is not opened.

    :returns: the refusal.
    :raises DeliveryError: if it is opened.
    :raises TransportError: if the service cannot be reached: that is no refusal.
    """
    try:
        await mailbox.open()
    except Refused as refusal:
        return refusal
    raise DeliveryError(
        f"{mailbox.where} opened the mailbox, although it was expected to refuse that.", remedy=TAKE_AWAY, passing=True,
        details={"step": "open_mailbox", "where": mailbox.where},
    )


class Sender(Protocol):
    """What sends a mail; one file a protocol implements it.

    :ivar where: as messages name it: "host:port", or Microsoft Graph's endpoint.
    :ivar is_encrypted: whether the connection is protected by TLS; known once it was made.
    """

    where: str
    is_encrypted: bool | None

    async def send(self, probe: Probe) -> None:
        """Hand the probe over, all its messages in one session.

        :raises Refused, Deferred: if the service says no.
        :raises Interrupted: if it took some of the messages, and then said no.
        :raises Unanswered: if it is unknown whether the service took it.
        :raises TransportError: if the service cannot be reached.
        """


@dataclass(frozen=True)
class Patience:
    """How long to wait for a mail.

    :param timeout: seconds, from the moment of sending.
    :param interval: seconds before the second look; the pauses grow by half, up to half a minute.
    """

    timeout: float
    interval: float


class Delivery:
    """One proof.

    :param sent_mail: mailboxes by which the copy in the sender's Sent Items may be deleted, best first.
    :param sender_mailbox: the mailbox that keeps such a copy; None if there is none.
    :param cleanup: whether the probe is deleted in the end.
    :param sleep: waits the given seconds; a test hands in one that does not.
    """

    def __init__(
        self, probe: Probe, sender: Sender, patience: Patience, stopwatch: Stopwatch, *,
        cleanup: bool, sent_mail: Sequence[Mailbox] = (), sender_mailbox: str | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self.polls = 0
        self.cleaned_up: dict[str, Any] = {"received": None, "sent_items": None}
        self._probe = probe
        self._sender = sender
        self._patience = patience
        self._stopwatch = stopwatch
        self._cleanup = cleanup
        self._sent_mail = sent_mail
        self._sender_mailbox = sender_mailbox
        self._sleep = sleep
        self._deadline = 0.0
        self._trouble: ModernAuthError | None = None

    async def prove(self, mailbox: Mailbox) -> Found:
        """Send the probe and wait until it is in the inbox.

        The mailbox is opened before anything is sent: a probe that nobody could find or delete is never sent.

        :param mailbox: where the probe should arrive.
        :returns: the probe as it arrived.
        :raises DeliveryError, TransportError: if it cannot be sent, does not arrive, or cannot be deleted.
        """
        await mailbox.open()
        try:
            copies, unsure = await self._send_until_found(mailbox)
        except Interrupted as error:
            error.message += f" {await self._take_back(mailbox, error.taken)}"
            raise
        await self._clean_up(mailbox, copies)
        if len(copies) < self._probe.messages:
            raise self._not_found(mailbox, len(copies), unsure)
        arrived = [copy for copy in copies if not copy.is_junk]
        if len(arrived) < self._probe.messages:
            junk = next(copy.folder for copy in copies if copy.is_junk)
            raise DeliveryError(
                f"The mail arrived, but in {junk} and not in the inbox.",
                remedy="Check the sending domain's SPF, DKIM and DMARC, and the receiving mailbox's safe senders.",
                details={"step": "wait", "where": mailbox.where},
            )
        return arrived[0]

    async def expect_refusal(self, mailbox: Mailbox | None) -> Refused:
        """Send the probe and see it refused.

        :param mailbox: where the probe would arrive; None if nobody looks for it.
        :returns: the refusal.
        :raises DeliveryError: if the service takes the mail, which is then deleted if it is found.
        :raises TransportError: if the service cannot be reached: that is no refusal.
        """
        if mailbox:
            await mailbox.open()
        self._start_waiting()
        try:
            unsure = await self._send_until_answered()
        except Refused as refusal:
            if refusal.step not in PROVING_STEPS:
                raise
            return refusal
        fate = await self._take_back(mailbox, 1)
        if unsure:
            raise DeliveryError(
                f"{unsure.message} A refusal was expected, and this is none. {fate}", details=unsure.details
            )
        raise DeliveryError(
            f"{self._sender.where} accepted the mail from {self._probe.sender}, although it was expected to refuse it. "
            f"{fate}",
            remedy=TAKE_AWAY, passing=True,
            details={"step": "end_of_data", "where": self._sender.where},
        )

    # -- sending ------------------------------------------------------------------------------------------------

    def _start_waiting(self) -> None:
        self._deadline = self._stopwatch.clock() + self._patience.timeout

    async def _send(self) -> Unanswered | None:
        """Send until the service takes the mail, refuses it, or leaves it open; None if it took it."""
        pause = self._patience.interval
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._sender.send(self._probe)
                return None
            except Unanswered as unsure:
                return unsure
            except Deferred as answer:
                wanted = max(pause, answer.retry_after or 0.0)
                if attempt == ATTEMPTS or self._stopwatch.clock() + wanted > self._deadline:
                    raise
                with self._stopwatch.step("wait"):
                    await self._sleep(wanted)
            pause = min(pause * GROWTH, LONGEST_PAUSE)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _send_until_answered(self) -> Unanswered | None:
        """Send until it is known what the service makes of the mail.

        A mail that was taken in spite of a server error would be none that is refused, so sending it once more does no
        harm: it is looked for and deleted like every other that should not have been accepted.
        """
        for _attempt in range(ATTEMPTS - 1):
            unsure = await self._send()
            if unsure is None or not unsure.may_resend or self._stopwatch.clock() > self._deadline:
                return unsure
            with self._stopwatch.step("wait"):
                await self._sleep(self._patience.interval)
        return await self._send()

    async def _send_until_found(self, mailbox: Mailbox) -> tuple[list[Found], Unanswered | None]:
        """Send, and look for the probe until time is up.

        What may have been taken is never sent again blindly. Only if the service itself answered with a server error,
        and the probe was looked for in vain for a while, it is sent once more: with the same Message-ID, so that a
        second copy is found and deleted as well.
        """
        self._start_waiting()
        while True:
            unsure = await self._send()
            until = self._deadline
            if unsure and unsure.may_resend:
                until = min(until, self._stopwatch.clock() + self._patience.timeout * GRACE)
            copies = await self._look(mailbox, until, self._probe.messages)
            if len(copies) >= self._probe.messages or until == self._deadline:
                return copies, unsure

    # -- looking ------------------------------------------------------------------------------------------------

    async def _look(self, mailbox: Mailbox, until: float, wanted: int) -> list[Found]:
        """Look until so many copies are there or it is too late. What fails is tried again, and the last kept."""
        pause = self._patience.interval
        copies: list[Found] = []
        with self._stopwatch.step("wait"):
            while True:
                self.polls += 1
                asked_for = pause
                try:
                    copies = await mailbox.find(self._probe)
                except ModernAuthError as error:
                    self._trouble = error
                    asked_for = max(pause, (error.retry_after or 0.0) if isinstance(error, Deferred) else 0.0)
                else:
                    self._trouble = None
                    if len(copies) >= wanted:
                        return copies
                remaining = until - self._stopwatch.clock()
                if remaining <= 0:
                    return copies
                await self._sleep(min(asked_for, remaining))
                pause = min(pause * GROWTH, LONGEST_PAUSE)

    def _not_found(self, mailbox: Mailbox, found: int, unsure: Unanswered | None) -> DeliveryError:
        probe = self._probe
        looked = (
            f"The mail {probe.message_id} to {', '.join(probe.recipients)}, subject {probe.subject!r}, was not "
            f"found in {mailbox.folders} at {mailbox.where} within {self._patience.timeout:g} seconds "
            f"({self.polls} looks)."
        )
        if found:
            looked = f"Only {found} of {probe.messages} mails that were sent in one session arrived. {looked}"
        doubts = [error.message for error in (unsure, self._trouble) if error]
        return DeliveryError(
            " ".join([looked, *doubts]),
            code=self._trouble.code if self._trouble else None, passing=_is_passing(self._trouble),
            remedy="Check that the recipient's address leads to this mailbox, that no inbox rule moves the mail, the "
            "quarantine and the junk folder; trace the Message-ID (Get-MessageTraceV2 -MessageId), or give a longer "
            "timeout.",
            details={"step": "wait", "where": mailbox.where},
        )

    # -- cleaning up --------------------------------------------------------------------------------------------

    async def _clean_up(self, mailbox: Mailbox, copies: list[Found]) -> None:
        if not (self._cleanup and copies):
            return
        with self._stopwatch.step("cleanup"):
            await self._remove(mailbox, copies)
            self.cleaned_up = {"received": len(copies), "sent_items": await self._clean_up_sent_mail()}

    async def _remove(self, mailbox: Mailbox, copies: list[Found]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await mailbox.remove(copies)
                return
            except Refused as error:
                raise self._not_removed(error) from error
            except ModernAuthError as error:
                if attempt == ATTEMPTS:
                    raise self._not_removed(error) from error
            await self._sleep(self._patience.interval)
            copies = await mailbox.find(self._probe)

    @staticmethod
    def _not_removed(error: ModernAuthError) -> DeliveryError:
        return DeliveryError(
            f"The mail arrived, but could not be deleted: {error.message}",
            code=error.code, request_id=error.request_id, passing=_is_passing(error),
            remedy=error.remedy or "Give the right to delete, or set cleanup: false.", details=error.details,
        )

    async def _clean_up_sent_mail(self) -> str | None:
        """Delete the copy in Sent Items as far as the given rights allow, and say what became of it."""
        if self._sender_mailbox is None:
            return None
        reason = "none of the given rights opens the sending mailbox"
        for mailbox in self._sent_mail:
            try:
                removed = await mailbox.remove_sent(self._probe, self._sender_mailbox)
            except ModernAuthError as error:
                reason = error.message
                continue
            if removed is not None:
                return "deleted" if removed else "not found"
        return f"left there: {reason}"

    async def _take_back(self, mailbox: Mailbox | None, taken: int) -> str:
        """Delete what should not have been accepted, or is not complete, and say what became of it."""
        if not mailbox or not self._cleanup:
            return "What was taken was left where it is."
        copies = await self._look(mailbox, self._deadline, taken)
        if not copies:
            return f"It was not found in {mailbox.folders} at {mailbox.where}, so it could not be deleted."
        await self._clean_up(mailbox, copies)
        return "It was found and deleted."


def _is_passing(error: ModernAuthError | None) -> bool:
    return isinstance(error, DeliveryError) and error.passing
