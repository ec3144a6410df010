# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tables of the keys that an operator may set, and how they are read. Pure.

A table maps each key to a :class:`Key`. Reading collects every problem instead of stopping at the first, and names each
by the variable's path, for example ``mail_send.port: 70000 is not between 1 and 65535``. No problem repeats a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._texts import complaint

# What a key's value is turned into; ValueError says in words what is wrong with it, without naming the key.
Kind = Callable[[Any], Any]
Table = Mapping[str, "Key"]

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ADDRESS = re.compile(r"[^@\s<>\",;]+@[^@\s<>\",;]+")
_DURATION = re.compile(r"[1-9][0-9]*[dhw]")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Key:
    """One key of a table.

    :param kind: reads the value.
    :param keys: for a key that holds further keys, their table; ``kind`` is then not used.
    :param several: it holds a list of such dictionaries.
    :param secret: the value is never repeated in a message.
    :param beside_secret: the value says whose secret it is, and is as little of use where no secret is asked for.
    """

    kind: Kind = str
    required: bool = False
    secret: bool = False
    keys: Table | None = None
    several: bool = False
    beside_secret: bool = False


def text(value: Any) -> str:
    """A string that is not empty."""
    words = complaint(value)
    if words:
        raise ValueError(words)
    if not str(value).strip():
        raise ValueError("is empty; give a value or remove it (looking up an unset environment variable gives nothing)")
    return str(value)


def address(value: Any) -> str:
    """A bare e-mail address."""
    if not _ADDRESS.fullmatch(text(value)):
        raise ValueError(f"'{value}' is no e-mail address")
    return str(value)


def guid(value: Any) -> str:
    """An id as Entra gives it to users, applications and tenants."""
    if not GUID.fullmatch(text(value)):
        raise ValueError(f"'{value}' is no GUID; write for example 00000000-0000-0000-0000-000000000000")
    return str(value)


def flag(value: Any) -> bool:
    """A boolean, or one of the words that YAML 1.1 takes for one."""
    known = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if known is None:
        raise ValueError(f"'{value}' is neither true nor false")
    return known


def number(least: int, most: int) -> Kind:
    """A whole number between two others, or the string that it is written as."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,9}", str(value)):
            raise ValueError(f"'{value}' is no whole number")
        if not least <= int(value) <= most:
            raise ValueError(f"{value} is not between {least} and {most}")
        return int(value)

    return read


def duration(value: Any) -> str:
    """A number with the unit d (days), w (weeks) or h (hours), for example "180d"."""
    if not _DURATION.fullmatch(str(value)):
        raise ValueError(f"'{value}' is no duration; write for example 180d, 26w or 12h")
    return str(value)


def hours(value: str) -> int:
    """How many hours a duration is."""
    return int(value[:-1]) * {"h": 1, "d": 24, "w": 168}[value[-1]]


@dataclass(frozen=True)
class Choice:
    """One of some words.

    :param meant: words that people write for a known one.
    """

    known: Sequence[str]
    meant: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, value: Any) -> str:
        if value in self.known:
            return str(value)
        nearest = self.meant.get(str(value).lower()) or nearest_of(str(value), self.known)
        raise ValueError(f"'{value}' is not one of {', '.join(self.known)}{did_you_mean(nearest)}")


def choice(*known: str, meant: Mapping[str, str] | None = None) -> Choice:
    """See Choice."""
    return Choice(known, meant or {})


@dataclass(frozen=True)
class Many:
    """A list; a single value is taken for a list of one."""

    kind: Kind

    def __call__(self, value: Any) -> list[Any]:
        if isinstance(value, Mapping):
            raise ValueError("is no list")
        items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        return [self.kind(item) for item in items]


def many(kind: Kind) -> Many:
    """See Many."""
    return Many(kind)


def mapping(value: Any) -> dict[str, Any]:
    """A dictionary, of whatever."""
    if not isinstance(value, Mapping):
        raise ValueError("is no dictionary")
    return dict(value)


def read(table: Table, given: Any, path: str, problems: list[str]) -> dict[str, Any]:
    """The values of a table's keys. A key that is absent or null is left out; one with a problem as well.

    :param path: the variable's name, for the messages; "" at the top.
    :param problems: what is found wrong is appended.
    """
    if not isinstance(given, Mapping):
        problems.append(f"{path}: is no dictionary of {', '.join(table)}")
        return {}
    clean: dict[str, Any] = {}
    for name, value in given.items():
        place = f"{path}.{name}" if path else str(name)
        key = table.get(str(name))
        if key is None:
            nearest = did_you_mean(nearest_of(str(name), list(table)))
            problems.append(f"{place}: unknown{nearest}; known: {', '.join(table)}")
        elif value is not None and key.keys is not None:
            clean[name] = _read_below(key, key.keys, value, place, problems)
        elif value is not None:
            try:
                clean[name] = key.kind(value)
            except ValueError as error:
                problems.append(f"{place}: {error}")
    for name, key in table.items():
        if key.required and given.get(name) is None:
            problems.append(f"{path}.{name}: is required" if path else f"{name}: is required")
    return clean


def _read_below(key: Key, table: Table, value: Any, place: str, problems: list[str]) -> Any:
    if not key.several:
        return read(table, value, place, problems)
    if isinstance(value, Mapping) or not isinstance(value, Sequence) or isinstance(value, str):
        problems.append(f"{place}: is no list")
        return []
    return [read(table, item, f"{place}[{index}]", problems) for index, item in enumerate(value)]


def secrets(table: Table, given: Any, path: str = "") -> dict[str, str]:
    """The secrets among the given values, by the path of their variable."""
    found: dict[str, str] = {}
    for name, key in table.items():
        value = given.get(name) if isinstance(given, Mapping) else None
        place = f"{path}.{name}" if path else name
        if value is not None and key.keys is not None:
            found.update(secrets(key.keys, value, place))
        elif value is not None and key.secret:
            found[place] = str(value)
    return found


def secret(value: Any) -> str:
    """A secret text. The words never repeat it."""
    return text(value)


def client_secret(value: Any) -> str:
    """The value of an application's secret; its id, a GUID, is what people paste by mistake."""
    if GUID.fullmatch(text(value).strip()):
        raise ValueError("looks like the secret's ID, not its value; the value is shown once, when the secret is made")
    return str(value)


def nearest_of(word: str, known: Sequence[str], likeness: float = 0.6) -> str | None:
    """The known word that is nearest to a mistyped one; None if there is none so near.

    :param likeness: as difflib measures it, 1 for the same word.
    """
    return next(iter(get_close_matches(word, known, n=1, cutoff=likeness)), None)


def did_you_mean(nearest: str | None) -> str:
    """The tail of a message about a mistyped word."""
    return f"; did you mean {nearest}?" if nearest else ""
