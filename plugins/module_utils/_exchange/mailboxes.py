# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The mailboxes that a task names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def distinct(mailboxes: Iterable[str]) -> list[str]:
    """Each once, in the order given; letter case does not count in addresses.

    :raises InputError: for an empty name.
    """
    first: dict[str, str] = {}
    for name in mailboxes:
        first.setdefault(name.strip().casefold(), name.strip())
    names = list(first.values())
    if not all(names):
        raise InputError("mailboxes: one of them is empty.", remedy="Check the variable that it comes from.")
    return names


def missing_mailboxes(names: Sequence[str]) -> InputError:
    """The error for mailboxes that are not there."""
    return InputError(
        f"Exchange has no mailbox {', '.join(dict.fromkeys(names))}.", code="no_mailbox",
        remedy="Check the address. A user without a licence has no mailbox, and what was just created needs time until "
        "Exchange knows it. Nothing was changed.",
    )
