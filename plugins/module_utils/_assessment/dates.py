# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""When Microsoft refuses what, each with the page that says so. Data.

As known in November 2026. Nobody may take a date from here for a promise: Microsoft has moved some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_BASIC = (
    "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/"
    "deprecation-of-basic-authentication-exchange-online"
)


@dataclass(frozen=True)
class SwitchOff:
    """Something that Microsoft switches off.

    :param since: the day from which on it is, or may be, refused.
    :param words: what happens, a sentence.
    """

    what: str
    since: date
    words: str
    page: str


SMTP_BASIC = SwitchOff(
    "SMTP with a password", date(2026, 12, 31),
    "Off by default from the end of December 2026; an administrator can switch it on again until its final removal, "
    "for which a date is to be named in the second half of 2027.",
    "https://techcommunity.microsoft.com/blog/exchange/"
    "updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835",
)
MAILBOX_BASIC = SwitchOff(
    "IMAP, POP and EWS with a password", date(2023, 1, 1),
    "Refused since January 2023, for every tenant and without exceptions.", _BASIC,
)
EWS = SwitchOff(
    "Exchange Web Services", date(2026, 10, 1),
    "Switched off tenant by tenant from October 2026 and for everybody on 1 April 2027, also with OAuth.",
    "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/"
    "deprecation-of-ews-exchange-online",
)
ACCESS_POLICIES = SwitchOff(
    "Application access policies", date(2023, 7, 31),
    "Replaced by RBAC for Applications, which is there since July 2023; no end is named, but make no new ones.",
    "https://learn.microsoft.com/exchange/permissions-exo/application-rbac",
)
ALL = (SMTP_BASIC, MAILBOX_BASIC, EWS, ACCESS_POLICIES)
#: What is switched off of what signs in with a password, by the protocol.
BY_PROTOCOL: Mapping[str, SwitchOff] = {
    "smtp": SMTP_BASIC, "imap": MAILBOX_BASIC, "pop3": MAILBOX_BASIC, "ews": MAILBOX_BASIC,
}
