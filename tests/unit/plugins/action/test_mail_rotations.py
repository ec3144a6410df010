# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps of the rotation that gather what the hosts have said: how it ends, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.action.mail_rotations import ActionModule
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import Entry, fingerprint
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.round import UNREAD
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import FOR_ALL, OF_HOST
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Held
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, as_json, as_p12

ME = {"run": "r1", "host": "runner", "process": "1"}
NAME = "contracts"
HOSTS = ["one", "two", "three"]
MOMENT = "2026-06-01T00:00:00Z"
LATER = "2026-10-01T00:00:00Z"
APPLICATION = {
    "name": NAME, "unique_name": "contracts-mail", "display_name": "Contracts", "environment": "prod",
    "permissions": [], "hosts": HOSTS, "team": HOSTS, "secret": {"lifetime": "180d", "renew_within": "30d"},
    "store": {"kind": "ansible_vault", "path": "/nowhere"}, "entra": {},
}
DECISION = {
    "state": "due", "reasons": ["It ends soon."], "failure": None, "missing": [], "remove": [], "drop": [], "add": True,
    "leaving": [], "awaiting": HOSTS, "hosts": HOSTS, "slots": {"current": "old"}, "lock": {**ME, "key_ids": ["old"]},
}
STATE = {
    **UNREAD, "state": "due", "decision": DECISION, "reasons": DECISION["reasons"], "locked": True, "slot": "pending",
    "hosts": HOSTS, "read_at": time.time(), "entry": {"current": {"key_id": "old", "end_date_time": LATER}},
    "seen": {"moment": MOMENT, "secrets": [
        {"key_id": one, "start": MOMENT, "end": LATER, "managed": True} for one in ("old", "new")
    ]},
}
ENTRY = {
    "client_id": "c", "tenant_id": "t", "object_id": "o", "awaiting": ["two", "three"],
    "lock": {**ME, "until": LATER, "key_ids": ["old"]},
    **{slot: {"key_id": one, "secret_text": f"{one}~s3cret", "end_date_time": LATER}
       for slot, one in (("current", "old"), ("pending", "new"))},
}


class Store:
    """What holds the same for each application in the beginning, does not open, or is full."""

    def __init__(self, entry: Entry, error: StoreError | None = None, *, full: bool = False) -> None:
        self.kept: dict[str, Entry] = {"contracts-mail": entry, "reading-mail": entry}
        self._error, self._full = error, full

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        if self._error:
            raise self._error
        return {name: Held(self.kept[name], fingerprint(self.kept[name])) for name in names}

    def write(self, name: str, entry: Entry, revision: str) -> str:
        if self._full:
            raise StoreError("No space is left.")
        assert revision == fingerprint(self.kept[name])
        self.kept[name] = entry
        return fingerprint(entry)

    def names(self) -> list[str]:
        return ["contracts-mail", "old-mail"]


class Variables:
    """What the hosts have registered, by host."""

    def __init__(self, registered: Mapping[str, Mapping[str, Any]]) -> None:
        self._registered = registered

    def of(self, host: str) -> SimpleNamespace:
        return SimpleNamespace(registered=self._registered.get(host, {}).get)


def action(
    step: str, registered: Mapping[str, Mapping[str, Any]], state: Mapping[str, Any] = STATE, *,
    store: Store | None = None, **args: Any
) -> tuple[ActionModule, dict[str, Any]]:
    """The step on a play of all hosts, and its arguments."""
    given = {
        "step": step, "applications": [APPLICATION], "plan": {}, "overlap": "7d", "lock": "1h", "force": False,
        "rotation": {"applications": {NAME: state}, "me": ME, "steps": 3}, **args,
    }
    task = SimpleNamespace(args=given, check_mode=False, diff=False, environment=None, async_val=0)
    made = ActionModule(task, None, None, None, None, None)
    made._task_vars = {"ansible_play_hosts_all": HOSTS, "ansible_play_hosts": HOSTS}
    made.variables = Variables(registered)
    made.open_store = lambda _options: store or Store(ENTRY)
    return made, given


