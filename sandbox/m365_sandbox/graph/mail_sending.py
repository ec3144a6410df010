"""Handlers that send: sendMail as JSON and as MIME, drafts and their sending."""

from __future__ import annotations

from typing import Any

from m365_sandbox.graph.errors import GraphError
from m365_sandbox.graph.mail_access import find_item, mailbox_of, on_mailbox, read_item
from m365_sandbox.graph.mail_folders import find_folder
from m365_sandbox.graph.mail_messages import flags_of, keep_beside, show_created
from m365_sandbox.graph.mail_writing import build_message, read_message, read_mime, recipients_of
from m365_sandbox.graph.routing import Answer, Call, person_of
from m365_sandbox.mail.exchange_online import SYSTEM
from m365_sandbox.mail.mailbox import Item, Mailbox
from m365_sandbox.mail.message import addresses, complete, on_behalf, received
from m365_sandbox.mail.quota import is_full
from m365_sandbox.mail.send_size import max_send_size
from m365_sandbox.mail.sign_in import SignedIn, may_send_as, representative
from m365_sandbox.mail.wording import SERVER
from m365_sandbox.state.clock import now
from m365_sandbox.state.history import Entity

LARGEST_REQUEST = 4 * 1024 * 1024


async def send_mail(call: Call) -> Answer:
    """POST sendMail: 202 means accepted; what becomes of the mail is found in mailboxes."""
    mailbox = mailbox_of(call)
    message, save_copy = _to_send(call, mailbox)
    await _send(call, mailbox, message, save_copy=save_copy)
    return Answer(202)


async def create_draft(call: Call) -> Answer:
    """POST messages: a draft, in Drafts or in the folder of the path."""
    mailbox = mailbox_of(call)
    values = {} if _is_mime(call) else read_message(call.json())
    message = complete(_message(call, mailbox), mailbox["address"], now(), SYSTEM.message_ids)
    add, remove = flags_of(values)
    flags = {"\\Draft", "\\Seen", *add} - set(remove)

    def work(box: Mailbox) -> Item:
        folder = find_folder(box, call.params.get("folder", "drafts"))
        return read_item(box, folder, box.append(folder, message, sorted(flags)))

    item = await on_mailbox(call, work)
    keep_beside(call, item, values)
    return show_created(call, item)


async def send_draft(call: Call) -> Answer:
    """POST send: the draft goes out and into Sent Items."""
    mailbox = mailbox_of(call)
    draft = await on_mailbox(call, lambda box: find_item(box, call.params["message"]))
    if "\\Draft" not in draft.flags:
        raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    await _send(call, mailbox, draft.content, save_copy=True)
    await on_mailbox(call, lambda box: box.expunge(draft.folder, draft.uid))
    return Answer(202)


async def _send(call: Call, mailbox: Entity, message: bytes, *, save_copy: bool) -> None:
    recipients = recipients_of(message)
    if len(message) > max_send_size(mailbox):
        raise GraphError(
            400, "ErrorMessageSizeExceeded",
            "The message exceeds the maximum supported size., Cannot save changes made to an item to store.",
        )
    # Through Graph an application sends as the mailbox itself, so it is the mailbox that needs SendAs on another one.
    sender = SignedIn(person_of(call.claims) or mailbox["id"], mailbox)
    for address in addresses(message, "From", "Sender"):
        if not may_send_as(call.tenant, sender, address):
            raise GraphError(
                403, "ErrorSendAsDenied",
                "The user account which was used to submit this request does not have the right to send mail on behalf "
                "of the specified sending account., Cannot submit message.",
            )
    if await is_full(mailbox, call.post_office.store):
        # The words are recorded of reading [microsoft-graph-docs-contrib#6596], the code of sendMail, too.
        raise GraphError(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.")
    message = on_behalf(message, lambda address: representative(call.tenant, sender, address))
    hop = received(f"{SERVER} ([::1])", f"{SERVER} ([::1])", "mapi", now())
    await call.post_office.submit(
        mailbox, message, recipients, hop=hop, save_copy=save_copy,
    )


def _to_send(call: Call, mailbox: Entity) -> tuple[bytes, bool]:
    """The message of a sendMail request, and whether a copy goes to Sent Items."""
    if len(call.body) > LARGEST_REQUEST:
        raise GraphError(413, "RequestEntityTooLarge", "The request content is too large.")
    if _is_mime(call):
        return read_mime(call.body), True
    parameters: dict[str, Any] = {name.lower(): value for name, value in call.json().items()}
    if unknown := sorted(set(parameters) - {"message", "savetosentitems"}):
        raise GraphError(
            400, "ErrorInvalidRequest", f"The parameter '{unknown[0]}' is not a valid parameter of 'sendMail'."
        )
    resource = parameters.get("message")
    if not isinstance(resource, dict):
        raise GraphError(400, "ErrorInvalidParameter", "The value of the parameter 'Message' is empty.")
    save_copy = parameters.get("savetosentitems")
    if save_copy not in (None, True, False):
        raise GraphError(400, "RequestBodyRead", "Cannot convert 'SaveToSentItems' to Edm.Boolean.")
    return build_message(resource, mailbox["address"]), save_copy is not False


def _message(call: Call, mailbox: Entity) -> bytes:
    return read_mime(call.body) if _is_mime(call) else build_message(call.json(), mailbox["address"])


def _is_mime(call: Call) -> bool:
    return call.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/plain"
