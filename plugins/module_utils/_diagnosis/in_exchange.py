# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The applications and their mailboxes in Exchange, as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CONTROLLER,
    Finding,
    Subject,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    application_access,
    application_roles,
    client_access,
    mailbox_permissions,
    service_principals,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.client_access import Access
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession

#: What is looked at here of an application, and of a mailbox.
CHECKS = frozenset({"exchange_principal", "mailbox_rights", "scope"})
SWITCHES = frozenset({"smtp_auth", "imap", "pop3"})
_SET_UP = "Run mailops.modern_auth.setup_mail, which grants it; Exchange takes up to an hour until it acts."
_RIGHTS: Mapping[mailbox_permissions.Right, str] = {"full_access": "FullAccess", "send_as": "SendAs"}


@dataclass(frozen=True)
class Case:
    """An application that is looked at.

    :param rights: what Exchange has to grant, see _plan/grants.py.
    :param client_id, principal_id: as Entra ID has them; None if they are not known.
    :param foreign: mailboxes that it must not reach.
    """

    subject: Subject
    rights: Mapping[str, Any]
    client_id: str | None
    principal_id: str | None
    foreign: Sequence[str]


@dataclass(frozen=True)
class Reader:
    """An application whose token does not say that it may read a mailbox, which a role of Exchange can allow.

    :param subject: the mailbox.
    :param permissions: those of which one is enough.
    :param lacking: the findings if no role gives it one of them.
    """

    subject: Subject
    client_id: str
    object_id: str
    permissions: frozenset[str]
    lacking: Sequence[Finding]


async def reader(session: ExchangeSession, one: Reader) -> list[Finding]:
    """Whether Exchange lets it read."""
    try:
        pointer = await service_principals.known(session, one.client_id, one.object_id)
        reached = await application_access.reached(session, pointer, [one.subject.about])
    except ModernAuthError as error:
        return one.subject.unknown(["reader"], f"no role of Exchange can be told: {error.message.rstrip('.')}")
    granted = {name for role in reached[one.subject.about] for name in application_roles.permissions(role)}
    return one.subject.ok("reader") if one.permissions & granted else list(one.lacking)


async def look(
    session: ExchangeSession, cases: Sequence[Case], of_mailbox: Callable[[str], Subject]
) -> list[Finding]:
    """Everything that Exchange knows of the applications and their mailboxes; one that fails hides no other.

    :param of_mailbox: a mailbox as a subject, by its address.
    """
    addresses = list(dict.fromkeys(
        mailbox for case in cases for right in ("full_access", "send_as", *SWITCHES)
        for mailbox in case.rights[right]
    ))
    try:
        access = await client_access.look(session, addresses)
    except ModernAuthError as error:
        why = "Exchange could not be asked"
        return [
            *CONTROLLER.error("caller_exchange", error),
            *(one for case in cases for one in case.subject.unknown(_applicable(case.rights), why)),
            *(
                one for case in cases for switch in sorted(SWITCHES) for mailbox in case.rights[switch]
                for one in of_mailbox(mailbox).unknown([switch], why)
            ),
        ]
    findings = CONTROLLER.ok("caller_exchange")
    for address in addresses:
        if address not in access.mailboxes:
            findings += of_mailbox(address).cross(
                "licence", f"Exchange has no mailbox {address}.",
                "Check the address; a user without a licence with Exchange Online has no mailbox.",
            )
    findings += _switches(access, cases, of_mailbox)
    for case in cases:
        findings += await _application(session, case, access)
    return findings


async def _application(session: ExchangeSession, case: Case, access: Access) -> list[Finding]:
    checks = _applicable(case.rights)
    if not checks:
        return []
    if case.client_id is None:
        return case.subject.unknown(checks, "its client id is not known")
    try:
        pointer = await service_principals.known(session, case.client_id, case.principal_id)
        if pointer is None:
            raise service_principals.no_pointer(case.client_id)
    except ModernAuthError as error:
        rest = [check for check in checks if check != "exchange_principal"]
        return [
            *case.subject.error("exchange_principal", error),
            *case.subject.unknown(rest, "Exchange does not know the application rightly"),
        ]
    findings = case.subject.ok("exchange_principal")
    for check, examine in (("mailbox_rights", _mailbox_rights), ("scope", _scope)):
        if check in checks:
            try:
                findings += await examine(session, case, pointer, access)
            except ModernAuthError as error:
                findings += case.subject.error(check, error)
    return findings


