# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Exchange's roles for applications, and the permissions that each contains. Pure.

https://learn.microsoft.com/exchange/permissions-exo/application-rbac
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

PREFIX = "Application "
_SAME_NAME = (
    "Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "MailboxSettings.ReadWrite",
    "Calendars.Read", "Calendars.ReadWrite", "Contacts.Read", "Contacts.ReadWrite", "EWS.AccessAsApp",
    "SMTP.SendAsApp", "MailboxConfigItem.Read", "MailboxConfigItem.ReadWrite", "MailTips.ReadBasic.All",
    "Mail-Advanced.ReadWrite.All",
)
#: Here the permission ends with .All, and the role's name does not.
_ALL = (
    "MailboxFolder.Read", "MailboxFolder.ReadWrite", "MailboxItem.Read", "MailboxItem.ReadWrite", "MailboxItem.Export",
    "MailboxItem.ImportExport",
)
ROLES: Mapping[str, tuple[str, ...]] = {
    **{PREFIX + name: (name,) for name in _SAME_NAME},
    **{PREFIX + name: (f"{name}.All",) for name in _ALL},
    "Application Mail Full Access": ("Mail.ReadWrite", "Mail.Send"),
    "Application Exchange Full Access": (
        "Mail.ReadWrite", "Mail.Send", "MailboxSettings.ReadWrite", "Calendars.ReadWrite", "Contacts.ReadWrite",
    ),
}
#: Permissions of Entra that go by another name, or that contain more than their name says.
_CONTAINED: Mapping[str, tuple[str, ...]] = {
    "EWS.AccessAsApp": ("full_access_as_app",),
    "Mail.ReadBasic": ("Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite"),
}


def roles(names: Iterable[str]) -> list[str]:
    """The roles in their own spelling, each once; "Application" may be left out.

    :raises InputError: for a name that is none, with the nearest ones.
    """
    spelling = {role.removeprefix(PREFIX).casefold(): role for role in ROLES}
    found = []
    for name in names:
        key = name.strip().casefold().removeprefix(PREFIX.casefold())
        if key not in spelling:
            raise _unknown(name, [spelling[match] for match in difflib.get_close_matches(key, spelling, n=3)])
        found.append(spelling[key])
    return list(dict.fromkeys(found))


def permissions(role: str) -> tuple[str, ...]:
    """What a role contains; of one that is not in the table, what its name says."""
    return ROLES.get(role, (role.removeprefix(PREFIX),))


def covering(role: str, granted: Iterable[str]) -> Sequence[str]:
    """Those permissions granted in Entra that give something of the role on every mailbox."""
    wide = {one for permission in permissions(role) for one in _wider(permission)}
    return [one for one in granted if one in wide]


def _wider(permission: str) -> set[str]:
    """The permission, and those that contain it."""
    wide = {permission, *_CONTAINED.get(permission, ())}
    if permission.removesuffix(".All").endswith(".Read"):
        wide.add(permission.replace(".Read", ".ReadWrite"))
    return wide


def _unknown(name: str, nearest: Sequence[str]) -> InputError:
    hint = f"Nearest: {', '.join(nearest)}." if nearest else f"Known are {', '.join(sorted(ROLES))}."
    protocol = name.strip().casefold().removeprefix(PREFIX.casefold())
    if protocol.startswith(("imap", "pop")):
        hint = (
            "Exchange has no role for IMAP or POP: grant IMAP.AccessAsApp or POP.AccessAsApp in Entra, and FullAccess "
            "on the mailbox with exchange_mailbox_permission."
        )
    return InputError(f"Exchange has no application role {name}.", remedy=hint)
