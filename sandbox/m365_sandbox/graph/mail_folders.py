"""Graph's mailFolder resource over the folders of the mailbox store."""

from __future__ import annotations

from collections.abc import Sequence

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_ids import ROOT_FOLDER, decode_folder, encode_folder
from m365_sandbox.mail.mailbox import INBOX, Folder, Mailbox, NoSuchItem, StoreError
from m365_sandbox.state.history import Entity

# Well-known name -> the store's name [GR:mailfolder].
WELL_KNOWN = {
    "inbox": INBOX, "drafts": "Drafts", "sentitems": "Sent Items", "deleteditems": "Deleted Items",
    "junkemail": "Junk Email", "archive": "Archive", "outbox": "Outbox",
}
ROOT = "msgfolderroot"
PROPERTIES = (
    "id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden",
)


def item_not_found() -> GraphError:
    """The mailbox's 404."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def find_folder(mailbox: Mailbox, key: str) -> Folder:
    """The folder by id or well-known name; GraphError 404 or 400."""
    name = WELL_KNOWN.get(key.lower())
    try:
        if name is not None:
            return mailbox.folder(name)
    except NoSuchItem as error:
        raise item_not_found() from error
    return folder_by_guid(mailbox, decode_folder(key))


def folder_by_guid(mailbox: Mailbox, guid: bytes) -> Folder:
    """The folder with these 16 bytes; GraphError 404."""
    for folder in mailbox.folders():
        if folder.guid == guid:
            return folder
    raise item_not_found()


def create_folder(mailbox: Mailbox, parent: Folder | None, display_name: str) -> Folder:
    """Make a folder below ``parent`` (None: at the top); GraphError 400 for a name that is taken or impossible."""
    name = display_name if parent is None else f"{parent.name}/{display_name}"
    if not display_name.strip() or "/" in display_name or not display_name.isprintable():
        raise GraphError(400, "ErrorInvalidRequest", "The folder name is not valid.")
    if any(folder.name.casefold() == name.casefold() for folder in mailbox.folders()):
        raise GraphError(
            400, "ErrorFolderExists",
            f"A folder with the specified name already exists., Could not create folder '{display_name}'.",
        )
    try:
        return mailbox.create(name)
    except StoreError as error:
        raise GraphError(400, "ErrorInvalidRequest", f"Could not create folder '{display_name}'.") from error


def show_folder(folder: Folder, everything: Sequence[Folder]) -> Entity:
    """The mailFolder resource."""
    parent_name = folder.name.rpartition("/")[0]
    parent = next((other.guid for other in everything if other.name == parent_name), ROOT_FOLDER)
    return {
        "id": encode_folder(folder.guid),
        "displayName": _display_name(folder),
        "parentFolderId": encode_folder(parent),
        "childFolderCount": len(children(folder, everything)),
        "unreadItemCount": folder.unread,
        "totalItemCount": folder.total,
        "isHidden": False,
    }


def show_root(everything: Sequence[Folder]) -> Entity:
    """The folder above all others."""
    return {
        "id": encode_folder(ROOT_FOLDER), "displayName": "Top of Information Store",
        "parentFolderId": encode_folder(ROOT_FOLDER), "childFolderCount": len(children(None, everything)),
        "unreadItemCount": 0, "totalItemCount": 0, "isHidden": False,
    }


def children(parent: Folder | None, everything: Sequence[Folder]) -> list[Folder]:
    """The folders directly below ``parent`` (None: at the top), by name."""
    above = "" if parent is None else parent.name
    found = [folder for folder in everything if folder.name.rpartition("/")[0] == above]
    return sorted(found, key=lambda folder: _display_name(folder).casefold())


def _display_name(folder: Folder) -> str:
    return "Inbox" if folder.name == INBOX else folder.name.rpartition("/")[2]
