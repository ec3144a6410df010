# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""By which protocols clients may use a mailbox, and what the organisation says of SMTP AUTH.

SMTP AUTH off refuses OAuth too, not only passwords. A mailbox that says nothing follows the organisation.
https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeNotFoundError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.mailboxes import distinct, missing_mailboxes
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    Rows,
    rows_or_raise,
)

SMTP, IMAP, POP = "SmtpClientAuthenticationDisabled", "ImapEnabled", "PopEnabled"
#: What the option smtp_auth says, as Exchange puts it; null follows the organisation.
SMTP_AUTH: Mapping[str, bool | None] = {"enabled": False, "disabled": True, "inherit": None}
_WORDS = {value: word for word, value in SMTP_AUTH.items()}
#: The options of the module exchange_client_access.
OPTIONS: dict[str, dict[str, Any]] = {
    "mailboxes": {"type": "list", "elements": "str", "default": []},
    "smtp_auth": {"choices": list(SMTP_AUTH)},
    "imap": {"type": "bool"},
    "pop": {"type": "bool"},
    "organization_smtp_auth": {"choices": ["enabled", "disabled"]},
}
#: What the properties of an authentication policy begin with.
_BASIC = "AllowBasicAuth"
_NO_CHANGE = "no settings of"

Settings = dict[str, Any]


@dataclass(frozen=True)
class Access:
    """What is set, in Exchange's own words.

    :param mailboxes: the settings SMTP, IMAP and POP by mailbox.
    :param smtp_disabled: the organisation's own setting.
    :param default_policy: the authentication policy of everybody who has none of his own, or None.
    :param policies: authentication policies; they concern basic authentication alone.
    """

    mailboxes: Mapping[str, Settings]
    smtp_disabled: bool
    default_policy: str | None
    policies: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """What has to be written.

    :param mailboxes: the settings that differ, by mailbox.
    :param smtp_disabled: for the organisation; None leaves it alone.
    """

    mailboxes: Mapping[str, Settings]
    smtp_disabled: bool | None = None

    def __bool__(self) -> bool:
        return bool(self.mailboxes) or self.smtp_disabled is not None


