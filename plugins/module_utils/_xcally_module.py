# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the modules for XCALLY Motion share: the options of the fragment ``xcally``, and what they are checked by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._api_module import access, api
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    Kind,
    Motion,
    Names,
    address,
    names_of,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api_states import visible

#: What Motion calls an object.
LOOKED_FOR: Mapping[str, Mapping[str, Any]] = {"path": {}, "fields": {"type": "dict", "default": {}}}
NAMES: Mapping[str, Mapping[str, Any]] = {**LOOKED_FOR, "settings": {"type": "dict", "default": {}}}


def checked(params: Mapping[str, Any], option: str, kind: Callable[[Any], Any]) -> Any:
    """An option's value as its kind reads it; None if it is not given.

    :raises InputError: it is not of that kind.
    """
    if params[option] is None:
        return None
    try:
        return kind(params[option])
    except ValueError as error:
        raise InputError(f"{option}: {error}.") from error


def motion_of(params: Mapping[str, Any]) -> Motion:
    """The server that a module is told."""
    known = access(params)
    return Motion(checked(params, "url", address), known["authentication"], known["ca_path"])


def names_in(params: Mapping[str, Any], kind: Kind) -> Names:
    """What a module is told of how Motion calls an object."""
    return Names(params["path"], checked(params, "fields", names_of(kind)), params.get("settings", {}))


def found(params: Mapping[str, Any], kind: Kind) -> list[dict[str, Any] | None]:
    """The objects of a kind, without secrets: all, or the one that the module is told the key of."""
    names = names_in(params, kind)
    fields = names.called(kind)
    key = str(kind.key)
    by = {} if params[key] is None else {fields[key]: params[key]}
    url = motion_of(params).url + (names.path or kind.path)
    rows = api(params).rows(url, {"rows": "rows", "id": "id", "by": by})
    secret = [fields[kind.secret]] if kind.secret else []
    return [visible(row, secret) for row in rows if by.items() <= row.items()]
