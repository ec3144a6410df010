# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of an organisation is still open to passwords by SMTP, and to Exchange Web Services.

A password is taken where SMTP AUTH is on for the mailbox and no authentication policy blocks it:
https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/disable-basic-authentication-in-exchange-online
IMAP and POP take none any more. Whether EWS is on:
https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ExchangeError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.client_access import (
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
_POLICY_SWITCH = "AllowBasicAuthSmtp"
_ALL = {"ResultSize": "Unlimited"}

Row = Mapping[str, Any]


async def read(session: ExchangeSession) -> dict[str, Any]:
    """What is open, as the module returns it: five cmdlets, however many mailboxes there are."""
    answers = await session.invoke_many([
        Call("Get-TransportConfig"), Call("Get-OrganizationConfig", {"RetrieveEwsOperationAccessPolicy": True}),
        Call("Get-AuthenticationPolicy"), Call("Get-CASMailbox", _ALL), Call("Get-User", _ALL),
    ])
    if isinstance(answers[1], ExchangeError):
        # Not every cloud has the list yet.
        answers[1] = await session.invoke("Get-OrganizationConfig")
    (transport,), (organization,), policies, mailboxes, users = map(rows_or_raise, answers)
    access = access_of(transport, organization, policies, {})
    return {
        "organization": {
            **organization_shown(access), "ews": SWITCH[organization.get("EwsEnabled")],
            "ews_allowed_app_ids": _ids(organization.get("EwsAllowedAppIDs")),
        },
        "mailboxes": open_to_passwords(access, mailboxes, users),
        "number_of_mailboxes": len(mailboxes),
    }


def open_to_passwords(access: Access, mailboxes: Iterable[Row], users: Iterable[Row]) -> list[dict[str, Any]]:
    """The mailboxes from which a password may still send by SMTP. Pure.

    :param access: the organisation's settings; its own mailboxes are not looked at.
    :param mailboxes: rows of Get-CASMailbox.
    :param users: rows of Get-User, for the authentication policies.
    :returns: {mailbox, type, smtp_auth: enabled or inherit, authentication_policy: its name or None}.
    """
    own = {str(user.get("ExternalDirectoryObjectId")): user.get("AuthenticationPolicy") or None for user in users}
    allowed = {str(policy["Name"]): bool(policy.get(_POLICY_SWITCH)) for policy in access.policies}
    found = []
    for mailbox in mailboxes:
        disabled = mailbox.get(SMTP)
        policy = own.get(str(mailbox.get("ExternalDirectoryObjectId"))) or access.default_policy
        if (access.smtp_disabled if disabled is None else disabled) or (policy and not allowed.get(policy, True)):
            continue
        found.append({
            "mailbox": mailbox.get("PrimarySmtpAddress"), "type": mailbox.get("RecipientTypeDetails"),
            "smtp_auth": "inherit" if disabled is None else "enabled", "authentication_policy": policy,
        })
    return sorted(found, key=lambda one: str(one["mailbox"]))


def _ids(text: str | None) -> list[str] | None:
    """Application ids, which Exchange has as one text with commas."""
    return sorted(part.strip() for part in text.split(",") if part.strip()) if text else None
