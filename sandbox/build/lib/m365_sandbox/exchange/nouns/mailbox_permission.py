"""Rights to open a mailbox: FullAccess and its like.

Facts: adding a right that is there and removing one that is not are warnings, not errors. The cmdlets that change
something print the user as the object id, Get prints a name or, for a service principal, the SID: UserSid is what to
compare. FullAccess does not include the right to send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from m365_sandbox.exchange import acl
from m365_sandbox.exchange.cmdlet import (
    RESULT_SIZE_PARAMETER,
    Call,
    Cmdlet,
    Parameter,
    identity_parameter,
    ignored,
    unsupported,
)
from m365_sandbox.exchange.directory import MAILBOXES, Principal, find
from m365_sandbox.exchange.grantees import grantee, grantee_or_orphan, printed
from m365_sandbox.exchange.objects import SELF, SELF_SID, sid
from m365_sandbox.exchange.output import Output, Row, flag, text, texts
from m365_sandbox.exchange.parameter_types import BOOLEAN, STRING, SWITCH, enumeration, identity
from m365_sandbox.exchange.wording import entry_present

ID = identity("MailboxIdParameter")
USER_ID = identity("SecurityPrincipalIdParameter")
RIGHTS = enumeration(
    "Microsoft.Exchange.Management.RecipientTasks.MailboxRights",
    ("ChangeOwner", "ChangePermission", "DeleteItem", "ExternalAccount", "FullAccess", "ReadPermission"), many=True,
)
INHERITANCE = enumeration(
    "System.DirectoryServices.ActiveDirectorySecurityInheritance",
    ("None", "All", "Descendents", "SelfAndChildren", "Children"),
)
OUTPUT: Output = (
    *texts("AccessRights"), *flag("Deny"), *text("InheritanceType", default="All"),
    *text("User", "UserSid", "Identity"), *flag("IsInherited"), *flag("IsValid", default=True),
    *text("ObjectState", default="Unchanged"),
)


def _stored(call: Call, mailbox: Principal) -> acl.Acl:
    return acl.stored(call.tenant["mailbox_permissions"].get(mailbox.id, call.lag))


def _row(call: Call, mailbox: Principal, object_id: str, user: str, entry: dict[str, Any], deny: bool) -> Row:
    return {
        "AccessRights": entry["AccessRights"], "Deny": deny, "User": user, "UserSid": sid(call.tenant, object_id),
        "InheritanceType": entry.get("InheritanceType", "All"), "Identity": mailbox.name,
    }


def _get(call: Call) -> Iterator[Row]:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"], call.lag)
    entries = _stored(call, mailbox)
    wanted = grantee_or_orphan(call, call["User"], entries, "User") if "User" in call else None
    if wanted is None:
        yield {
            "AccessRights": ["FullAccess", "ReadPermission"], "User": SELF, "UserSid": SELF_SID,
            "Identity": mailbox.name,
        }
    for side in ("entries", "denied"):
        for entry in entries[side]:
            user = printed(call, entry["User"])
            if user is None and call.get("IncludeUnresolvedPermissions", False):
                user = sid(call.tenant, entry["User"])
            if user is not None and wanted in (None, entry["User"]):
                yield _row(call, mailbox, entry["User"], user, entry, side == "denied")


def _side(call: Call) -> str:
    return "denied" if call.get("Deny", False) else "entries"


def _add(call: Call) -> list[Row]:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"])
    user = grantee(call, call["User"])
    changed = acl.add(
        _stored(call, mailbox), _side(call), "User", user, call["AccessRights"],
        AutoMapping=call.get("AutoMapping", True), InheritanceType=call.get("InheritanceType", "All"),
    )
    if changed is None:
        call.warn(entry_present(mailbox.dn, user))
        return []
    call.put("mailbox_permissions", mailbox.id, changed)
    entry = next(one for one in changed[_side(call)] if one["User"] == user)
    return [_row(call, mailbox, user, user, entry, call.get("Deny", False))]


def _remove(call: Call) -> None:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"])
    entries = _stored(call, mailbox)
    if call.get("ResetDefault", False):
        call.put("mailbox_permissions", mailbox.id, acl.stored(None))
    elif call.get("ClearAutoMapping", False):
        cleared = [{**entry, "AutoMapping": False} for entry in entries["entries"]]
        call.put("mailbox_permissions", mailbox.id, {**entries, "entries": cleared})
    else:
        user = grantee_or_orphan(call, call["User"], entries, "User")
        changed = acl.remove(entries, _side(call), "User", user, call["AccessRights"])
        if changed is None:
            call.warn(
                f'Can\'t remove the access control entry on the object "{mailbox.dn}" for the user account '
                f"{printed(call, user) or user} because the ACE doesn't exist on the object."
            )
            return
        call.put("mailbox_permissions", mailbox.id, changed)


def _question(doing: str) -> Callable[[Call], str]:
    def question(call: Call) -> str:
        return (
            f'{doing} mailbox permission "{call["Identity"]}" for user "{call.get("User", "")}" with access rights '
            f'"{", ".join(call.get("AccessRights", ()))}".'
        )

    return question


_ENTRY = frozenset({"AccessRights"})
_RIGHTS_AND_USER = (
    Parameter("AccessRights", RIGHTS, mandatory=True, sets=_ENTRY),
    Parameter("User", USER_ID, mandatory=True, sets=_ENTRY), Parameter("Deny", SWITCH, sets=_ENTRY),
    Parameter("InheritanceType", INHERITANCE, sets=_ENTRY),
)

CMDLETS = (
    Cmdlet(
        "Get-MailboxPermission", "recipients",
        (
            identity_parameter(ID, mandatory=True), Parameter("User", USER_ID),
            Parameter("IncludeUnresolvedPermissions", SWITCH), RESULT_SIZE_PARAMETER,
            *unsupported(SWITCH, "Owner", "SoftDeletedMailbox", "GroupMailbox", "IncludeSoftDeletedUserPermissions"),
            *ignored(SWITCH, "IncludeUserWithDisplayName", "UseCustomRouting", "ReadFromDomainController"),
            *ignored(STRING, "Credential", "DomainController"),
        ),
        _get, OUTPUT,
    ),
    Cmdlet(
        "Add-MailboxPermission", "recipients",
        (
            identity_parameter(ID, mandatory=True), *_RIGHTS_AND_USER, Parameter("AutoMapping", BOOLEAN, sets=_ENTRY),
            Parameter("Owner", USER_ID, mandatory=True, sets=frozenset({"Owner"}), handling="unsupported"),
            *unsupported(SWITCH, "GroupMailbox"), *ignored(SWITCH, "IgnoreDefaultScope"),
            *ignored(STRING, "DomainController"),
        ),
        _add, OUTPUT, confirmation=_question("Adding"),
    ),
    Cmdlet(
        "Remove-MailboxPermission", "recipients",
        (
            identity_parameter(ID, mandatory=True), *_RIGHTS_AND_USER,
            Parameter("ResetDefault", SWITCH, mandatory=True, sets=frozenset({"ResetDefault"})),
            Parameter("ClearAutoMapping", SWITCH, mandatory=True, sets=frozenset({"ClearAutoMapping"})),
            *unsupported(SWITCH, "GroupMailbox", "SoftDeletedMailbox"),
            *ignored(SWITCH, "IgnoreDefaultScope", "BypassMasterAccountSid"), *ignored(STRING, "DomainController"),
        ),
        _remove, prompts=True, confirmation=_question("Removing"),
    ),
)
