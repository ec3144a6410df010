"""Where a message goes: into mailboxes of the organisation, to another one, into the spool, or back to its sender."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from m365_sandbox.mail import message as mime
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity

log = logging.getLogger(__name__)


class Organisation(Protocol):
    """Whose mailboxes they are."""

    @property
    def domains(self) -> Collection[str]:
        """Its domains, in lower case."""

    def find_recipient(self, address: str) -> Entity | None:
        """The mailbox that gets the mail for an address; it has an ``address`` and a ``store``."""


class Stamps(Protocol):
    def __call__(self, server: str, *, authenticated: bool) -> list[str]:
        """A provider's own header fields on a message that a mailbox receives."""


class Report(Protocol):
    def __call__(self, original: bytes, recipient: str, unknown: Sequence[str], moment: datetime) -> bytes:
        """What the sender's mailbox gets when some recipients do not exist."""


@dataclass(frozen=True)
class MailSystem:
    """What a provider leaves on messages, and where it keeps sent ones.

    :param message_ids: what stands behind the @ of a Message-ID that it gives.
    :param received: how its servers talk to each other, as in a Received field.
    """

    server: str
    sent_folder: str
    message_ids: str
    received: str
    stamps: Stamps
    report: Report


@dataclass(frozen=True)
class Sorted:
    """Recipients by what becomes of them: stores to deliver to, foreign addresses, unknown ones of the organisation."""

    stores: tuple[str, ...]
    foreign: tuple[str, ...]
    unknown: tuple[str, ...]


class PostOffice:
    """Delivers what submission ports, relays and Graph accepted.

    ``neighbours`` are the post offices of other organisations, which are tried before the outbound spool.
    """

    def __init__(self, organisation: Organisation, store: MailStore, system: MailSystem) -> None:
        self._organisation = organisation
        self.store = store
        self._system = system
        self.neighbours: tuple[PostOffice, ...] = ()

    def serves(self, address: str) -> bool:
        """Whether the address is in one of the organisation's domains."""
        return address.rpartition("@")[2].casefold() in self._organisation.domains

    def sort(self, recipients: Sequence[str]) -> Sorted:
        """Decide per recipient; several addresses of one mailbox are one delivery."""
        stores: dict[str, None] = {}
        foreign: list[str] = []
        unknown: list[str] = []
        for address in recipients:
            mailbox = self._organisation.find_recipient(address)
            if mailbox is not None:
                stores[mailbox["store"]] = None
            elif self.serves(address):
                unknown.append(address)
            else:
                foreign.append(address)
        return Sorted(tuple(stores), tuple(foreign), tuple(unknown))

    async def submit(
        self, mailbox: Entity, message: bytes, recipients: Sequence[str], *, hop: str, save_copy: bool = True,
    ) -> str:
        """Send a message out of a mailbox.

        :param message: RFC 5322; Bcc stays in the copy in the folder for sent mail only.
        :param hop: the Received field (without line end) of the server that took the message.
        :returns: the Message-ID with its angle brackets.
        :raises StoreError: if it could not be delivered.
        """
        moment = now()
        complete = mime.complete(mime.canonical(message), mailbox["address"], moment, self._system.message_ids)
        if save_copy:
            await self.store.run(
                mailbox["store"], lambda box: box.append(box.folder(self._system.sent_folder), complete, ("\\Seen",)),
            )
        outgoing = mime.prepend(mime.without(complete, {"bcc"}), [hop])
        sorted_ = self.sort(recipients)
        await self._deliver(mailbox["address"], outgoing, sorted_, authenticated=True)
        if sorted_.unknown:
            await self._report(mailbox, outgoing, sorted_.unknown, moment)
        return mime.header(complete, "Message-ID") or ""

    async def accept(self, sender: str, message: bytes, recipients: Sequence[str], *, hop: str) -> None:
        """Take a message from a server outside of the tenant. The caller has refused unknown recipients.

        :raises StoreError: if it could not be delivered.
        """
        complete = mime.complete(mime.canonical(message), sender, now(), self._system.message_ids)
        await self._deliver(sender, mime.prepend(complete, [hop]), self.sort(recipients), authenticated=False)

    async def _deliver(self, sender: str, message: bytes, recipients: Sorted, *, authenticated: bool) -> None:
        await self._put(sender, message, recipients.stores, authenticated=authenticated)
        await self._send_abroad(sender, message, recipients.foreign)

    async def _put(self, sender: str, message: bytes, stores: Sequence[str], *, authenticated: bool) -> None:
        """Put a message into mailboxes of the organisation."""
        if not stores:
            return
        system = self._system
        place = f"{system.server} (127.0.0.1)"
        last_hop = mime.received(place, place, system.received, now())
        stamped = mime.prepend(message, [last_hop, *system.stamps(system.server, authenticated=authenticated)])
        await self.store.deliver(stores, stamped, sender=sender)
        log.info("delivered to %d mailboxes", len(stores))

    async def _send_abroad(self, sender: str, message: bytes, addresses: Sequence[str]) -> None:
        """Hand over to the neighbours what is theirs, and spool the rest."""
        rest = list(addresses)
        for neighbour in self.neighbours:
            found = neighbour.sort([address for address in rest if neighbour.serves(address)])
            await neighbour._put(sender, message, found.stores, authenticated=False)
            own = self._organisation.find_recipient(sender)
            if found.unknown and own is not None:
                await self._report(own, message, found.unknown, now())
            rest = [address for address in rest if not neighbour.serves(address)]
        if rest:
            await self.store.spool(sender, rest, message)
            log.info("spooled for %d foreign addresses", len(rest))

    async def _report(self, mailbox: Entity, message: bytes, unknown: Sequence[str], moment: datetime) -> None:
        report = self._system.report(message, mailbox["address"], unknown, moment)
        await self.store.deliver([mailbox["store"]], report)
