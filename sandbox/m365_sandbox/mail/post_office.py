"""Where a message goes: into mailboxes of the tenant, into the outbound spool, or back to its sender."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from m365_sandbox.mail import message as mime
from m365_sandbox.mail.store import MailStore
from m365_sandbox.mail.wording import SERVER
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

log = logging.getLogger(__name__)

SENT_ITEMS = "Sent Items"


@dataclass(frozen=True)
class Sorted:
    """Recipients by what becomes of them: stores to deliver to, foreign addresses, unknown ones of the tenant."""

    stores: tuple[str, ...]
    foreign: tuple[str, ...]
    unknown: tuple[str, ...]


class PostOffice:
    """Delivers what the submission ports, the relay and Graph accepted."""

    def __init__(self, tenant: Tenant, store: MailStore) -> None:
        self._tenant = tenant
        self._store = store

    def sort(self, recipients: Sequence[str]) -> Sorted:
        """Decide per recipient; several addresses of one mailbox are one delivery."""
        stores: dict[str, None] = {}
        foreign: list[str] = []
        unknown: list[str] = []
        for address in recipients:
            mailbox = self._tenant.find_recipient(address)
            if mailbox is not None:
                stores[mailbox["store"]] = None
            elif address.rpartition("@")[2].casefold() in self._tenant.domains:
                unknown.append(address)
            else:
                foreign.append(address)
        return Sorted(tuple(stores), tuple(foreign), tuple(unknown))

    async def submit(
        self, mailbox: Entity, message: bytes, recipients: Sequence[str], *, hop: str, save_copy: bool = True,
    ) -> str:
        """Send a message out of a mailbox.

        :param message: RFC 5322; Bcc stays in the copy in Sent Items only.
        :param hop: the Received field (without line end) of the server that took the message.
        :returns: the Message-ID with its angle brackets.
        :raises StoreError: if it could not be delivered.
        """
        moment = now()
        complete = mime.complete(mime.canonical(message), mailbox["address"], moment)
        if save_copy:
            await self._store.run(
                mailbox["store"], lambda box: box.append(box.folder(SENT_ITEMS), complete, ("\\Seen",)),
            )
        outgoing = mime.prepend(mime.without(complete, {"bcc"}), [hop])
        sorted_ = self.sort(recipients)
        await self._deliver(mailbox["address"], outgoing, sorted_, authenticated=True)
        if sorted_.unknown:
            report = mime.non_delivery_report(outgoing, mailbox["address"], sorted_.unknown, moment)
            await self._store.deliver([mailbox["store"]], report)
        return mime.header(complete, "Message-ID") or ""

    async def accept(self, sender: str, message: bytes, recipients: Sequence[str], *, hop: str) -> None:
        """Take a message from a server outside of the tenant. The caller has refused unknown recipients.

        :raises StoreError: if it could not be delivered.
        """
        complete = mime.complete(mime.canonical(message), sender, now())
        await self._deliver(sender, mime.prepend(complete, [hop]), self.sort(recipients), authenticated=False)

    async def _deliver(self, sender: str, message: bytes, recipients: Sorted, *, authenticated: bool) -> None:
        if recipients.foreign:
            await self._store.spool(sender, recipients.foreign, message)
        if recipients.stores:
            last_hop = mime.received(
                f"{SERVER} (127.0.0.1)", f"{SERVER} (127.0.0.1)",
                "Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384)", now(),
            )
            stamped = mime.prepend(message, [last_hop, *mime.stamps(SERVER, authenticated=authenticated)])
            await self._store.deliver(recipients.stores, stamped, sender=sender)
        log.info(
            "delivered to %d mailboxes, spooled for %d foreign addresses, %d unknown", len(recipients.stores),
            len(recipients.foreign), len(recipients.unknown),
        )
