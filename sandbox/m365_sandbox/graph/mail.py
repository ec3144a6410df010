"""The mail routes: folders and settings here, messages and sending in the modules beside."""

from __future__ import annotations

from m365_sandbox.graph.errors import GraphError, gateway_refusal
from m365_sandbox.graph.filter_meaning import holds
from m365_sandbox.graph.filter_syntax import parse_filter, paths
from m365_sandbox.graph.mail_access import mail_call, mailbox_of, metadata, on_mailbox
from m365_sandbox.graph.mail_folders import (
    PROPERTIES,
    ROOT,
    children,
    create_folder,
    find_folder,
    show_folder,
    show_root,
)
from m365_sandbox.graph.mail_ids import ROOT_FOLDER, encode_folder
from m365_sandbox.graph.mail_messages import (
    change_message,
    delete_message,
    delete_permanently,
    get_attachment,
    get_message,
    get_mime,
    list_attachments,
    list_messages,
    move_message,
)
from m365_sandbox.graph.mail_query import DEFAULT_PAGE, LARGEST_PAGE, next_link
from m365_sandbox.graph.mail_sending import create_draft, send_draft, send_mail
from m365_sandbox.graph.query import require_known
from m365_sandbox.graph.routing import Answer, Call, Handler, Roles, Route, any_of
from m365_sandbox.mail.mailbox import Folder, Mailbox
from m365_sandbox.state.history import Entity

SEND = any_of("Mail.Send")
READ_BASIC = any_of("Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite")
READ = any_of("Mail.Read", "Mail.ReadWrite")
WRITE = any_of("Mail.ReadWrite")
SETTINGS_READ = any_of("MailboxSettings.Read", "MailboxSettings.ReadWrite")
PURPOSES = {"UserMailbox": "user", "SharedMailbox": "shared"}


async def list_folders(call: Call) -> Answer:
    """GET mailFolders, or childFolders of one; 10 on a page unless ``$top`` says otherwise."""
    require_known(call.query, "$filter", "$select", "$top", "$skip", "$count", "includeHiddenFolders")
    parent_key = _parent_key(call)

    def work(mailbox: Mailbox) -> list[Entity]:
        parent = find_folder(mailbox, parent_key) if parent_key is not None else None
        everything = mailbox.folders()
        return [show_folder(folder, everything) for folder in children(parent, everything)]

    found = _filtered(call, await on_mailbox(call, work))
    skip, top = _number(call, "$skip", 0, None), _number(call, "$top", DEFAULT_PAGE, LARGEST_PAGE)
    where = "mailFolders" if parent_key is None else f"mailFolders('{parent_key}')/childFolders"
    body: Entity = {"@odata.context": metadata(call, where)}
    if call.query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(found)
    body["value"] = [_selected(call, entity) for entity in found[skip:skip + top]]
    if skip + top < len(found):
        body["@odata.nextLink"] = next_link(call.base_url, call.path, call.query, skip + top)
    return Answer(200, body)


async def get_folder(call: Call) -> Answer:
    """GET a folder by id or well-known name."""
    require_known(call.query, "$select")

    def work(mailbox: Mailbox) -> Entity:
        everything = mailbox.folders()
        if _is_root(call.params["folder"]):
            return show_root(everything)
        return show_folder(find_folder(mailbox, call.params["folder"]), everything)

    return _one_folder(call, 200, await on_mailbox(call, work))


async def add_folder(call: Call) -> Answer:
    """POST mailFolders or childFolders."""
    properties = call.json()
    display_name = properties.get("displayName")
    if unknown := sorted(set(properties) - {"@odata.type", "displayName", "isHidden"}):
        raise GraphError(
            400, "RequestBodyRead", f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.mailFolder'."
        )
    if not isinstance(display_name, str) or properties.get("isHidden", False) is not False:
        raise GraphError(400, "ErrorInvalidRequest", "A visible folder with a displayName is what can be created.")
    parent_key = _parent_key(call)

    def work(mailbox: Mailbox) -> Entity:
        parent: Folder | None = find_folder(mailbox, parent_key) if parent_key is not None else None
        folder = create_folder(mailbox, parent, display_name)
        return show_folder(folder, mailbox.folders())

    return _one_folder(call, 201, await on_mailbox(call, work))


