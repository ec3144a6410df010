"""Client access settings of mailboxes: which protocols are on.

SmtpClientAuthenticationDisabled has three values: true, false, and null, which follows the organisation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365_sandbox.exchange.cmdlet import Call, Cmdlet, Parameter, identity_parameter, unsupported
from m365_sandbox.exchange.directory import MAILBOXES, Principal, find
from m365_sandbox.exchange.output import Row, flag, guid, text, texts
from m365_sandbox.exchange.parameter_types import BOOLEAN, NULLABLE_BOOLEAN, SWITCH, enumeration, identity, multi_valued
from m365_sandbox.exchange.recipients import LISTING, selected, values
from m365_sandbox.exchange.recipients import OUTPUT as RECIPIENT_OUTPUT
from m365_sandbox.exchange.wording import not_modified
from m365_sandbox.state.clock import now, timestamp
from m365_sandbox.state.history import Entity

ID = identity("MailboxIdParameter")

_ON = (
    "ActiveSyncEnabled", "OWAEnabled", "OWAforDevicesEnabled", "PopEnabled", "ImapEnabled", "MAPIEnabled",
    "UniversalOutlookEnabled", "OutlookMobileEnabled", "MacOutlookEnabled", "OneWinNativeOutlookEnabled",
)
_INHERITED = ("SmtpClientAuthenticationDisabled", "EwsEnabled")
_LISTS = ("EwsAllowList", "EwsBlockList")
_POLICY = enumeration(
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.EwsApplicationAccessPolicy",
    ("EnforceAllowList", "EnforceBlockList"),
)
_DEFAULTS: Entity = {
    **dict.fromkeys(_ON, True), **dict.fromkeys(_INHERITED), "EwsApplicationAccessPolicy": None,
    **{name: [] for name in _LISTS},
}
OUTPUT = (
    *flag(*_ON, default=True), *flag(*_INHERITED, default=None), *text("EwsApplicationAccessPolicy", default=None),
    *texts(*_LISTS), *text("ServerName", default="am0pr01mb0001"), *guid("ExchangeGuid"),
    *RECIPIENT_OUTPUT,
)


def _settings(mailbox: Principal) -> dict[str, Any]:
    return {name: mailbox.entity.get(name, default) for name, default in _DEFAULTS.items()}


def _get(call: Call) -> Iterator[Row]:
    for mailbox in selected(call, MAILBOXES):
        yield {
            **values(call.tenant, mailbox), **_settings(mailbox), "ExchangeGuid": mailbox.entity["ExchangeGuid"],
        }


def _set(call: Call) -> None:
    mailbox = find(call.tenant, MAILBOXES, call["Identity"])
    before = _settings(mailbox)
    wanted = {name: _list(before[name], call[name]) if name in _LISTS else call[name]
              for name in _DEFAULTS if name in call}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if not changed:
        call.warn(not_modified(mailbox.name))
        return
    entity = {name: value for name, value in mailbox.entity.items() if name != "ExchangeGuid"}
    call.put("mailboxes", mailbox.id, {**entity, **changed, "WhenChanged": timestamp(now())})


def _list(before: list[str], value: Any) -> list[str]:
    """A list in full, or what ``@{Add=…; Remove=…}`` makes of the one before."""
    if isinstance(value, list):
        return value
    kept = [one for one in before if one not in value.get("remove", ())]
    return [*kept, *(one for one in value.get("add", ()) if one not in kept)]


CMDLETS = (
    Cmdlet(
        "Get-CASMailbox", "recipients",
        (
            identity_parameter(ID), *LISTING,
            *unsupported(
                SWITCH, "ProtocolSettings", "ActiveSyncDebugLogging", "RecalculateHasActiveSyncDevicePartnership",
            ),
        ),
        _get, OUTPUT,
    ),
    Cmdlet(
        "Set-CASMailbox", "recipients",
        (
            identity_parameter(ID, mandatory=True), *(Parameter(name, BOOLEAN) for name in _ON),
            *(Parameter(name, NULLABLE_BOOLEAN) for name in _INHERITED),
            Parameter("EwsApplicationAccessPolicy", _POLICY), *(Parameter(name, multi_valued()) for name in _LISTS),
        ),
        _set,
    ),
)
