# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a rotation."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.report import report

PLAN = {"environment": "prod", "application": {"name": "Contracts", "secret": {"renew_within": "30d"}}}
DUE = {
    "state": "due", "reasons": ["It ends."], "slots": {"current": "C"}, "remove": [], "leaving": ["P"], "add": True,
    "awaiting": ["lead", "other"], "hosts": ["lead"],
}
TEAM = {"leader": "lead", "hosts": ["lead", "other"]}
TEAMS = {"lead": TEAM, "other": TEAM}


def slot(key_id: str, **more: str) -> dict[str, str]:
    return {"key_id": key_id, "secret_text": "s3cret", "end_date_time": "2026-10-01T00:00:00Z", **more}


def line(
    decision: dict[str, Any] | None, entry: dict[str, Any], predicted: bool = False, **other: Any
) -> tuple[list[str], list[str]]:
    """The cells of the application's row, and what follows the table."""
    lead = {"__mail_plan_data": PLAN, "__mail_rotation_teams": TEAMS, "__mail_store_credentials": entry}
    if decision is not None:
        lead["__mail_rotation_decision"] = decision
    facts = {"lead": lead, "other": {"__mail_rotation_teams": TEAMS, **other}, "stranger": {}}
    lines = report(facts, facts, predicted)
    assert "s3cret" not in "\n".join(lines)
    return [cell.strip() for cell in lines[2].split("  ") if cell.strip()], lines[3:]


def test_what_was_done_and_what_is_next() -> None:
    current = {"current": slot("C")}
    previous = {"current": slot("N"), "previous": slot("C", remove_after="2026-06-08T00:00:00Z")}
    for decision, entry, done, following in (
        ({"state": "unchanged"}, current, "nothing to do", "renew from 2026-09-01"),
        ({"state": "busy"}, current, "left to another run", "renew from 2026-09-01"),
        ({"state": "waiting"}, previous, "waits", "remove the previous from 2026-06-08"),
        (DUE, previous, "rotated, removed 1", "remove the previous from 2026-06-08"),
        (DUE, {**current, "pending": slot("N", failure="x")}, "taken back, removed 1", "finish the rotation"),
        (DUE, {**current, "leaving": ["P"], "awaiting": ["other"]}, "proven on further hosts",
         "prove it on the hosts awaited"),
    ):
        cells, _notes = line(decision, entry)
        assert cells[2] == done
        assert cells[4] == following


def test_whoever_concluded_knows_the_entry() -> None:
    later = {"current": slot("N"), "awaiting": ["other"]}
    cells, notes = line(DUE, {"current": slot("C")}, __mail_rotation_concluded=True, __mail_store_credentials=later)
    assert cells[2:] == ["rotated, removed 1", "2026-10-01", "prove it on the hosts awaited", "other"]
    assert notes == ["Contracts: It ends."]


def test_a_check_says_what_would_be_done() -> None:
    cells, _notes = line(DUE, {"current": slot("C")}, predicted=True)
    assert cells[2] == "would make a new one, bring it to lead, remove 1 then"
    cells, _notes = line({**DUE, "state": "unchanged"}, {"current": slot("C")}, predicted=True)
    assert cells[2] == "nothing to do"


def test_failures_follow_with_host_task_and_reason() -> None:
    failure = {"task": "Send a mail", "message": "no relay. Start it."}
    cells, notes = line(
        None, {}, __mail_report_failure=failure, __mail_rotation_put_back="The old one is back.",
    )
    assert cells[2:] == ["-", "-", "-", "-"]
    assert notes == ["other: Send a mail: no relay. Start it.", "other: The old one is back."]
