# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the rotation decides, and the entries that its steps leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _rotation as rotation
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError

TEAM = ["one", "two"]
NOW = "2026-06-01T00:00:00Z"
ME = {"run": "mine", "host": "controller", "process": "7 7"}
OTHER = {
    "run": "other", "host": "elsewhere 1c6f pid:[4026]", "process": "8 8", "until": "2026-06-01T00:30:00Z",
    "key_ids": ["C"],
}
DAY = timedelta(days=1)


def slot(key_id: str, end: str = "2026-10-01T00:00:00Z", **more: str) -> dict[str, str]:
    return {"key_id": key_id, "secret_text": f"value of {key_id}", "end_date_time": end, **more}


def secret(key_id: str, end: str = "2026-10-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"key_id": key_id, "managed": True, "name": "prod", "start": "2026-01-01T00:00:00Z", "end": end, **more}


def decide(
    entry: dict[str, Any], secrets: list[dict[str, Any]] | None, *, present: Sequence[str] = tuple(TEAM),
    gone: bool = False, **terms: Any,
) -> dict[str, Any]:
    seen = None if secrets is None else rotation.Seen(secrets, NOW, "prod")
    given = {"renew_within": 30 * DAY, "overlap": 7 * DAY, "lease": timedelta(hours=1), **terms}
    return rotation.decide(entry, seen, TEAM, present, rotation.Terms(**given), ME, holder_is_gone=gone)


ENDING = "2026-06-20T00:00:00Z"
OLD = slot("P", ENDING, remove_after="2026-05-30T00:00:00Z")


def test_nothing_is_due() -> None:
    decision = decide({"current": slot("C")}, [secret("C")])
    assert decision["state"] == "unchanged"
    assert decision["reasons"] == []


@pytest.mark.parametrize(
    ("secrets", "terms", "why"),
    [
        ([secret("c", ENDING)], {}, "expires at 2026-06-20"),
        ([secret("C", "2026-05-20T00:00:00Z")], {}, "expired at 2026-05-20"),
        ([], {}, "is not in Entra ID any more"),
        ([secret("C")], {"force": True}, "asked for"),
    ],
)
def test_a_new_secret_is_made(secrets: list[dict[str, Any]], terms: dict[str, Any], why: str) -> None:
    decision = decide({"current": slot("C")}, secrets, **terms)
    assert (decision["state"], decision["add"], decision["hosts"]) == ("due", True, TEAM)
    assert any(why in reason for reason in decision["reasons"])


def test_a_short_life_is_used_for_half_of_it() -> None:
    short = secret("C", "2026-06-10T00:00:00Z", start="2026-05-27T00:00:00Z")
    assert not decide({"current": slot("C")}, [short])["add"]
    assert decide({"current": slot("C")}, [{**short, "start": "2026-05-22T00:00:00Z"}])["add"]


def test_without_a_current_secret_or_an_application_it_says_what_to_run() -> None:
    for entry, secrets in (({}, []), ({"client_id": "c", "current": slot("C")}, None)):
        decision = decide(entry, secrets)
        assert decision["state"] == "unset"
        assert "setup_mail" in decision["failure"]


def test_a_lock_holds_while_its_run_lives_and_its_lease_lasts() -> None:
    entry = {"current": slot("C", ENDING), "lock": OTHER}
    left = decide(entry, [secret("C", ENDING)])
    assert (left["state"], left["reasons"]) == (
        "busy", ["Another run works on it: elsewhere, until 2026-06-01T00:30:00Z."]
    )
    for taken in (
        decide(entry, [secret("C", ENDING)], gone=True),
        decide({**entry, "lock": {**OTHER, "until": NOW}}, [secret("C", ENDING)]),
    ):
        assert taken["state"] == "due"
        assert taken["lock"] == {**ME, "until": "2026-06-01T01:00:00Z", "key_ids": ["C"]}


def test_what_a_killed_run_made_is_removed_at_once() -> None:
    decision = decide({"current": slot("C", ENDING), "lock": OTHER}, [secret("C", ENDING), secret("X")], gone=True)
    assert (decision["remove"], decision["leaving"], decision["add"]) == (["X"], [], True)


def test_what_was_made_after_the_lease_was_not_made_under_the_lock() -> None:
    restored = {"current": slot("C", ENDING), "lock": OTHER}
    later = secret("X", start="2026-06-02T00:00:00Z")
    decision = decide(restored, [secret("C", ENDING), later], gone=True)
    assert (decision["remove"], decision["leaving"]) == ([], ["X"])


def test_what_no_store_knows_goes_once_every_host_was_proven_with_another() -> None:
    decision = decide({"current": slot("C", ENDING)}, [secret("C", ENDING), secret("X")])
    assert (decision["remove"], decision["leaving"], decision["add"]) == ([], ["X"], False)
    assert decision["awaiting"] == TEAM
    entry = rotation.locked({"current": slot("C", ENDING)}, decision)
    assert rotation.retirable(entry) == []
    entry = rotation.proven(entry, "mine", TEAM, NOW)
    assert rotation.retirable(entry) == ["X"]


def test_secrets_of_people_and_of_other_environments_are_left_alone() -> None:
    theirs = [secret("H", managed=False, name=None), secret("T", name="test")]
    assert decide({"current": slot("C")}, [secret("C"), *theirs])["state"] == "unchanged"
    by_hand = decide({"current": slot("C"), "previous": OLD}, [secret("C"), secret("P", managed=False, name=None)])
    assert (by_hand["drop"], by_hand["leaving"], by_hand["remove"]) == (["P"], [], [])


def test_the_previous_one_goes_after_its_time_and_not_before() -> None:
    secrets = [secret("C"), secret("P", ENDING)]
    young = {**OLD, "remove_after": "2026-06-02T00:00:00Z"}
    assert decide({"current": slot("C"), "previous": young}, secrets)["state"] == "unchanged"
    decision = decide({"current": slot("C"), "previous": OLD}, secrets)
    assert (decision["leaving"], decision["remove"], decision["awaiting"]) == (["P"], [], TEAM)


def test_a_third_one_waits() -> None:
    decision = decide({"current": slot("C"), "previous": slot("P", remove_after="2026-06-02T00:00:00Z")},
                      [secret("C"), secret("P")], force=True)
    assert (decision["state"], decision["add"]) == ("waiting", False)
    assert "waits until another one is gone" in decision["reasons"][-1]


def test_a_pending_one_that_is_gone_is_taken_back_from_whoever_has_it() -> None:
    entry = {"current": slot("C"), "pending": slot("N"), "awaiting": ["two"]}
    decision = decide(entry, [secret("C")])
    assert (decision["drop"], decision["hosts"], decision["missing"]) == (["N"], TEAM, ["N"])
    after = rotation.removed(rotation.locked(entry, decision), "mine", decision["drop"], TEAM)
    assert rotation.newest(after) == "current"


def test_nobody_is_given_a_secret_that_does_not_work() -> None:
    ended = "2026-05-01T00:00:00Z"
    entry = {"current": slot("C", ended), "awaiting": TEAM}
    decision = decide(entry, [secret("C", ended, managed=False, name=None), secret("X"), secret("Y")])
    assert (decision["add"], decision["hosts"]) == (False, [])
    assert "cannot sign in" in decision["failure"]


def test_hosts_outside_the_limit_and_the_inventory_stay_awaited() -> None:
    entry = {"current": slot("C"), "previous": OLD, "leaving": ["P"], "awaiting": ["two", "elsewhere"]}
    secrets = [secret("C"), secret("P", ENDING)]
    decision = decide(entry, secrets, present=["one"])
    assert (decision["state"], decision["hosts"], decision["awaiting"]) == ("waiting", [], ["two", "elsewhere"])
    assert "two, elsewhere" in decision["reasons"][-1]
    dead = decide(entry, [secret("C"), secret("P", NOW)], present=["one"])
    after = rotation.removed(rotation.locked(entry, dead), "mine", dead["remove"] + dead["drop"], TEAM)
    assert after["awaiting"] == ["two"]


def locked(**entry: Any) -> dict[str, Any]:
    return {"lock": {**OTHER, "run": "mine"}, **entry}


def conclude(entry: dict[str, Any]) -> dict[str, Any]:
    return rotation.concluded(entry, "mine", TEAM, NOW, 7 * DAY)


def test_a_pending_one_becomes_current_once_a_host_is_proven() -> None:
    entry = locked(current=slot("C"), pending=slot("N", failure="last time"), awaiting=["two"])
    assert conclude(entry) == {
        "current": slot("N"), "previous": slot("C", remove_after="2026-06-08T00:00:00Z"), "awaiting": ["two"],
    }
    assert conclude(locked(current=slot("C"), pending=slot("N"), awaiting=TEAM)) == {
        "current": slot("C"), "pending": slot("N"), "awaiting": TEAM,
    }


def test_after_a_failure_it_stays_pending_and_every_host_is_awaited_again() -> None:
    entry = locked(current=slot("C"), pending=slot("N"), awaiting=["two", "elsewhere"])
    after = rotation.taken_back(entry, "mine", TEAM, [], "no mail")
    assert after == locked(
        current=slot("C"), pending=slot("N", failure="no mail"), awaiting=["one", "two", "elsewhere"]
    )
    assert conclude(after) == {name: value for name, value in after.items() if name != "lock"}


def test_who_gets_an_older_one_than_the_current_one_is_awaited_again() -> None:
    entry = locked(current=slot("C"), previous=OLD, awaiting=["two", "elsewhere"])
    assert rotation.taken_back(entry, "mine", TEAM, ["one"], "no mail")["awaiting"] == ["one", "two", "elsewhere"]
    assert rotation.taken_back(entry, "mine", TEAM, ["two"], "no mail") == entry


def test_what_a_host_gets_back() -> None:
    seen = rotation.Seen([secret("C"), secret("P"), secret("N")], NOW, "prod")
    pending = locked(current=slot("C"), pending=slot("N"))
    late = locked(current=slot("C"), previous=OLD)
    assert rotation.ending(pending, "mine", seen, {"one": True, "two": False}, "no mail")["back"] == {
        "one": "current", "two": "current",
    }
    assert rotation.ending(late, "mine", seen, {"one": True, "two": False}, "no mail")["back"] == {"one": "previous"}
    assert rotation.ending({**late, "leaving": ["P"]}, "mine", seen, {"one": True}, "no mail")["back"] == {}
    assert rotation.ending(pending, "mine", seen, {"one": True}, None)["back"] == {}
    without = rotation.Seen([secret("N")], NOW, "prod")
    assert rotation.ending(pending, "mine", without, {"one": True}, "no mail")["back"] == {}


def test_a_run_that_was_taken_over_may_not_write() -> None:
    entry = {"current": slot("C"), "lock": OTHER}
    for step in (
        lambda: rotation.removed(entry, "mine", [], TEAM), lambda: rotation.added(entry, "mine", slot("N")),
        lambda: rotation.proven(entry, "mine", TEAM, NOW), lambda: conclude(entry),
        lambda: rotation.taken_back(entry, "mine", TEAM, [], "no mail"),
        lambda: rotation.ending(entry, "mine", rotation.Seen([], NOW, "prod"), {}, None),
    ):
        with pytest.raises(StoreError, match="taken the application over"):
            step()


def test_ciphertexts_go_with_their_secret() -> None:
    entry = locked(current=slot("C"), previous=OLD, leaving=["P"], encrypted={"one": {"C": "x", "P": "y"}})
    after = rotation.removed(entry, "mine", ["P"], TEAM)
    assert after["encrypted"] == {"one": {"C": "x"}}
    assert "previous" not in after
    assert "leaving" not in after
