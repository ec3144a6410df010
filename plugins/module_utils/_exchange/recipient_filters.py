# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters of recipients: those of management scopes, written and compared, and those of searches. Pure.

Exchange stores a filter in a form of its own, with other parentheses, so that what it gives back has to be understood:
https://learn.microsoft.com/powershell/exchange/recipient-filters
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MAILBOX, GROUP = "PrimarySmtpAddress", "MemberOfGroup"

Meaning = frozenset[tuple[str, str]]

_COMPARISON = re.compile(r"[\s(]*(\w+)\s+-eq\s+'((?:[^']|'')*)'[\s)]*", re.IGNORECASE)
_OR = re.compile(r"-or\b", re.IGNORECASE)


def of_mailboxes(addresses: Iterable[str]) -> str:
    """The filter that some mailboxes pass, by primary address."""
    return any_of((MAILBOX, address) for address in sorted(addresses, key=str.casefold))


def any_of(comparisons: Iterable[tuple[str, str]]) -> str:
    """The filter that a recipient passes if one of the properties has its value: (property, value)."""
    return " -or ".join(f"({_comparison(name, value)})" for name, value in comparisons)


def of_group(distinguished_name: str) -> str:
    """The filter that the direct members of a group pass."""
    return _comparison(GROUP, distinguished_name)


def are_same(one: str, other: str) -> bool:
    """Whether two filters say the same. Those of other kinds than are written here have to do so in the same words."""
    meaning = _meaning(one)
    if meaning is None:
        return one.split() == other.split()
    return meaning == _meaning(other)


def shown(text: str) -> dict[str, Any]:
    """A filter as modules return it: {mailboxes, group, filter}, of which one is not null."""
    meaning = _meaning(text) or frozenset()
    names = {name for name, _value in meaning}
    values = sorted(value for _name, value in meaning)
    is_mailboxes, is_group = names == {MAILBOX.casefold()}, names == {GROUP.casefold()} and len(values) == 1
    return {
        "mailboxes": values if is_mailboxes else None, "group": values[0] if is_group else None,
        "filter": None if is_mailboxes or is_group else text,
    }


def _comparison(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{name} -eq '{quoted}'"


def _meaning(text: str) -> Meaning | None:
    """The comparisons of which one has to hold; None for any other filter. Parentheses mean nothing among them."""
    found, position = set(), 0
    while match := _COMPARISON.match(text, position):
        found.add((match[1].casefold(), match[2].replace("''", "'").casefold()))
        position = match.end()
        if position == len(text):
            return frozenset(found)
        conjunction = _OR.match(text, position)
        if conjunction is None:
            return None
        position = conjunction.end()
    return None
