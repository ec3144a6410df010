# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A table of properties drives a module: its options, what it compares, what it writes, what it shows. Pure.

Names are dotted where the value lies deeper: the option ``redirect_uris.web`` is the suboption ``web``, the API's
``web.redirectUris`` is a member of a complex property. Graph merges what a PATCH says of a complex property, so only
the changed members are sent (OData 4.0 part 1, 11.4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


def as_is(value: Any) -> Any:
    """Compared as it stands."""
    return value


def as_text(value: Any) -> Any:
    """An empty text is the same as none."""
    return value or ""


def as_set(value: Any) -> Any:
    """A list whose order means nothing; none is the same as empty."""
    return sorted(set(value or []))


def as_flag(value: Any) -> Any:
    """A switch that is off until somebody sets it."""
    return bool(value)


@dataclass(frozen=True)
class Property:
    """One property of an object.

    :param option: the module's option, and the name in what it returns.
    :param api: the name in the API.
    :param spec: the option's argument spec.
    :param compare: brings a value, the option's or the API's, into the form in which the two are compared and shown.
    """

    option: str
    api: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    compare: Callable[[Any], Any] = as_is


def argument_spec(properties: Sequence[Property]) -> Values:
    """The argument spec of the table's options."""
    spec: Values = {}
    for item in properties:
        *parents, name = item.option.split(".")
        level = spec
        for parent in parents:
            level = level.setdefault(parent, {"type": "dict", "options": {}})["options"]
        level[name] = dict(item.spec)
    return spec


def shown(properties: Sequence[Property], entity: Mapping[str, Any]) -> Values:
    """The object as a module returns it."""
    result: Values = {}
    for item in properties:
        _put(result, item.option, item.compare(_get(entity, item.api)))
    return result


def changes(properties: Sequence[Property], entity: Mapping[str, Any], params: Mapping[str, Any]) -> Values:
    """The body of the PATCH that makes the object what the options say; empty if it is that already.

    An option that is None or absent is left alone.
    """
    body: Values = {}
    for item in properties:
        wanted = _get(params, item.option)
        if wanted is not None and item.compare(wanted) != item.compare(_get(entity, item.api)):
            _put(body, item.api, wanted)
    return body


def merged(entity: Mapping[str, Any], body: Mapping[str, Any]) -> Values:
    """What the object will be after a PATCH with the body."""
    result = dict(entity)
    for name, value in body.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[name] = merged(before, value)
        else:
            result[name] = value
    return result


def _get(values: Mapping[str, Any], name: str) -> Any:
    value: Any = values
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _put(values: Values, name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value
