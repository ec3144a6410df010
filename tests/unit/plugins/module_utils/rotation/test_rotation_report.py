# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a rotation."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.report import COLUMNS, lines
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import UNREAD

APPLICATION = {
    "name": "t/contracts", "display_name": "Contracts", "environment": "prod", "hosts": ["one", "other"],
    "secret": {"renew_within": "30d"},
}
DUE = {
    "state": "due", "reasons": ["It ends."], "slots": {"current": "C"}, "remove": [], "leaving": ["P"], "add": True,
    "awaiting": ["one", "other"], "hosts": ["one"],
}
#: What Entra ID has, at the moment of the run.
SEEN = {"moment": "2026-06-01T00:00:00Z", "secrets": [
    {"key_id": "c", "start": "2026-04-04T00:00:00Z", "end": "2026-10-01T00:00:00Z"},
]}


def slot(key_id: str, **more: str) -> dict[str, str]:
    return {"key_id": key_id, "end_date_time": "2026-10-01T00:00:00Z", **more}


def told(
    decision: dict[str, Any], entry: dict[str, Any], predicted: bool = False, **more: Any
) -> tuple[dict[str, str], list[str]]:
    """The cells of the application's row, and what follows the table."""
    state = {
        **UNREAD, "state": decision["state"], "decision": decision, "reasons": decision.get("reasons", []),
        "entry": entry, "seen": SEEN, **more,
    }
    shown = lines([APPLICATION], {APPLICATION["name"]: state}, {}, predicted=predicted)
    if shown[0].startswith("environment"):
        heads, _rule, cells = ([cell.strip() for cell in line.split("  ") if cell.strip()] for line in shown[:3])
        return dict(zip(heads, cells, strict=True)), unwrapped(shown[3:])
    # A table that is too wide becomes a block.
    block = list(itertools.takewhile(lambda line: line.startswith("  "), shown[1:]))
    named = {name: line[2:].removeprefix(name).strip() for line in block for name in COLUMNS if line[2:].startswith(name)}
    head = {"application": "Contracts", "what was done": shown[0].removeprefix("Contracts: ")}
    return {**head, **named}, unwrapped(shown[1 + len(block):])


def unwrapped(shown: list[str]) -> list[str]:
    """The sentences, each in one line."""
    return "\n".join(shown).replace("\n  ", " ").splitlines()


CURRENT = {"current": slot("C")}
PREVIOUS = {"current": slot("N"), "previous": slot("C", remove_after="2026-06-08T00:00:00Z")}


@pytest.mark.parametrize(("decision", "entry", "done", "following"), [
    ({"state": "unchanged"}, CURRENT, "nothing to do", "renew from 2026-09-01"),
    ({"state": "busy"}, CURRENT, "left to another run", "renew from 2026-09-01"),
    ({"state": "waiting"}, PREVIOUS, "waits", "remove the previous from 2026-06-08"),
    (DUE, PREVIOUS, "rotated, removed 1", "remove the previous from 2026-06-08"),
    (DUE, {**CURRENT, "pending": slot("N", failure="x")}, "taken back, removed 1", "finish the rotation"),
    (DUE, {**CURRENT, "leaving": ["P"], "awaiting": ["other"]}, "proven on further hosts",
     "prove it on the hosts awaited"),
])
def test_what_was_done_and_what_is_next(
    decision: dict[str, Any], entry: dict[str, Any], done: str, following: str
) -> None:
    cells, _notes = told(decision, entry)
    assert (cells["what was done"], cells["next"]) == (done, following)


@pytest.mark.parametrize(("start", "day"), [
    # 180 days: 30 days before the end; 58 days: after half of them, the 29 days before the end.
    ("2026-04-04T00:00:00Z", "2026-09-01"),
    ("2026-08-04T00:00:00Z", "2026-09-02"),
    ("2026-09-21T00:00:00Z", "2026-09-26"),
])
def test_it_names_the_day_on_which_a_run_will_act(start: str, day: str) -> None:
    secret = {"key_id": "C", "start": start, "end": "2026-10-01T00:00:00Z"}
    cells, _notes = told({"state": "unchanged"}, CURRENT, seen={**SEEN, "secrets": [secret]})
    assert cells["next"] == f"renew from {day}"


def test_a_secret_that_was_made_in_this_run_starts_now() -> None:
    """It lives for 20 days, and half of them have to be left."""
    new = {"current": {"key_id": "N", "end_date_time": "2026-06-21T00:00:00Z"}}
    cells, _notes = told({"state": "unchanged"}, new)
    assert cells["next"] == "renew from 2026-06-11"


def test_the_entry_is_the_one_after_the_last_step() -> None:
    cells, notes = told(DUE, {"current": slot("N"), "awaiting": ["other"]})
    assert cells == {
        "environment": "prod", "application": "Contracts", "what was done": "rotated, removed 1",
        "secret ends": "2026-10-01", "next": "prove it on the hosts awaited", "hosts awaited": "other",
    }
    assert notes == ["Contracts: It ends."]


def test_a_second_round_is_told_by_what_the_first_has_decided() -> None:
    cells, notes = told({"state": "due"}, {"current": slot("N")}, first=DUE)
    assert cells["what was done"] == "rotated, removed 1"
    assert notes == ["Contracts: It ends."]


def test_a_check_says_what_would_be_done() -> None:
    cells, _notes = told(DUE, CURRENT, predicted=True)
    assert cells["what was done"] == "would make a new one, bring it to one, remove 1 then"
    cells, _notes = told({**DUE, "state": "unchanged"}, CURRENT, predicted=True)
    assert cells["what was done"] == "nothing to do"


def test_failures_follow_with_host_and_reason() -> None:
    failed = {"failed": True, "failed_host": "other", "msg": "other: mail: no relay. Start it."}
    cells, notes = told(
        {**DUE, "reasons": []}, {**CURRENT, "pending": slot("N", failure="x")}, **failed,
        lost={"one": "No route to host."}, put_back={"other": "The old one is back."},
    )
    assert cells["what was done"] == "taken back, removed 1"
    assert notes == [
        "Contracts: other: mail: no relay. Start it.",
        "one: It cannot be reached (No route to host), so the secret that it has is kept; run again when it can.",
        "other: The old one is back.",
    ]


def test_what_could_not_be_read_has_a_row_nevertheless() -> None:
    shown = lines(
        [APPLICATION], {APPLICATION["name"]: {**UNREAD, "failed": True, "msg": "Vault is sealed."}},
        {"third": {"failed": True, "msg": "mail_product: is required\nmail_send: is required"}, "one": {"failed": False, "msg": ""}},
        predicted=False,
    )
    assert [line.split() for line in shown] == [
        ["environment", "application", "what", "was", "done"], ["-" * 11, "-" * 11, "-" * 13],
        ["prod", "Contracts", "-"], ["Contracts:", "Vault", "is", "sealed."],
        ["third:", "mail_product:", "is", "required"], ["third:", "mail_send:", "is", "required"],
    ]


def test_a_host_alone_that_is_not_planned_is_told() -> None:
    assert lines([], {}, {"one": {"failed": True, "msg": "No."}}, predicted=False) == [
        "There is no application to rotate.", "one: No.",
    ]
