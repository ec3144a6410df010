# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Values that are fields of other objects: ``{"object": NAME, "field": PATH}``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._leaves import value_at


def filled(value: Any, objects: Mapping[str, Mapping[str, Any] | None]) -> Any:
    """A copy in which each such value is what the object says.

    :param objects: by their names; None for one that is still to be made, of which nothing is known.
    :raises InputError: there is no such object, or it has no such field.
    """
    if isinstance(value, Mapping):
        if set(value) == {"object", "field"}:
            return _field(value["object"], value["field"], objects)
        return {name: filled(item, objects) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, objects) for item in value]
    return value


def _field(name: str, field: str, objects: Mapping[str, Mapping[str, Any] | None]) -> Any:
    if name not in objects:
        raise InputError(
            f"the settings refer to the object {name!r}, which does not come before it among the targets.",
            remedy=f"Known there: {', '.join(objects) or 'none'}.",
        )
    content = objects[name]
    if content is None:
        return f"(known once {name} is made)"
    found = value_at(content, field)
    if found is None:
        raise InputError(f"the settings refer to the field {field!r} of {name}, which has none.")
    return found