def run(step: str, registered: Mapping[str, Mapping[str, Any]], *more: Any, **args: Any) -> dict[str, Any]:
    made, given = action(step, registered, *more, **args)
    return made.act(given)


def told(found: Mapping[str, Any]) -> str:
    """The report, without its lines' breaks."""
    lines = found["msg"].splitlines() if isinstance(found["msg"], str) else found["msg"]
    return " ".join(" ".join(lines).split())


def delivery(host: str, msg: str) -> dict[str, Any]:
    """What every host has registered when one of the mails has failed."""
    return {FOR_ALL["delivery"]: {"hosts": {host: {"failed": True, "msg": msg}}}}


CHANGED = {OF_HOST: {"changed": True, "configured": True}}


def test_when_all_is_well_nobody_gets_anything_back() -> None:
    found = run("end", dict.fromkeys(HOSTS, CHANGED))
    assert (found["changed"], found["back"], found["hosts"]) == (False, {}, {})
    state = found["applications"][NAME]
    assert (state["failed"], state["lost"], state["retire"]) == (False, {}, [])
    assert "s3cret" not in str(found)


def test_the_first_mail_that_fails_gives_every_host_its_old_secret_back() -> None:
    said, store = {**CHANGED, **delivery("two", "It did not arrive.")}, Store(ENTRY)
    found = run("end", dict.fromkeys(HOSTS, said), store=store)
    assert found["back"] == {host: {NAME: "current"} for host in HOSTS}
    # Whatever becomes of the run, the next one brings the new secret to each of them again.
    kept = store.kept["contracts-mail"]
    assert (kept["awaiting"], kept["pending"]["failure"]) == (HOSTS, "two: It did not arrive.")
    state = found["applications"][NAME]
    assert (state["failed"], state["failed_host"], state["msg"]) == (True, "two", "two: It did not arrive.")
    assert {host for host, verdict in found["hosts"].items() if verdict["failed"]} == {"two"}


def test_who_is_lost_has_not_failed_and_keeps_what_it_has() -> None:
    gone = {OF_HOST: {"unreachable": True, "msg": "no route to host"}}
    found = run("end", {"one": CHANGED, "two": gone, "three": CHANGED})
    state = found["applications"][NAME]
    assert (state["failed"], state["lost"], found["back"]) == (False, {"two": "no route to host"}, {})
    assert found["hosts"]["two"]["msg"] == "It cannot be reached; the report says why."
    # Nor does it get anything back when another one fails.
    both = run("end", {"one": {**CHANGED, **delivery("one", "No.")}, "two": gone, "three": CHANGED})
    assert both["back"] == {host: {NAME: "current"} for host in ("one", "three")}


@pytest.mark.parametrize("store", [
    Store({**ENTRY, "lock": {**ENTRY["lock"], "run": "r2"}}),
    Store(ENTRY, StoreError("The store is sealed.", code="sealed")),
    Store(ENTRY, full=True),
])
def test_what_cannot_be_told_or_kept_fails_the_application_and_is_not_concluded(store: Store) -> None:
    said = {**CHANGED, **delivery("one", "It did not arrive.")}
    found = run("end", dict.fromkeys(HOSTS, said), store=store)
    state = found["applications"][NAME]
    assert (state["failed"], state["locked"], state["retire"], found["back"]) == (True, True, None, {})
    assert [host for host, verdict in found["hosts"].items() if verdict["failed"]] == ["one"]


def test_an_application_that_this_run_does_not_hold_is_left_alone() -> None:
    found = run("end", {}, {**STATE, "locked": False}, store=Store(ENTRY, StoreError("It is not read.")))
    assert found["applications"][NAME] == {**STATE, "locked": False}


PLAN = {"hosts": {"four": {"failed": True, "msg": "mail_app: is required"}}, "stores": [
    {"store": {"kind": "ansible_vault"}, "environment": "prod", "applications": ["contracts-mail"]},
]}


