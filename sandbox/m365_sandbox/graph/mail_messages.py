"""Handlers of messages that lie in a mailbox: list, read, mark, move, delete."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_access import (
    find_item,
    metadata,
    on_mailbox,
    preference_applied,
    read_item,
    shape_of,
    verdict_on,
)
from m365_sandbox.graph.mail_expanding import ATTACHMENTS, EXTENDED, Expansion, merged, read_expand
from m365_sandbox.graph.mail_folders import WELL_KNOWN, find_folder, item_not_found
from m365_sandbox.graph.mail_query import MessageQuery, next_link, project, read_query, read_select
from m365_sandbox.graph.mail_reading import Attachment, Shape, attachments, message_id_of, parse, show_message
from m365_sandbox.graph.mail_writing import read_message
from m365_sandbox.graph.message_types import KEPT_BESIDE, MESSAGE
from m365_sandbox.graph.query import require_known
from m365_sandbox.graph.routing import Answer, Call
from m365_sandbox.mail.mailbox import Folder, Item, Mailbox
from m365_sandbox.state.history import Entity

EXPANDED = (ATTACHMENTS, *EXTENDED)
NOT_SHOWN = ("uniqueBody",)
MESSAGE_PROPERTIES = tuple(item.name for item in MESSAGE.properties if item.name not in (*NOT_SHOWN, *EXPANDED))
# What Mail.ReadBasic does not show [GR:permissions].
_NOT_BASIC = ("body", "bodyPreview", *EXPANDED)
_FULL_READ = frozenset({"Mail.Read", "Mail.ReadWrite"})
DELETED_ITEMS = WELL_KNOWN["deleteditems"]


async def list_messages(call: Call) -> Answer:
    """GET messages of the whole mailbox or of a folder."""
    query, shape = read_query(call.query, MESSAGE_PROPERTIES), shape_of(call)
    folder_key = call.params.get("folder")

    def work(mailbox: Mailbox) -> tuple[list[Entity], int]:
        folders = mailbox.folders() if folder_key is None else [find_folder(mailbox, folder_key)]
        return _page(call, mailbox, folders, query, shape)

    page, total = await on_mailbox(call, work)
    where = "messages" if folder_key is None else f"mailFolders('{folder_key}')/messages"
    body: dict[str, Any] = {"@odata.context": metadata(call, where)}
    if query.count:
        body["@odata.count"] = total
    body["value"] = _visible(call, page)
    if query.skip + query.top < total:
        body["@odata.nextLink"] = next_link(call.base_url, call.path, call.query, query.skip + query.top)
    return Answer(200, body, preference_applied(shape))


async def get_message(call: Call) -> Answer:
    """GET a message."""
    require_known(call.query, "$select", "$expand")
    select, expand = read_select(call.query, MESSAGE_PROPERTIES), read_expand(call.query)
    item = await on_mailbox(call, lambda mailbox: _in_folder(call, mailbox, find_item(mailbox, call.params["message"])))
    return _show(call, item, select=select, expand=expand)


async def get_mime(call: Call) -> Answer:
    """GET $value: the message as it is stored."""
    item = await on_mailbox(call, lambda mailbox: _in_folder(call, mailbox, find_item(mailbox, call.params["message"])))
    return Answer(200, item.content, {"Content-Type": "text/plain"})


async def list_attachments(call: Call) -> Answer:
    """GET attachments."""
    require_known(call.query)
    item = await on_mailbox(call, lambda mailbox: _in_folder(call, mailbox, find_item(mailbox, call.params["message"])))
    where = f"messages('{call.params['message']}')/attachments"
    found = [_show_attachment(item, attachment) for attachment in attachments(parse(item.content))]
    return Answer(200, {"@odata.context": metadata(call, where), "value": found})


async def get_attachment(call: Call) -> Answer:
    """GET an attachment."""
    require_known(call.query)
    item = await on_mailbox(call, lambda mailbox: _in_folder(call, mailbox, find_item(mailbox, call.params["message"])))
    for attachment in attachments(parse(item.content)):
        shown = _show_attachment(item, attachment)
        if shown["id"] == call.params["attachment"]:
            where = f"messages('{call.params['message']}')/attachments/$entity"
            return Answer(200, {"@odata.context": metadata(call, where), **shown})
    raise item_not_found()


async def change_message(call: Call) -> Answer:
    """PATCH what belongs to the mailbox: isRead, flag, categories, importance and the like."""
    changes = read_message(call.json(), updating=True)
    add, remove = flags_of(changes)

    def work(mailbox: Mailbox) -> Item:
        item = _in_folder(call, mailbox, find_item(mailbox, call.params["message"]))
        mailbox.set_flags(item.folder, item.uid, add=add, remove=remove)
        return read_item(mailbox, item.folder, item.uid)

    item = await on_mailbox(call, work)
    keep_beside(call, item, changes)
    return _show(call, item)


async def delete_message(call: Call) -> Answer:
    """DELETE: into Deleted Items; from there out of sight."""
    def work(mailbox: Mailbox) -> None:
        item = _in_folder(call, mailbox, find_item(mailbox, call.params["message"]))
        if item.folder.name == DELETED_ITEMS:
            mailbox.expunge(item.folder, item.uid)
        else:
            mailbox.move(item.folder, item.uid, mailbox.folder(DELETED_ITEMS))

    await on_mailbox(call, work)
    return Answer(204)


async def delete_permanently(call: Call) -> Answer:
    """POST permanentDelete."""
    def work(mailbox: Mailbox) -> None:
        item = _in_folder(call, mailbox, find_item(mailbox, call.params["message"]))
        mailbox.expunge(item.folder, item.uid)

    await on_mailbox(call, work)
    return Answer(204)


async def move_message(call: Call) -> Answer:
    """POST move: answers with the message under its new id."""
    parameters = {name.lower(): value for name, value in call.json().items()}
    destination_id = parameters.get("destinationid")
    if set(parameters) != {"destinationid"} or not isinstance(destination_id, str):
        raise GraphError(400, "ErrorInvalidRequest", "The parameter 'DestinationId' is required.")

    def work(mailbox: Mailbox) -> Item:
        item = _in_folder(call, mailbox, find_item(mailbox, call.params["message"]))
        destination = find_folder(mailbox, destination_id)
        uid = item.uid
        if destination.guid != item.folder.guid:
            uid = mailbox.move(item.folder, item.uid, destination)
        return read_item(mailbox, destination, uid)

    return _show(call, await on_mailbox(call, work), status=201)


def show_created(call: Call, item: Item) -> Answer:
    """201 with a message that has just been made."""
    return _show(call, item, status=201)


def _show(
    call: Call, item: Item, *, select: tuple[str, ...] | None = None, expand: tuple[Expansion, ...] = (),
    status: int = 200,
) -> Answer:
    shape = shape_of(call)
    shown, = _visible(call, [_shown(item, show_message(item, shape, _kept(call, item)), select, expand)])
    return Answer(
        status, {"@odata.context": metadata(call, "messages/$entity"), **shown}, preference_applied(shape)
    )


def _shown(
    item: Item, entity: Entity, select: tuple[str, ...] | None, expand: tuple[Expansion, ...],
) -> Entity:
    """The selected properties, and what is asked for beside them."""
    shown = project(entity, select)
    for one in expand:
        if one.name == ATTACHMENTS:
            shown[one.name] = one.attachments(
                _show_attachment(item, attachment) for attachment in attachments(parse(item.content))
            )
        elif found := one.extended(entity.get(one.name, ())):
            shown[one.name] = found
    return shown


def _visible(call: Call, entities: list[Entity]) -> list[Entity]:
    if verdict_on(call, _FULL_READ) == "granted":
        return entities
    return [{name: value for name, value in entity.items() if name not in _NOT_BASIC} for entity in entities]


def _in_folder(call: Call, mailbox: Mailbox, item: Item) -> Item:
    """The item, if it lies in the folder that the path names; GraphError 404 otherwise."""
    folder_key = call.params.get("folder")
    if folder_key is not None and find_folder(mailbox, folder_key).guid != item.folder.guid:
        raise item_not_found()
    return item


def _page(
    call: Call, mailbox: Mailbox, folders: Sequence[Folder], query: MessageQuery, shape: Shape,
) -> tuple[list[Entity], int]:
    """The messages of the page, and how many there are on all pages. Bodies are read for the page only."""
    def show(item: Item) -> Entity:
        return show_message(item, shape, _kept(call, item))

    items: dict[str, Item] = {}
    for folder in folders:
        uids = mailbox.search(folder, *query.imap_criteria())
        items.update((message_id_of(item, shape), item) for item in mailbox.fetch(folder, uids, whole=query.needs_body))
    found = query.arrange([show(item) for item in items.values()])
    page = [items[entity["id"]] for entity in found[query.skip:query.skip + query.top]]
    if not query.needs_body:
        page = [item for one in page for item in mailbox.fetch(one.folder, [one.uid], whole=True)]
    return [_shown(item, show(item), query.select, query.expand) for item in page], len(found)


def flags_of(values: Entity) -> tuple[list[str], list[str]]:
    """The IMAP flags that properties of a message set and clear."""
    add: list[str] = []
    remove: list[str] = []
    if "isRead" in values:
        (add if values["isRead"] else remove).append("\\Seen")
    if status := values.get("flag", {}).get("flagStatus"):
        (add if status == "flagged" else remove).append("\\Flagged")
    return add, remove


def keep_beside(call: Call, item: Item, values: Entity) -> None:
    """Keep what a message itself cannot say, and save it."""
    kept = _kept(call, item)
    changes = {
        name: merged(kept.get(name, ()), value) if name in EXTENDED else value
        for name, value in values.items() if name in KEPT_BESIDE
    }
    if "flag" in changes and "flagStatus" not in changes["flag"]:
        del changes["flag"]
    if changes:
        call.tenant["message_properties"].put(item.guid.hex(), {**kept, **changes})
        call.tenant.save()


def _kept(call: Call, item: Item) -> Entity:
    return call.tenant["message_properties"].get(item.guid.hex()) or {}


def _show_attachment(item: Item, attachment: Attachment) -> Entity:
    identifier = base64.urlsafe_b64encode(item.guid + attachment.identifier.to_bytes(2, "big")).decode("ascii")
    return {
        "@odata.type": "#microsoft.graph.fileAttachment", "id": identifier, "name": attachment.name,
        "contentType": attachment.content_type, "size": len(attachment.content), "isInline": attachment.inline,
        "contentId": attachment.content_id, "contentBytes": base64.b64encode(attachment.content).decode("ascii"),
    }
