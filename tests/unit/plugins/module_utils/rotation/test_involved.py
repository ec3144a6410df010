# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whom each play of a rotation is for, and who ends with a failure."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.involved import failures, involved
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import UNREAD

HOSTS = {"a": ["a1", "a2"], "b": ["b1"], "c": ["c1"]}


def states(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {**UNREAD, **more.get(name, {})} for name in HOSTS}


def test_where_nothing_is_due_no_host_is_called() -> None:
    assert involved(HOSTS, states()) == {"locked": [], "due": [], "again": []}


def test_the_roll_out_is_for_hosts_that_are_awaited_and_the_end_for_all_of_the_application() -> None:
    found = involved(HOSTS, states(a={"locked": True, "hosts": ["a2"]}))
    assert found == {"locked": ["a1", "a2"], "due": ["a2"], "again": []}


def test_what_was_locked_and_failed_comes_to_its_end_and_is_not_rolled_out() -> None:
    found = involved(HOSTS, states(a={"locked": True, "failed": True, "hosts": ["a2"]}))
    assert found == {"locked": ["a1", "a2"], "due": [], "again": []}


def test_who_got_rid_of_an_old_secret_looks_again_unless_it_failed() -> None:
    rid = {"concluded": True, "retire": ["P"]}
    found = involved(HOSTS, states(
        a=rid, b={**rid, "failed": True}, c={"concluded": True, "retire": []},
    ))
    assert found["again"] == ["a1", "a2"]


def test_a_failure_ends_one_host_of_the_application_and_those_that_were_lost() -> None:
    plans = {"x": {"failed": True, "msg": "No product."}, "a1": {"failed": False, "msg": ""}}
    found = failures(HOSTS, states(
        a={"failed": True, "failed_host": "a2"}, b={"failed": True}, c={"lost": {"c1": "cut"}},
    ), plans)
    assert {host: verdict["msg"] for host, verdict in found.items()} == {
        "x": "No product.",
        "a2": "The rotation is not finished; the report says why.",
        "b1": "The rotation is not finished; the report says why.",
        "c1": "It cannot be reached; the report says why.",
    }
    assert all(verdict["failed"] for verdict in found.values())
