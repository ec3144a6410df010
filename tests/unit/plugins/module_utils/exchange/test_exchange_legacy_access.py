# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""By which protocols mailboxes can be used."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.client_access import Access
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.legacy_access import Reading, switches

SMTP = "SmtpClientAuthenticationDisabled"
CRM = "crm@contoso.example"


def reading(*, smtp_disabled: bool = False, ews: bool | None = None, **mailbox: Any) -> Reading:
    row = {
        "ExternalDirectoryObjectId": "1", "PrimarySmtpAddress": CRM, "ImapEnabled": True, "PopEnabled": True,
        SMTP: None, "EwsEnabled": None, "EmailAddresses": [f"SMTP:{CRM}", "smtp:Orders@contoso.example", "SIP:x@y"],
        **mailbox,
    }
    user = {"ExternalDirectoryObjectId": "1", "UserPrincipalName": "crm@contoso.onmicrosoft.com"}
    return Reading(Access({}, smtp_disabled, None, []), {"EwsEnabled": ews}, [row], [user])


def off(found: Reading) -> set[str]:
    """What is off."""
    [one] = switches(found, [CRM])
    return {name for name, value in one.items() if value is False}


@pytest.mark.parametrize("account", [CRM.upper(), "orders@contoso.example", "crm@contoso.onmicrosoft.com"])
def test_a_mailbox_is_found_by_each_of_its_names(account: str) -> None:
    assert [(one["account"], one["mailbox"]) for one in switches(reading(), [account])] == [(account, CRM)]


def test_what_is_no_mailbox_is_left_out() -> None:
    assert switches(reading(), ["relay-user", ""]) == []


@pytest.mark.parametrize(("found", "expected"), [
    (reading(), set()),
    (reading(ImapEnabled=False, PopEnabled=False), {"imap", "pop3"}),
    (reading(smtp_disabled=True), {"smtp", "password"}),
    (reading(smtp_disabled=True, **{SMTP: False}), set()),
    (reading(**{SMTP: True}), {"smtp", "password"}),
    (reading(ews=False), {"ews"}),
    (reading(ews=True, EwsEnabled=False), {"ews"}),
])
def test_the_mailbox_decides_and_else_the_organisation(found: Reading, expected: set[str]) -> None:
    assert off(found) == expected
