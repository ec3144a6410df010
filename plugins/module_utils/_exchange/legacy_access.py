# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of an organisation is still open to passwords by SMTP, and to Exchange Web Services.

A password is taken where SMTP AUTH is on for the mailbox and no authentication policy blocks it:
https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/disable-basic-authentication-in-exchange-online
IMAP and POP take none any more. Whether EWS is on:
https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.client_access import (
    IMAP,
    POP,
    SMTP,
    Access,
    access_of,
    organization_shown,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import (
    Call,
    ExchangeSession,
    rows_or_raise,
)

#: What Exchange says of a switch that nobody has set is told as "unset".
SWITCH: Mapping[bool | None, str] = {True: "enabled", False: "disabled", None: "unset"}
_POLICY_SWITCH, _EWS = "AllowBasicAuthSmtp", "EwsEnabled"
_ALL = {"ResultSize": "Unlimited"}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """What Exchange has, in its own words.

    :param access: the organisation's settings; its own mailboxes are not looked at.
    :param organization: the row of Get-OrganizationConfig.
    :param mailboxes: rows of Get-CASMailbox.
    :param users: rows of Get-User, for the authentication policies and the names to sign in with.
    """

    access: Access
    organization: Row
    mailboxes: Sequence[Row]
    users: Sequence[Row]


async def read(session: ExchangeSession) -> Reading:
    """Everything: five cmdlets, however many mailboxes there are."""
    answers = await session.invoke_many([
        Call("Get-TransportConfig"), Call("Get-OrganizationConfig", {"RetrieveEwsOperationAccessPolicy": True}),
        Call("Get-AuthenticationPolicy"), Call("Get-CASMailbox", _ALL), Call("Get-User", _ALL),
    ])
    if isinstance(answers[1], ExchangeError):
        # Not every cloud has the list yet.
        answers[1] = await session.invoke("Get-OrganizationConfig")
    (transport,), (organization,), policies, mailboxes, users = map(rows_or_raise, answers)
    return Reading(access_of(transport, organization, policies, {}), organization, mailboxes, users)


def told(reading: Reading) -> dict[str, Any]:
    """What is open, as the module exchange_legacy_access_info returns it. Pure."""
    return {
        "organization": {
            **organization_shown(reading.access), "ews": SWITCH[reading.organization.get(_EWS)],
            "ews_allowed_app_ids": _ids(reading.organization.get("EwsAllowedAppIDs")),
        },
        "mailboxes": open_to_passwords(reading),
        "number_of_mailboxes": len(reading.mailboxes),
    }


def switches(reading: Reading, accounts: Iterable[str]) -> list[dict[str, Any]]:
    """By which protocols the mailboxes of accounts can be used, whatever signs in. Pure.

    :param accounts: addresses, or names to sign in with. Those that no mailbox has are left out.
    :returns: {account, mailbox: its primary address, smtp, imap, pop3, ews: whether the protocol is on, password:
        whether one may send by SMTP}.
    """
    named = {str(user.get("ExternalDirectoryObjectId")): user.get("UserPrincipalName") for user in reading.users}
    by_name: dict[str, Row] = {}
    for mailbox in reading.mailboxes:
        addresses = [str(address).partition(":")[2] for address in mailbox.get("EmailAddresses") or []]
        own = (named.get(str(mailbox.get("ExternalDirectoryObjectId"))), mailbox.get("PrimarySmtpAddress"), *addresses)
        by_name |= {str(name).lower(): mailbox for name in own if name}
    with_password = {one["mailbox"] for one in open_to_passwords(reading)}
    return [
        {
            "account": account, "mailbox": mailbox.get("PrimarySmtpAddress"),
            "smtp": not _smtp_disabled(reading.access, mailbox), "imap": bool(mailbox.get(IMAP)),
            "pop3": bool(mailbox.get(POP)),
            "ews": reading.organization.get(_EWS) is not False and mailbox.get(_EWS) is not False,
            "password": mailbox.get("PrimarySmtpAddress") in with_password,
        } for account, mailbox in ((account, by_name.get(account.lower())) for account in accounts)
        if mailbox is not None
    ]


def open_to_passwords(reading: Reading) -> list[dict[str, Any]]:
    """The mailboxes from which a password may still send by SMTP. Pure.

    :returns: {mailbox, type, smtp_auth: enabled or inherit, authentication_policy: its name or None}.
    """
    access = reading.access
    own = {
        str(user.get("ExternalDirectoryObjectId")): user.get("AuthenticationPolicy") or None for user in reading.users
    }
    allowed = {str(policy["Name"]): bool(policy.get(_POLICY_SWITCH)) for policy in access.policies}
    found = []
    for mailbox in reading.mailboxes:
        policy = own.get(str(mailbox.get("ExternalDirectoryObjectId"))) or access.default_policy
        if _smtp_disabled(access, mailbox) or (policy and not allowed.get(policy, True)):
            continue
        found.append({
            "mailbox": mailbox.get("PrimarySmtpAddress"), "type": mailbox.get("RecipientTypeDetails"),
            "smtp_auth": "inherit" if mailbox.get(SMTP) is None else "enabled", "authentication_policy": policy,
        })
    return sorted(found, key=lambda one: str(one["mailbox"]))


def _smtp_disabled(access: Access, mailbox: Row) -> bool:
    own = mailbox.get(SMTP)
    return bool(access.smtp_disabled if own is None else own)


def _ids(text: str | None) -> list[str] | None:
    """Application ids, which Exchange has as one text with commas."""
    return sorted(part.strip() for part in text.split(",") if part.strip()) if text else None
