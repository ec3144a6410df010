"""Whether a mailbox is too full to send."""

from __future__ import annotations

from m365_sandbox.exchange.byte_size import UNLIMITED
from m365_sandbox.mail.mailbox import Mailbox
from m365_sandbox.mail.send_size import size_in_bytes
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.history import Entity


async def is_full(mailbox: Entity, store: MailStore) -> bool:
    """Whether it has reached its ProhibitSendQuota, which is kept as Get-Mailbox shows it.

    One that has none of its own is not measured: its 99 GB are out of reach here.

    :raises StoreError: if it could not be measured.
    """
    quota = mailbox.get("ProhibitSendQuota", UNLIMITED)
    return quota != UNLIMITED and await store.run(mailbox["store"], Mailbox.size) >= size_in_bytes(quota)
