# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""References that stand in a plan for values which are known only later, so that a plan holds no secret. Pure.

``{"fact": NAME}`` and ``{"secret": NAME}``, and ``{"token": SCOPE, "account": ADDRESS}`` for an access token of a
person who has signed in; where there are several applications, ``"application"`` beside it names the one whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fact
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

#: The kinds, and what a reference of each says beside its name.
_KINDS: Mapping[str, tuple[str, ...]] = {"fact": (), "secret": (), "token": ("account",)}
#: The name of the secret of an application itself; all others are paths of variables.
OWN_SECRET = "client_secret"
#: Stands for what is not known before the application is registered, where nothing is done but look.
UNKNOWN = "(known once the application is registered)"


class Reference(NamedTuple):
    """What stands for a value.

    :param kind: "fact", "secret" or "token".
    :param name: of a token, the scope that it is asked for.
    :param application: whose it is; None if there is but one.
    :param account: of a token, the person who has signed in.
    """

    kind: str
    name: str
    application: str | None = None
    account: str | None = None


def reference(value: Any) -> Reference | None:
    """The reference that a value is; None if it is none."""
    if isinstance(value, Mapping):
        for kind, beside in _KINDS.items():
            if set(value) | {"application"} == {kind, "application", *beside}:
                return Reference(kind, value[kind], value.get("application"), value.get("account"))
    return None


def references(plan: Any) -> Iterator[Reference]:
    """All references in a plan."""
    found = reference(plan)
    if found is not None:
        yield found
    elif isinstance(plan, Mapping | list):
        for value in plan.values() if isinstance(plan, Mapping) else plan:
            yield from references(value)


def fill(plan: Any, value_of: Callable[[Reference], Any]) -> Any:
    """A copy of a plan, or of a part of it, in which each reference is its value.

    :param value_of: gives the value; nothing, if it is not known.
    :raises InputError: a value that is referred to is not known, or is empty.
    """

    def known(one: Reference) -> Any:
        value = value_of(one)
        if not value:
            raise InputError(f"The {one.kind} {one.name!r} is needed, but was not given.")
        return value

    return _replaced(plan, known)


def of_entry(one: Reference, entry: Mapping[str, Any], slot: str, unique_name: str, *, may_be_unknown: bool) -> str:
    """What a reference stands for, as the store's entry of its application holds it.

    :param slot: of the credential that is meant.
    :param unique_name: the application's, for the message.
    :param may_be_unknown: whether UNKNOWN may stand for what is not there yet.
    :raises InputError: the entry does not hold it.
    """
    known = {"fact": fact(entry, one.name), "secret": entry.get(slot, {}).get("secret_text")}
    value = known.get(one.kind)
    if value or may_be_unknown:
        return value or UNKNOWN
    missing = one.name if entry and one.kind == "fact" else "credentials"
    raise InputError(
        f"The store holds no {missing} of the application '{unique_name}'.", remedy="Run the step identity first."
    )


def named(plan: Any, names: Mapping[str, str]) -> Any:
    """A copy in which each reference calls its application by another name.

    :param names: by the name in the plan.
    """
    return _replaced(plan, lambda one: {
        one.kind: one.name, **({} if one.account is None else {"account": one.account}),
        **({} if one.application is None else {"application": names[one.application]}),
    })


def _replaced(plan: Any, new: Callable[[Reference], Any]) -> Any:
    found = reference(plan)
    if found is not None:
        return new(found)
    if isinstance(plan, Mapping):
        return {name: _replaced(value, new) for name, value in plan.items()}
    if isinstance(plan, list):
        return [_replaced(item, new) for item in plan]
    return plan
