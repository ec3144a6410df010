# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An object that is a row of a list, found by its fields. Pure, but for the requests that are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import quote, urlencode

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import same, value_at


class Listed(TypedDict):
    """How the object is found.

    ``rows`` is the name under which the list's address gives the rows, None if it gives nothing but them; ``id`` is the
    field by which one is addressed; ``by`` are the fields by which it is known, and their values.
    """

    rows: str | None
    id: str
    by: Mapping[str, Any]


def rows_of(content: Any, name: str | None, url: str) -> list[Mapping[str, Any]]:
    """The rows of an answer.

    :param name: see ``Listed``, "rows".
    :raises InputError: it is no list.
    """
    rows = content if name is None else value_at(content, name)
    if not isinstance(rows, list):
        raise InputError(f"{url} gives no list{f' {name!r}' if name else ''}.", remedy="Check the address.")
    return [row for row in rows if isinstance(row, Mapping)]


def all_rows(listed: Listed, url: str, get: Callable[[str], Any]) -> list[Mapping[str, Any]]:
    """All rows of a list, page by page, each once whatever the API makes of limits.

    :param get: what an address answers, as JSON.
    :raises InputError: there is no list.
    """
    rows: dict[str, Mapping[str, Any]] = {}
    at = url
    while True:
        content = get(at)
        some = rows_of(content, listed["rows"], at)
        count = content.get("count") if isinstance(content, Mapping) else None
        known = len(rows)
        rows |= {str(row.get(listed["id"])): row for row in some}
        if not isinstance(count, int) or len(rows) >= count or len(rows) == known:
            return list(rows.values())
        at = f"{url}?{urlencode({'limit': len(some), 'offset': len(rows)})}"


def row_of(listed: Listed, url: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The object's row; None if there is none.

    :raises InputError: there are several, or it has no id.
    """
    by = listed["by"]
    found = [row for row in rows if all(same(row.get(name), value) for name, value in by.items())]
    words = ", ".join(f"{name} {value!r}" for name, value in by.items())
    if len(found) > 1:
        ids = ", ".join(str(row.get(listed["id"])) for row in found)
        raise InputError(
            f"{url} has {len(found)} rows with {words}: {ids}.", remedy="Remove or rename those that are not meant."
        )
    if found and found[0].get(listed["id"]) in (None, ""):
        raise InputError(f"{url} gives the row with {words} no {listed['id']!r}.", remedy="Check the name of the id.")
    return found[0] if found else None


def address(listed: Listed, url: str, row: Mapping[str, Any]) -> str:
    """The row's own address."""
    return f"{url}/{quote(str(row[listed['id']]), safe='')}"
