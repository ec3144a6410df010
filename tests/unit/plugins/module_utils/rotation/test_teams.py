# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who shares an application, and what each stage of a rotation is for."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.teams import involved, teams


def host(key: str | None, entra: str = "same", **more: Any) -> dict[str, Any]:
    application = None if key is None else {"key": key}
    return {"__mail_plan_data": {"application": application}, "mail_entra": {"tenant_id": entra}, **more}


OUTSIDE = {
    "mail_product": "ici", "mail_environment": "prod", "mail_app": {"unique_name": "a", "name": "A"},
    "mail_send": {"transport": "graph", "from": "a@contoso.example"}, "mail_entra": {"tenant_id": "t"},
    "mail_ici": {"config_file": "/x"},
}
FACTS: dict[str, dict[str, Any]] = {
    "other": {}, "a1": host("t/a"), "outside": OUTSIDE, "b1": host("t/b"), "a2": host("t/a"), "c1": host("u/c", "u"),
    "none": host(None), "basic": {**OUTSIDE, "mail_send": {
        "transport": "smtp", "host": "relay.example", "username": "u", "password": "p", "from": "a@contoso.example",
    }},
}
HOSTS = ["a1", "b1", "a2", "c1", "none"]


def test_hosts_that_share_an_application_work_together() -> None:
    found = teams(HOSTS, FACTS, FACTS)
    assert found["a2"] == {"leader": "a1", "hosts": ["a1", "a2"], "team": ["a1", "a2", "outside"], "reader": "a1"}
    assert {name: team["reader"] for name, team in found.items()} == {"a1": "a1", "a2": "a1", "b1": "a1", "c1": "c1"}


def left(**facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = teams(HOSTS, FACTS, FACTS)
    return {
        name: {**known, **({"__mail_rotation_teams": found} if name in HOSTS else {}), **facts.get(name, {})}
        for name, known in FACTS.items()
    }


def test_each_stage_is_for_those_that_have_something_to_do() -> None:
    assert involved(FACTS, left(), "decide", "1") == ["a1", "b1", "c1"]
    assert involved(FACTS, left(), "read", "1") == ["a1", "c1"]
    assert involved(FACTS, left(), "roll_out", "1") == []
    assert involved(FACTS, left(), "report", "") == ["a1"]
    decided = {"__mail_rotation_decision": {}}
    locked = {**decided, "__mail_rotation_locked": "1", "__mail_rotation_ready": "1", "__mail_rotation_hosts": ["a2"]}
    facts = left(a1=locked, b1=decided, c1={"__mail_report_failure": {}})
    assert involved(FACTS, facts, "roll_out", "1") == ["a2"]
    assert involved(FACTS, facts, "conclude", "1") == ["a1", "a2"]
    assert involved(FACTS, facts, "decide", "2") == []
    assert involved(FACTS, facts, "conclude", "2") == []
    assert involved(FACTS, facts, "report", "") == ["a1", "a2", "c1"]


def test_who_got_rid_of_an_old_secret_looks_again_unless_a_host_failed() -> None:
    retired = {"__mail_rotation_ending": {"retire": ["P"]}}
    facts = {name: {"__mail_rotation_decision": {}} for name in ("a1", "b1", "c1")}
    assert involved(FACTS, left(**facts, a2=retired), "decide", "2") == ["a1"]
    assert involved(FACTS, left(**facts, a2={**retired, "__mail_rotation_unreached": "x"}), "decide", "2") == []


def test_before_anything_was_found_out_nobody_is_involved() -> None:
    assert involved(["a1"], {}, "decide", "") == []