async def get_settings(call: Call) -> Answer:
    """GET mailboxSettings: only what tells a shared mailbox from a user's, and fixed values beside it."""
    require_known(call.query, "$select")
    settings = {
        "userPurpose": PURPOSES[mailbox_of(call)["RecipientTypeDetails"]], "timeZone": "UTC",
        "language": {"locale": "en-US", "displayName": "English (United States)"}, "dateFormat": "yyyy-MM-dd",
        "timeFormat": "HH:mm",
    }
    return Answer(200, {
        "@odata.context": metadata(call, "mailboxSettings"), **_choose(call, settings, tuple(settings)),
    })


async def get_purpose(call: Call) -> Answer:
    """GET mailboxSettings/userPurpose."""
    require_known(call.query)
    purpose = PURPOSES[mailbox_of(call)["RecipientTypeDetails"]]
    return Answer(200, {"@odata.context": metadata(call, "mailboxSettings/userPurpose"), "value": purpose})


def _parent_key(call: Call) -> str | None:
    key = call.params.get("folder")
    return None if key is None or _is_root(key) else key


def _is_root(key: str) -> bool:
    return key.lower() == ROOT or key == encode_folder(ROOT_FOLDER)


def _one_folder(call: Call, status: int, entity: Entity) -> Answer:
    shown = _selected(call, entity)
    return Answer(status, {"@odata.context": metadata(call, "mailFolders/$entity"), **shown})


def _selected(call: Call, entity: Entity) -> Entity:
    # The mailbox adds the id to any choice.
    return {"id": entity["id"], **_choose(call, entity, PROPERTIES)}


def _choose(call: Call, entity: Entity, known: tuple[str, ...]) -> Entity:
    names = [name.strip() for name in call.query.get("$select", ",".join(known)).split(",")]
    if unknown := [name for name in names if name not in known]:
        raise gateway_refusal(f"Could not find a property named '{unknown[0]}'.")
    return {name: entity[name] for name in names}


def _filtered(call: Call, entities: list[Entity]) -> list[Entity]:
    if "$filter" not in call.query:
        return entities
    condition = parse_filter(call.query["$filter"])
    if unknown := [path for path in paths(condition) if path not in PROPERTIES]:
        raise gateway_refusal(f"Invalid filter clause: the property '{unknown[0]}' cannot be filtered by.")
    return [entity for entity in entities if holds(condition, entity)]


def _number(call: Call, name: str, default: int, most: int | None) -> int:
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or (most is not None and not 1 <= int(text) <= most):
        raise gateway_refusal(f"Invalid value '{text}' for {name} query option found.")
    return int(text)


def _routes(path: str, method: str, roles: Roles, handler: Handler, *, in_folders: bool = False) -> list[Route]:
    """The route below the user, and with ``in_folders`` the same below one of the user's folders."""
    bases = ["/users/{user}", "/users/{user}/mailFolders/{folder}"] if in_folders else ["/users/{user}"]
    return [Route(method, f"{base}{path}", roles, mail_call(handler, roles), "mail") for base in bases]


ROUTES = [
    *_routes("/sendMail", "POST", SEND, send_mail),
    *_routes("/messages", "GET", READ_BASIC, list_messages, in_folders=True),
    *_routes("/messages", "POST", WRITE, create_draft, in_folders=True),
    *_routes("/messages/{message}", "GET", READ_BASIC, get_message, in_folders=True),
    *_routes("/messages/{message}", "PATCH", WRITE, change_message, in_folders=True),
    *_routes("/messages/{message}", "DELETE", WRITE, delete_message, in_folders=True),
    *_routes("/messages/{message}/$value", "GET", READ, get_mime, in_folders=True),
    *_routes("/messages/{message}/attachments", "GET", READ, list_attachments, in_folders=True),
    *_routes("/messages/{message}/attachments/{attachment}", "GET", READ, get_attachment, in_folders=True),
    *_routes("/messages/{message}/move", "POST", WRITE, move_message, in_folders=True),
    *_routes("/messages/{message}/permanentDelete", "POST", WRITE, delete_permanently, in_folders=True),
    *_routes("/messages/{message}/send", "POST", SEND, send_draft),
    *_routes("/mailFolders", "GET", READ_BASIC, list_folders),
    *_routes("/mailFolders", "POST", WRITE, add_folder),
    *_routes("/mailFolders/{folder}", "GET", READ_BASIC, get_folder),
    *_routes("/mailFolders/{folder}/childFolders", "GET", READ_BASIC, list_folders),
    *_routes("/mailFolders/{folder}/childFolders", "POST", WRITE, add_folder),
    *_routes("/mailboxSettings", "GET", SETTINGS_READ, get_settings),
    *_routes("/mailboxSettings/userPurpose", "GET", SETTINGS_READ, get_purpose),
]
