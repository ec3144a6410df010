# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""In which wave each host goes."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.waves import waves

PRODUCTION = frozenset({"prod"})


def host(name: str, environment: str | None, **more: Any) -> dict[str, Any]:
    return {
        "host": name, "product": "ici", "environment": environment, "due": True, "mailboxes": [f"{name}@x.example"],
        "applications": [], **more,
    }


def test_test_goes_before_production_and_one_of_each_product_before_the_others() -> None:
    found = waves([
        host("p", "prod"), host("a", "test"), host("b", "test"), host("c", "test", product="cmo"), host("u", None),
    ], {}, PRODUCTION)
    assert found == {"p": 2, "a": 0, "b": 1, "c": 0, "u": 2}


def test_mailboxes_that_several_use_go_last() -> None:
    shared = {"mailboxes": ["Shared@x.example"]}
    found = waves([
        host("a", "prod", **shared), host("b", "prod", mailboxes=["shared@x.example"]), host("c", "prod"),
        host("d", "prod"),
    ], {"d@x.example": 2, "c@x.example": 1}, PRODUCTION)
    assert found == {"a": 3, "b": 3, "c": 2, "d": 3}


def test_who_shares_an_application_goes_together() -> None:
    found = waves([
        host("a", "test", applications=["one"]), host("b", "prod", applications=["one", "two"]),
        host("c", "prod", applications=["two"]),
    ], {"c@x.example": 2}, PRODUCTION)
    assert found == {"a": 3, "b": 3, "c": 3}


def test_nothing_to_move_is_in_no_wave() -> None:
    assert waves([host("a", "prod", due=False)], {}, PRODUCTION) == {}
