# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The fields of a JSON object and of the objects in it, by their paths. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
Leaves: TypeAlias = dict[Path, Any]


def leaves(fields: Mapping[str, Any]) -> Leaves:
    """The fields; an object without any is one itself, and so is a list."""
    return dict(_walked(fields, ()))


def _walked(fields: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _walked(value, (*above, name))
        else:
            yield (*above, name), value


def nested(some: Leaves) -> dict[str, Any]:
    """The object that has these fields."""
    whole: dict[str, Any] = {}
    for path, value in some.items():
        *above, name = path
        place = whole
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return whole


def named(some: Leaves) -> dict[str, Any]:
    """The fields by their paths as texts, with dots."""
    return {".".join(path): value for path, value in some.items()}


def differing(wanted: Leaves, present: Leaves) -> Leaves:
    """What is wanted, and not present; an API may leave out what is null."""
    return {path: value for path, value in wanted.items() if not same(present.get(path), value)}


def same(value: Any, other: Any) -> bool:
    """Whether two values are the same JSON; Python takes 1 and true for the same."""
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def value_at(fields: Mapping[str, Any] | None, path: str) -> Any:
    """The value of a field; None if there is none.

    :param path: with dots.
    """
    value: Any = fields
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
