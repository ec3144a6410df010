"""The application roles of Exchange's role-based access control, and the permissions that each contains.

Source: "Role Based Access Control for Applications in Exchange Online" (Microsoft Learn, 2025-11-25). There is none for
IMAP or POP.
"""

from __future__ import annotations

from collections.abc import Mapping

_SAME_NAME = (
    "Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "MailboxSettings.ReadWrite",
    "Calendars.Read", "Calendars.ReadWrite", "Contacts.Read", "Contacts.ReadWrite", "EWS.AccessAsApp",
    "SMTP.SendAsApp", "MailboxConfigItem.Read", "MailboxConfigItem.ReadWrite", "MailTips.ReadBasic.All",
    "Mail-Advanced.ReadWrite.All",
)
# The permission ends with .All, the role's name does not.
_ALL = (
    "MailboxFolder.Read", "MailboxFolder.ReadWrite", "MailboxItem.Read", "MailboxItem.ReadWrite", "MailboxItem.Export",
    "MailboxItem.ImportExport",
)

APPLICATION_ROLES: Mapping[str, tuple[str, ...]] = {
    **{f"Application {name}": (name,) for name in _SAME_NAME},
    **{f"Application {name}": (f"{name}.All",) for name in _ALL},
    "Application Mail Full Access": ("Mail.ReadWrite", "Mail.Send"),
    "Application Exchange Full Access": (
        "Mail.ReadWrite", "Mail.Send", "MailboxSettings.ReadWrite", "Calendars.ReadWrite", "Contacts.ReadWrite",
    ),
}


def canonical_role(name: str) -> str | None:
    """The role of that name, in its own case; None for a name that is no application role."""
    return next((role for role in APPLICATION_ROLES if role.casefold() == name.casefold()), None)