async def settle(session: ExchangeSession, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find out what has to change, and change it; gives what the module returns.

    :param params: the options of the module.
    """
    organization = params["organization_smtp_auth"] and SMTP_AUTH[params["organization_smtp_auth"]]
    found = await read(session, distinct(params["mailboxes"]))
    change = plan(found, _wanted(params), organization)
    after = predicted(found, change)
    if change and not check_mode:
        change = await apply(session, change)
    outcome = shown(after)
    # A replica that lags behind may have shown what had been changed before.
    before = found if change else after
    return {"changed": bool(change), **outcome, "diff": {"before": shown(before), "after": outcome}}


async def read(session: ExchangeSession, mailboxes: Sequence[str]) -> Access:
    """Read the mailboxes' settings and the organisation's, in as few requests as possible.

    :raises InputError: naming every mailbox that Exchange does not have.
    """
    found = await look(session, mailboxes)
    absent = [mailbox for mailbox in mailboxes if mailbox not in found.mailboxes]
    if absent:
        raise missing_mailboxes(absent)
    return found


async def look(session: ExchangeSession, mailboxes: Sequence[str]) -> Access:
    """The same, without the mailboxes that Exchange does not have."""
    answers = await session.invoke_many([
        *(Call("Get-CASMailbox", {"Identity": mailbox}) for mailbox in mailboxes),
        Call("Get-TransportConfig"), Call("Get-OrganizationConfig"), Call("Get-AuthenticationPolicy"),
    ])
    found = dict(zip(mailboxes, answers, strict=False))
    transport, organization, policies = (rows_or_raise(answer) for answer in answers[len(mailboxes):])
    settings = {
        mailbox: rows_or_raise(answer)[0] for mailbox, answer in found.items()
        if not isinstance(answer, ExchangeNotFoundError)
    }
    return access_of(transport[0], organization[0], policies, {
        mailbox: {name: row.get(name) for name in (SMTP, IMAP, POP)} for mailbox, row in settings.items()
    })


def access_of(
    transport: Mapping[str, Any], organization: Mapping[str, Any], policies: Sequence[Mapping[str, Any]],
    mailboxes: Mapping[str, Settings],
) -> Access:
    """What is set, from what Exchange put out: Get-TransportConfig, Get-OrganizationConfig, Get-AuthenticationPolicy.

    :param mailboxes: see Access.
    """
    default_policy = organization.get("DefaultAuthenticationPolicy") or None
    return Access(mailboxes, bool(transport.get(SMTP)), default_policy, policies)


def plan(access: Access, wanted: Mapping[str, Any], smtp_disabled: bool | None) -> Change:
    """What separates the settings from the wanted ones. Pure.

    :param wanted: by Exchange's name; a setting that is left out is left alone.
    :param smtp_disabled: what the organisation shall have; None leaves it alone.
    """
    mailboxes = {}
    for mailbox, settings in access.mailboxes.items():
        differing = {name: value for name, value in wanted.items() if settings[name] != value}
        if differing:
            mailboxes[mailbox] = differing
    return Change(mailboxes, None if smtp_disabled == access.smtp_disabled else smtp_disabled)


def predicted(access: Access, change: Change) -> Access:
    """The settings after a change. Pure."""
    mailboxes = {name: {**settings, **change.mailboxes.get(name, {})} for name, settings in access.mailboxes.items()}
    smtp_disabled = access.smtp_disabled if change.smtp_disabled is None else change.smtp_disabled
    return replace(access, mailboxes=mailboxes, smtp_disabled=smtp_disabled)


async def apply(session: ExchangeSession, change: Change) -> Change:
    """Write a change.

    :returns: what of it was not so already.
    """
    if change.smtp_disabled is not None:
        rows = await session.invoke("Set-TransportConfig", {SMTP: change.smtp_disabled, "Confirm": False})
        change = replace(change, smtp_disabled=None) if _was_so(rows) else change
    answers = await session.invoke_many([
        Call("Set-CASMailbox", {"Identity": mailbox, **settings, "Confirm": False})
        for mailbox, settings in change.mailboxes.items()
    ])
    changed = {
        mailbox: settings for (mailbox, settings), answer in zip(change.mailboxes.items(), answers, strict=True)
        if not _was_so(rows_or_raise(answer))
    }
    return replace(change, mailboxes=changed)


def shown(access: Access) -> dict[str, Any]:
    """The settings as modules return them. Pure."""
    organization = _WORDS[access.smtp_disabled]
    return {
        "mailboxes": [
            {
                "mailbox": mailbox, "smtp_auth": _WORDS[settings[SMTP]],
                "smtp_auth_effective": organization if settings[SMTP] is None else _WORDS[settings[SMTP]],
                "imap": settings[IMAP], "pop": settings[POP],
            }
            for mailbox, settings in access.mailboxes.items()
        ],
        "organization": organization_shown(access),
    }


def organization_shown(access: Access) -> dict[str, Any]:
    """The organisation's settings as modules return them. Pure."""
    return {
        "smtp_auth": _WORDS[access.smtp_disabled], "default_authentication_policy": access.default_policy,
        "authentication_policies": sorted(
            ({"name": row["Name"], "allowed": _allowed(row)} for row in access.policies),
            key=lambda policy: str(policy["name"]),
        ),
    }


def _wanted(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the task names, in Exchange's words."""
    given = {} if params["smtp_auth"] is None else {SMTP: SMTP_AUTH[params["smtp_auth"]]}
    switches = {IMAP: params["imap"], POP: params["pop"]}
    return {**given, **{name: value for name, value in switches.items() if value is not None}}


def _allowed(policy: Mapping[str, Any]) -> list[str]:
    return sorted(name.removeprefix(_BASIC) for name, value in policy.items() if name.startswith(_BASIC) and value)


def _was_so(rows: Rows) -> bool:
    return any(_NO_CHANGE in warning for warning in rows.warnings)
