# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Targets read from their plans, which somebody may have written by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import did_you_mean, nearest_of


def target(kind: Any, plan: Mapping[str, Any], path: str) -> Any:
    """The target that a plan describes.

    :param kind: its kind, a module of kinds/.
    :param plan: in which no reference is left.
    :param path: where the plan stands, for messages.
    :raises InputError: it has options that the kind does not know, or lacks some, or gives one another word.
    """
    options = {name: value for name, value in plan.items() if name != "kind"}
    optional = {
        one.name: one.default is not MISSING or one.default_factory is not MISSING for one in fields(kind.Target)
    }
    _check(options, optional, path)
    for name, hint in get_type_hints(kind.Target).items():
        if get_origin(hint) is Literal and options.get(name, get_args(hint)[0]) not in get_args(hint):
            raise InputError(f"{path}.{name}: {options[name]!r} is not one of {', '.join(get_args(hint))}.")
        for one in get_args(hint):
            if is_typeddict(one) and options.get(name) is not None:
                inner = get_type_hints(one, include_extras=True)
                optional = {key: get_origin(how) is NotRequired for key, how in inner.items()}
                for place, value in _each(options[name], f"{path}.{name}", is_list=get_origin(hint) is Sequence):
                    _check(value, optional, place)
    return kind.Target(**options)


def _each(value: Any, path: str, *, is_list: bool) -> Iterator[tuple[str, Any]]:
    """The values of an option, and where each stands."""
    if not is_list:
        yield path, value
    elif isinstance(value, list | tuple):
        yield from ((f"{path}[{number}]", item) for number, item in enumerate(value))
    else:
        raise InputError(f"{path}: is no list.")


def _check(given: Any, optional: Mapping[str, bool], path: str) -> None:
    """Refuse options that are not known, and the lack of those that are not optional."""
    if not isinstance(given, Mapping):
        raise InputError(f"{path}: is no dictionary.")
    for name in given:
        if name not in optional:
            nearest = did_you_mean(nearest_of(str(name), list(optional)))
            raise InputError(f"{path}.{name}: is no option{nearest}", remedy=f"Known: {', '.join(optional)}.")
    for name, is_optional in optional.items():
        if not is_optional and name not in given:
            raise InputError(f"{path}.{name}: is required.")
