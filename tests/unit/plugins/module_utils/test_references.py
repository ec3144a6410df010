# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""References in a plan are replaced, and nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import (
    OWN_SECRET,
    UNKNOWN,
    Reference,
    fill,
    named,
    of_entry,
    references,
)

PLAN = {
    "a": {"fact": "x"}, "b": [{"secret": "y", "application": "one"}, 1], "c": {"fact": "x", "more": 2},
    "d": {"application": "one"}, "e": {"token": "t"},
    "f": {"token": "z", "account": "who", "application": "one"},
}
X, Y, Z = Reference("fact", "x"), Reference("secret", "y", "one"), Reference("token", "z", "one", "who")


def test_references_are_replaced_at_any_depth() -> None:
    assert fill(PLAN, {X: "X", Y: "Y", Z: "Z"}.get) == {
        "a": "X", "b": ["Y", 1], "c": {"fact": "x", "more": 2}, "d": {"application": "one"}, "e": {"token": "t"},
        "f": "Z",
    }
    assert list(references(PLAN)) == [X, Y, Z]


@pytest.mark.parametrize("value", ["", None])
def test_what_is_missing_is_named(value: str | None) -> None:
    with pytest.raises(InputError, match="The secret 'y' is needed, but was not given"):
        fill(PLAN, {X: "X", Y: value}.get)


def test_an_application_may_be_called_by_another_name() -> None:
    assert named(PLAN, {"one": "TENANT/one"}) == {
        **PLAN, "b": [{"secret": "y", "application": "TENANT/one"}, 1],
        "f": {"token": "z", "account": "who", "application": "TENANT/one"},
    }


def test_a_reference_is_what_the_store_holds_of_its_application() -> None:
    entry = {"client_id": "c", "current": {"secret_text": "old"}, "pending": {"secret_text": "new"}}
    client_id, secret, tenant = (Reference(*one) for one in (
        ("fact", "client_id"), ("secret", OWN_SECRET), ("fact", "tenant_id"),
    ))
    assert of_entry(client_id, entry, "current", "mail", may_be_unknown=False) == "c"
    assert of_entry(secret, entry, "pending", "mail", may_be_unknown=True) == "new"
    assert of_entry(tenant, entry, "current", "mail", may_be_unknown=True) == UNKNOWN
    with pytest.raises(InputError, match="The store holds no tenant_id of the application 'mail'"):
        of_entry(tenant, entry, "current", "mail", may_be_unknown=False)
    # Of an application that is not there nothing is held, whatever is asked for.
    with pytest.raises(InputError, match="The store holds no credentials of the application 'mail'"):
        of_entry(tenant, {}, "current", "mail", may_be_unknown=False)