def test_the_report_tells_what_was_done_what_failed_and_what_no_host_uses() -> None:
    after = {
        **STATE, "concluded": True, "retire": [], "failed": True, "msg": "two: It did not arrive.",
        "put_back": {"two": "The secret that it had before is back, and proven."},
        "entry": {"current": {"key_id": "old", "end_date_time": LATER}, "pending": {"key_id": "new", "failure": "x"}},
    }
    found = run("report", {}, after, plan=PLAN)
    said = told(found)
    for words in (
        "taken back", "Contracts: It ends soon.", "Contracts: two: It did not arrive.", "is back, and proven.",
        "four: mail_app: is required", "The store holds old-mail", "remove_mail -e mail_unused=old-mail",
    ):
        assert words in said
    assert (found["changed"], found["_ansible_verbose_always"]) == (False, True)


def test_the_report_is_of_the_newest_step_of_which_only_some_hosts_know() -> None:
    newer = {"applications": {NAME: {**STATE, "msg": "newer", "failed": True}}, "steps": 5}
    found = run("report", {"one": {"__mail_rotation": newer}}, plan=PLAN)
    assert "Contracts: newer" in told(found)


def test_a_report_that_cannot_be_given_fails_as_a_task() -> None:
    made, given = action("report", {})
    assert made.failed(given, StoreError("It is damaged."))["failed"] is True


# -- several applications of a host --------------------------------------------------------------------------------

FURTHER = {**APPLICATION, "name": "reading", "unique_name": "reading-mail", "display_name": "Reading", "hosts": ["two"]}


def of_both(**more: Any) -> dict[str, Any]:
    """A rotation of an application of all hosts, and of one that the second host has beside it."""
    states = {NAME: STATE, "reading": {**STATE, "hosts": ["two"], **more}}
    return {
        "applications": [APPLICATION, FURTHER], "rotation": {"applications": states, "me": ME, "steps": 3},
    }


def test_a_host_gets_what_is_due_of_each_of_its_applications() -> None:
    made, given = action("choose", {}, **of_both(slot="current"))
    made._task_vars["ansible_play_batch"] = ["one", "two"]
    found = made.act(given)
    assert found["slots"] == {"one": {NAME: "pending"}, "two": {NAME: "pending", "reading": "current"}}
    assert found["chosen"] == ["one", "two"]


def test_a_host_that_fails_gets_the_old_secret_of_each_of_its_applications_back() -> None:
    said = {**CHANGED, **delivery("two", "It did not arrive.")}
    found = run("end", dict.fromkeys(HOSTS, said), **of_both())
    assert found["back"] == {
        "one": {NAME: "current"}, "two": {NAME: "current", "reading": "current"}, "three": {NAME: "current"},
    }


def test_an_application_without_a_client_secret_has_nothing_to_rotate() -> None:
    people = {**APPLICATION, "credential": "none"}
    found = run("decide", {}, applications=[people], rotation={})
    state = found["applications"][NAME]
    assert (state["state"], state["failed"], found["locked"], found["due"]) == ("unset", False, [], [])
    assert state["reasons"] == ["It signs in without a client secret, so that there is none to rotate."]


@pytest.mark.parametrize(("content", "words"), [
    (as_p12(), "its certificate ends on 2030-01-02. It is replaced by hand."),
    (as_json(), "(KEY): no expiry. It is replaced by hand."),
    (b"", "so that there is none to rotate. mail_google.key_file: is no P12 file"),
])
def test_the_key_of_a_service_account_is_told_and_left_to_people(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "google.key"
    file.write_bytes(content)
    account = {"key_file": str(file), "service_account": ACCOUNT}
    google = {**APPLICATION, "credential": "none", "identity": "google", "account": account}
    found = run("decide", {}, applications=[google], rotation={})
    state = found["applications"][NAME]
    assert (state["state"], state["failed"], found["due"]) == ("unset", False, [])
    [reason] = state["reasons"]
    assert words.replace("KEY", str(file)) in reason
    assert "PRIVATE" not in str(found)
