"""The right to send as a mailbox or a group. SendAs is the only one there is.

Facts: the same warnings instead of errors as with mailbox permissions, in part in other words; adding asks for
confirmation.
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
from m365_sandbox.exchange.directory import RECIPIENTS, Principal, principals, resolve
from m365_sandbox.exchange.errors import recipient_not_found
from m365_sandbox.exchange.grantees import grantee, grantee_or_orphan, printed
from m365_sandbox.exchange.objects import SELF, SELF_SID, sid
from m365_sandbox.exchange.output import Output, Row, flag, text, texts
from m365_sandbox.exchange.parameter_types import STRING, SWITCH, enumeration, identity
from m365_sandbox.exchange.wording import entry_present

ID = identity("RecipientIdParameter")
TRUSTEE_ID = identity("SecurityPrincipalIdParameter")
RIGHTS = enumeration(
    "Microsoft.Exchange.Management.RecipientTasks.RecipientAccessRight", ("SendAs",), many=True
)
OUTPUT: Output = (
    *text("Identity", "Trustee"), *text("AccessControlType", default="Allow"), *texts("AccessRights"),
    *flag("IsInherited", "Inherited"), *text("InheritanceType", default="None"), *text("TrusteeSidString"),
    *flag("IsValid", default=True), *text("ObjectState", default="Unchanged"),
)


def _find(call: Call) -> Principal:
    found = resolve(principals(call.tenant, RECIPIENTS, call.lag), call["Identity"])
    if found is None:
        raise recipient_not_found(call["Identity"])
    return found


def _stored(call: Call, recipient: Principal) -> acl.Acl:
    return acl.stored(call.tenant["recipient_permissions"].get(recipient.id, call.lag))


def _row(call: Call, recipient: Principal, object_id: str, trustee: str, entry: dict[str, Any]) -> Row:
    return {
        "Identity": recipient.name, "Trustee": trustee, "AccessRights": entry["AccessRights"],
        "TrusteeSidString": sid(call.tenant, object_id),
    }


def _get(call: Call) -> Iterator[Row]:
    recipients = [_find(call)] if "Identity" in call else principals(call.tenant, RECIPIENTS, call.lag)
    for recipient in recipients:
        entries = _stored(call, recipient)
        wanted = grantee_or_orphan(call, call["Trustee"], entries, "Trustee") if "Trustee" in call else None
        if wanted is None and recipient.kind == "mailbox":
            yield {
                "Identity": recipient.name, "Trustee": SELF, "AccessRights": ["SendAs"], "TrusteeSidString": SELF_SID,
            }
        for entry in entries["entries"]:
            if wanted in (None, entry["Trustee"]):
                trustee = printed(call, entry["Trustee"]) or sid(call.tenant, entry["Trustee"])
                yield _row(call, recipient, entry["Trustee"], trustee, entry)


def _add(call: Call) -> list[Row]:
    recipient = _find(call)
    trustee = grantee(call, call["Trustee"])
    changed = acl.add(_stored(call, recipient), "entries", "Trustee", trustee, call["AccessRights"])
    if changed is None:
        call.warn(entry_present(recipient.dn, trustee))
        return []
    call.put("recipient_permissions", recipient.id, changed)
    entry = next(one for one in changed["entries"] if one["Trustee"] == trustee)
    return [_row(call, recipient, trustee, trustee, entry)]


def _remove(call: Call) -> None:
    recipient = _find(call)
    entries = _stored(call, recipient)
    trustee = grantee_or_orphan(call, call["Trustee"], entries, "Trustee")
    changed = acl.remove(entries, "entries", "Trustee", trustee, call["AccessRights"])
    if changed is None:
        call.warn(
            f'Can\'t remove the access control entry on the object "{recipient.dn}" for account '
            f"\"{printed(call, trustee) or trustee}\" because the ACE isn't present."
        )
        return
    call.put("recipient_permissions", recipient.id, changed)


def _question(doing: str) -> Callable[[Call], str]:
    def question(call: Call) -> str:
        return (
            f"{doing} recipient permission '{', '.join(call['AccessRights'])}' for user or group '{call['Trustee']}' "
            f"on recipient '{call['Identity']}'."
        )

    return question


_ENTRY = (
    identity_parameter(ID, mandatory=True), Parameter("AccessRights", RIGHTS, mandatory=True),
    Parameter("Trustee", TRUSTEE_ID, mandatory=True), *ignored(STRING, "DomainController"),
    *ignored(SWITCH, "SkipDomainValidationForMailContact", "SkipDomainValidationForMailUser",
             "SkipDomainValidationForSharedMailbox"),
)

CMDLETS = (
    Cmdlet(
        "Get-RecipientPermission", "recipients",
        (
            identity_parameter(ID), Parameter("AccessRights", RIGHTS), Parameter("Trustee", TRUSTEE_ID),
            RESULT_SIZE_PARAMETER, *ignored(SWITCH, "ReadFromDomainController"),
            *unsupported(SWITCH, "IncludeTrusteeWithPrimarySmtpAddress"),
        ),
        _get, OUTPUT,
    ),
    Cmdlet(
        "Add-RecipientPermission", "recipients", _ENTRY, _add, OUTPUT, prompts=True, confirmation=_question("Adding"),
    ),
    Cmdlet(
        "Remove-RecipientPermission", "recipients", (*_ENTRY, *unsupported(SWITCH, "Deny", "MultiTrustees")), _remove,
        prompts=True, confirmation=_question("Removing"),
    ),
)