def _applicable(rights: Mapping[str, Any]) -> list[str]:
    found = [
        *(["mailbox_rights"] if rights["full_access"] or rights["send_as"] else []),
        *(["scope"] if rights["scope"] else []),
    ]
    return ["exchange_principal", *found] if found else []


async def _mailbox_rights(
    session: ExchangeSession, case: Case, pointer: Pointer, access: Access
) -> list[Finding]:
    who = mailbox_permissions.of_pointer(pointer)
    missing = []
    for right, name in _RIGHTS.items():
        there = [mailbox for mailbox in case.rights[right] if mailbox in access.mailboxes]
        held = await mailbox_permissions.read(session, who, there, [right])
        missing += [f"{name} on {mailbox}" for mailbox in there if (mailbox, right) not in held]
    if not missing:
        return case.subject.ok("mailbox_rights")
    return case.subject.cross("mailbox_rights", f"It does not have {', '.join(missing)}.", _SET_UP)


async def _scope(session: ExchangeSession, case: Case, pointer: Pointer, _access: Access) -> list[Finding]:
    scope = case.rights["scope"]
    reached = await application_access.reached(session, pointer, [*scope["mailboxes"], *case.foreign])
    findings = []
    missing = [
        f"{role} for {mailbox}" for mailbox in scope["mailboxes"] for role in scope["roles"]
        if role not in reached[mailbox]
    ]
    if missing:
        findings += case.subject.cross("scope", f"It does not have {', '.join(missing)}.", _SET_UP)
    open_ = [mailbox for mailbox in case.foreign if set(scope["roles"]) & set(reached[mailbox])]
    if open_:
        findings += case.subject.cross(
            "scope", f"It reaches {', '.join(open_)}, which is not its own.",
            "Run mailops.modern_auth.setup_mail, which takes away what reaches beyond its mailboxes.",
        )
    return findings or case.subject.ok("scope")


def _switches(
    access: Access, cases: Iterable[Case], of_mailbox: Callable[[str], Subject]
) -> list[Finding]:
    told = {one["mailbox"]: one for one in client_access.shown(access)["mailboxes"]}
    wanted = {
        switch: list(dict.fromkeys(mailbox for case in cases for mailbox in case.rights[switch]))
        for switch in sorted(SWITCHES)
    }
    findings = []
    for switch, addresses in wanted.items():
        for address in addresses:
            subject, found = of_mailbox(address), told.get(address)
            if found is None:
                findings += subject.unknown([switch], "there is no such mailbox")
            elif _is_on(switch, found):
                findings += subject.ok(switch)
            else:
                findings += subject.cross(switch, *_OFF[switch, found["smtp_auth"] == "inherit"])
    return findings


def _is_on(switch: str, found: Mapping[str, Any]) -> bool:
    if switch == "smtp_auth":
        return bool(found["smtp_auth_effective"] == "enabled")
    return bool(found[{"imap": "imap", "pop3": "pop"}[switch]])


_ENABLE = "Run mailops.modern_auth.setup_mail, or Set-CASMailbox with {} for this mailbox alone."
#: By the switch, and whether the mailbox follows the organisation: what is wrong, and what to do.
_OFF: Mapping[tuple[str, bool], tuple[str, str]] = {
    ("smtp_auth", True): (
        "SMTP AUTH is off: the mailbox follows the organisation, where it is off.",
        _ENABLE.format("-SmtpClientAuthenticationDisabled $false"),
    ),
    ("smtp_auth", False): (
        "SMTP AUTH is switched off on the mailbox itself.", _ENABLE.format("-SmtpClientAuthenticationDisabled $false"),
    ),
    **dict.fromkeys((("imap", True), ("imap", False)), ("IMAP is switched off.", _ENABLE.format("-ImapEnabled $true"))),
    **dict.fromkeys((("pop3", True), ("pop3", False)), ("POP is switched off.", _ENABLE.format("-PopEnabled $true"))),
}
