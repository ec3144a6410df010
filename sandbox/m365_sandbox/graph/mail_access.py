"""What every mail call goes through: whose mailbox, the limit on calls, the store's failures, the caller's wishes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from m365_sandbox.exchange.authorization import Verdict, decide, holds_role
from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_folders import folder_by_guid, item_not_found
from m365_sandbox.graph.mail_ids import Place, decode_message
from m365_sandbox.graph.mail_reading import Shape
from m365_sandbox.graph.routing import Answer, Call, Handler, Roles, permissions_of, person_of
from m365_sandbox.mail.concurrency import TooManyCalls
from m365_sandbox.mail.mailbox import Folder, Item, Mailbox, NoSuchItem, StoreError
from m365_sandbox.mail.sign_in import SignedIn, has_full_access, may_send_as
from m365_sandbox.state.history import Entity
from m365_sandbox.state.tenant import Tenant

Result = TypeVar("Result")

_REFUSALS = {
    "denied": "Access is denied. Check credentials and try again.",
    "blocked": "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
}

_BODY_TYPE = re.compile(r'outlook\.body-content-type\s*=\s*"?(text|html)"?', re.IGNORECASE)
_IMMUTABLE = re.compile(r'IdType\s*=\s*"?ImmutableId"?', re.IGNORECASE)


def mail_call(handler: Handler, roles: Roles) -> Handler:
    """Wrap a handler: Exchange decides about the mailbox, one call too many is a 429, a store that fails a 503."""
    permissions = frozenset[str]().union(*roles)

    async def limited(call: Call) -> Answer:
        verdict = verdict_on(call, permissions)
        if verdict != "granted":
            raise GraphError(403, "ErrorAccessDenied", _REFUSALS[verdict])
        try:
            with call.store.graph_calls.call(str(call.claims["appid"])):
                return await handler(call)
        except TooManyCalls as error:
            raise GraphError(
                429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."
            ) from error
        except StoreError as error:
            raise GraphError(
                503, "ErrorMailboxStoreUnavailable", "The mailbox store is currently unavailable."
            ) from error
    return limited


def verdict_on(call: Call, permissions: frozenset[str]) -> Verdict:
    """Whether one of the permissions is granted, in Entra or in Exchange, for the mailbox in the path."""
    if (person := person_of(call.claims)) is not None:
        return _verdict_on_person(call, person, permissions)
    roles, object_id = call.claims.get("roles", ()), str(call.claims["oid"])
    mailbox = call.tenant.find_mailbox(call.params["user"])
    if mailbox is None:
        # Who may use some mailbox is told that this one does not exist.
        granted = bool(permissions & set(roles)) or holds_role(call.tenant, object_id, permissions)
        return "granted" if granted else "denied"
    return decide(
        call.tenant, app_id=str(call.claims["appid"]), service_principal_id=object_id, roles=roles,
        mailbox_id=mailbox["id"], permissions=permissions,
    )


def _verdict_on_person(call: Call, person: str, permissions: frozenset[str]) -> Verdict:
    """The own mailbox takes a permission, another one its ``.Shared`` variant and a right on the mailbox."""
    tenant, scopes = call.tenant, frozenset(permissions_of(call.claims))
    shared = {f"{permission}.Shared" for permission in permissions}
    user, mailbox = tenant.find_user(call.params["user"]), tenant.find_mailbox(call.params["user"])
    if user is not None and user["id"] == person:
        return "granted" if scopes & (permissions | shared) else "denied"
    if not scopes & shared:
        return "denied"
    return "granted" if mailbox is None or _reaches(tenant, person, mailbox, permissions) else "denied"


def _reaches(tenant: Tenant, person: str, mailbox: Entity, permissions: frozenset[str]) -> bool:
    may_send = "Mail.Send" in permissions and may_send_as(tenant, SignedIn(person, mailbox), mailbox["address"])
    return may_send or has_full_access(tenant, mailbox, person)


def mailbox_of(call: Call) -> Entity:
    """The mailbox of the user in the path; GraphError 404 without such a user, or if the user has no mailbox."""
    key = call.params["user"]
    if call.tenant.find_user(key) is None:
        raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
    mailbox = call.tenant.find_mailbox(key)
    if mailbox is None:
        raise GraphError(
            404, "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    return mailbox


async def on_mailbox(call: Call, work: Callable[[Mailbox], Result]) -> Result:
    """Run blocking work on the mailbox of the user in the path."""
    return await call.store.run(mailbox_of(call)["store"], work)


def shape_of(call: Call) -> Shape:
    """What the Prefer headers ask for; values that mail does not know are ignored, as RFC 7240 wants it."""
    preferences = ",".join(call.headers.getlist("prefer"))
    body_type = _BODY_TYPE.search(preferences)
    wanted = body_type[1].lower() if body_type else None
    return Shape(
        "text" if wanted == "text" else "html" if wanted == "html" else None,
        _IMMUTABLE.search(preferences) is not None,
    )


def preference_applied(shape: Shape) -> dict[str, str]:
    """The response header that confirms the preferences."""
    applied = [f'outlook.body-content-type="{shape.body_type}"'] if shape.body_type else []
    applied += ['IdType="ImmutableId"'] if shape.immutable_ids else []
    return {"Preference-Applied": ", ".join(applied)} if applied else {}


def metadata(call: Call, what: str) -> str:
    """``@odata.context`` for something of the user in the path."""
    return f"{call.base_url}/$metadata#users('{call.params['user']}')/{what}"


def locate(mailbox: Mailbox, key: str) -> tuple[Folder, int]:
    """Folder and UID of the message with that id; GraphError 400 or 404."""
    wanted = decode_message(key)
    try:
        if not isinstance(wanted, Place):
            return mailbox.find(wanted)
    except NoSuchItem as error:
        raise item_not_found() from error
    folder = folder_by_guid(mailbox, wanted.folder_guid)
    if folder.uid_validity != wanted.uid_validity:
        raise item_not_found()
    return folder, wanted.uid


def read_item(mailbox: Mailbox, folder: Folder, uid: int) -> Item:
    """The whole message; GraphError 404 if it is gone."""
    items = mailbox.fetch(folder, [uid], whole=True)
    if not items:
        raise item_not_found()
    return items[0]


def find_item(mailbox: Mailbox, key: str) -> Item:
    """The whole message with that id; GraphError 400 or 404."""
    return read_item(mailbox, *locate(mailbox, key))
