"""What there is to look at: the mailboxes of the tenant, and the mail that left for elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

from m365_sandbox.mail.mailbox import INBOX, Folder, Item, Mailbox, NoSuchItem
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

# In place of a mailbox's address.
OUTBOUND = "outbound"
_NEWEST = 200


async def folders(store: MailStore, tenant: Tenant, address: str) -> list[Folder]:
    """The folders, INBOX first.

    :raises NoSuchItem: without such a mailbox.
    """
    if address == OUTBOUND:
        return [_outbound_folder(len(await store.outbound()))]
    found = await store.run(_mailbox(tenant, address)["store"], lambda box: box.folders())
    return sorted(found, key=lambda folder: (folder.name != INBOX, folder.name))


async def newest(store: MailStore, tenant: Tenant, address: str, folder: str) -> list[Item]:
    """The headers of a folder's newest messages, the newest first.

    :raises NoSuchItem: without such a mailbox or folder.
    """
    def work(box: Mailbox) -> list[Item]:
        opened = box.folder(folder)
        return box.fetch(opened, box.search(opened)[-_NEWEST:], whole=False)

    if address == OUTBOUND:
        return (await _outbound(store))[:-_NEWEST - 1:-1]
    return list(reversed(await store.run(_mailbox(tenant, address)["store"], work)))


async def message(store: MailStore, tenant: Tenant, address: str, folder: str, uid: int) -> Item:
    """A whole message.

    :raises NoSuchItem: if it is not there (any more).
    """
    def work(box: Mailbox) -> list[Item]:
        return box.fetch(box.folder(folder), [uid], whole=True)

    if address == OUTBOUND:
        items = [item for item in await _outbound(store) if item.uid == uid]
    else:
        items = await store.run(_mailbox(tenant, address)["store"], work)
    if not items:
        raise NoSuchItem(uid)
    return items[0]


def _mailbox(tenant: Tenant, address: str) -> Entity:
    mailbox = tenant.find_recipient(address)
    if mailbox is None:
        raise NoSuchItem(address)
    return mailbox


async def _outbound(store: MailStore) -> list[Item]:
    files = await store.outbound()
    folder = _outbound_folder(len(files))
    return [
        Item(folder, number, bytes(16), frozenset(), datetime.fromtimestamp(seconds, UTC), content)
        for number, (seconds, content) in enumerate(files, start=1)
    ]


def _outbound_folder(total: int) -> Folder:
    return Folder(OUTBOUND, bytes(16), 0, total, 0)
