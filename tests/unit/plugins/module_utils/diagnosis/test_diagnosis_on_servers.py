# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What looking at a host's targets has said, as findings; one fault is told once, and not by what follows from it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import on_servers
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis.findings import (
    CHECKS,
    Subject,
    crosses,
    table,
)

PLANNED = {"failed": False, "msg": "ici is planned.", "restart_command": []}
RESTARTED = {**PLANNED, "restart_command": ["icictl", "restart"]}
ICICTL = {"name": "icictl", "path": "/usr/bin/icictl", "executable": True, "user": "root"}
NOWHERE = {**ICICTL, "path": None, "executable": False}
SAME = {"targets": [{"name": "/srv/a", "changed": False}], "changed": False}
OTHER = {"targets": [{"name": "/srv/a", "changed": True}], "changed": True}
SIGN_IN = {"account": "a@b.example", "what": "the port", "where": "p", "do": "Open the page."}


def states(targets: dict[str, Any], *, has_credentials: bool = True, plan: Any = None, required: Any = ()) -> Any:
    found = on_servers.look("h", plan or PLANNED, targets, required, has_credentials=has_credentials)
    assert {one.hosts for one in found} == {("h",)}
    return {one.check: one.state for one in found}


@pytest.mark.parametrize(("targets", "credentials", "server", "files", "settings"), [
    (SAME, True, "ok", "ok", "ok"),
    (OTHER, True, "ok", "ok", "cross"),
    (OTHER, False, "ok", "ok", "unknown"),
    ({**SAME, "changed": True}, True, "ok", "ok", "cross"),
    ({"failed": True, "msg": "It is gone. Look.", "remedy": "Look."}, True, "ok", "cross", "unknown"),
    ({"failed": True, "msg": "The store is gone."}, False, "ok", "unknown", "unknown"),
    ({"unreachable": True, "msg": "No route"}, True, "cross", "unknown", "unknown"),
])
def test_each_outcome(targets: dict[str, Any], credentials: bool, server: str, files: str, settings: str) -> None:
    found = states(targets, has_credentials=credentials)
    assert found == {"plan": "ok", "server": server, "targets": files, "settings": settings}


@pytest.mark.parametrize(("targets", "state", "words"), [
    ({**SAME, "restart_program": ICICTL}, "ok", ""),
    ({**SAME, "restart_program": NOWHERE}, "cross", "root finds no program icictl"),
    ({**SAME, "restart_program": {**ICICTL, "executable": False}}, "cross", "root may not execute /usr/bin/icictl"),
    ({"failed": True, "msg": "It is gone.", "restart_program": ICICTL}, "ok", ""),
    ({"failed": True, "msg": "No folder."}, "unknown", "could not be looked at"),
    ({"unreachable": True, "msg": "No route"}, "unknown", "not reached"),
])
@pytest.mark.parametrize("credentials", [True, False])
def test_the_program_that_restarts(targets: dict[str, Any], state: str, words: str, credentials: bool) -> None:
    found = on_servers.look("h", RESTARTED, targets, (), has_credentials=credentials)
    [restart] = [one for one in found if one.check == "restart"]
    assert restart.state == state
    assert words in restart.found
    assert bool(restart.remedy) is (state == "cross")


def test_a_product_without_a_file_on_its_server_is_never_restarted() -> None:
    assert "restart" not in states(SAME, plan=RESTARTED)


def test_a_host_without_a_plan_or_that_was_not_looked_at_says_no_more() -> None:
    assert states(SAME, plan={"failed": True, "msg": "mail_send: is required"}) == {"plan": "cross"}
    assert states({}) == {"plan": "ok"}


def test_who_has_to_sign_in_is_told_with_what_to_do() -> None:
    assert states(SAME, required=[SIGN_IN])["person"] == "cross"
    found = on_servers.look("h", PLANNED, SAME, [SIGN_IN], has_credentials=True)
    assert [(one.found, one.remedy) for one in crosses(found)] == [
        ("a@b.example has to sign in for the port p.", "Open the page."),
    ]


def test_the_table_has_a_mark_for_each_check_and_the_remedy_below() -> None:
    failed = {"failed": True, "msg": "It is gone. Look.", "remedy": "Look."}
    lines = table(on_servers.look("h", PLANNED, failed, (), has_credentials=True))
    assert [line.split() for line in lines] == [
        ["host", "plan", "server", "targets", "settings", "result"], lines[1].split(),
        ["h", "✓", "✓", "✗", "?", "1", "wrong"], ["h:", "targets:", "It", "is", "gone.", "Look."],
        ["h:", "?", "settings:", "a", "target", "cannot", "be", "read", "or", "written."],
    ]


def test_the_applications_are_one_table_that_fits_a_terminal_of_120_columns() -> None:
    findings = [
        one for name in ("contracts-mail-test", "an-application-of-fabrikam-test")
        for one in Subject("application", name).ok(*CHECKS["application"])
    ]
    lines = table(findings)
    assert len(lines) == 4
    assert max(map(len, lines)) <= 112
    assert [line.count("✓") for line in lines] == [0, 0, 9, 9]
