# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run came to, for each host, and how it is shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.files import Told, written
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.rows import (
    COLUMNS,
    HEAD,
    RESTART,
    Steps,
    rows,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.text import lines
from prometheus_client.parser import text_string_to_metric_families

PLAN = {"environment": "prod", "product": "ici", "applications": [{"display_name": "Contracts"}]}
WITHOUT = {"environment": "prod", "product": "ici", "applications": []}


def check(name: str, proves: str | None = None, *, failed: bool = False, **delivery: Any) -> dict[str, Any]:
    """A check as the step delivery tells of it."""
    kept = {
        "sent_through": None, "received_through": None, "seconds": {"total": 1.26}, "message_id": None, "refusal": None,
    }
    return {"name": name, "proves": proves, "failed": failed, "delivery": {**kept, **delivery}}


CHECKS = [
    check(
        "delivered", message_id="<one@contoso.example>",
        sent_through={"transport": "smtp", "authentication": "basic"},
        received_through={"transport": "imap", "authentication": "oauth2"},
    ),
    check("smtp", "mailbox", sent_through={"transport": "smtp"}, refusal={"code": "5"}),
    check("graph", "permission", sent_through={"transport": "graph"}, refusal={"code": "5"}),
    check("pop3", "permission", received_through={"transport": "pop3"}, refusal={"code": "-"}),
]
STEPS = Steps(
    plans={"other": WITHOUT, "leader": PLAN, "follower": PLAN, "stopped": PLAN, "gone": PLAN},
    identity={"leader": {"granted": ["Mail.Send"]}, "follower": {"granted": ["Mail.Send"]}},
    access={"leader": {"granted": ["FullAccess"]}},
    targets={"other": {"restart": "needed"}, "leader": {"restart": "done"}, "follower": {"restart": "needed"}},
    deliveries={"leader": {"deliveries": CHECKS}},
    failures={
        "follower": {"step": "provider", "msg": "no such | file\nin <here>"},
        "gone": {"step": "provider", "msg": "no route to host", "unreachable": True},
    },
)


def found(host: str, steps: Steps = STEPS) -> dict[str, Any]:
    [row] = [row for row in rows(steps) if row["host"] == host]
    return row


def file(name: str, found: list[dict[str, Any]], title: str = "Mail") -> str:
    return written(name, Told(title, datetime(2031, 5, 1, tzinfo=UTC), found, COLUMNS))


def test_a_row_per_host_in_the_order_given() -> None:
    assert [row["host"] for row in rows(STEPS)] == ["other", "leader", "follower", "stopped", "gone"]
    assert {column: found("leader")[column] for column in COLUMNS} == {
        "environment": "prod", "host": "leader", "product": "ici", "application": "Contracts",
        "permissions granted": "Mail.Send", "granted in Exchange": "FullAccess", "sent through": "smtp (basic)",
        "received through": "imap (oauth2)", "refused for others": "smtp; no permission: graph, reading pop3",
        "not proven": "", "to do": "", "result": "delivered",
    }
    assert found("stopped")["result"] == "not verified"


def test_a_mail_that_should_have_been_refused_is_no_delivery() -> None:
    opened = check("director", "mailbox", failed=True, sent_through={"transport": "graph", "authentication": "oauth2"})
    steps = replace(STEPS, deliveries={"leader": {"deliveries": [CHECKS[0], opened]}}, failures={
        "leader": {"step": "delivery", "msg": "director@contoso.example was not refused"},
    })
    row = found("leader", steps)
    assert (row["sent through"], row["received through"]) == ("smtp (basic)", "imap (oauth2)")
    assert row["result"] == "FAILED at delivery"
    assert [one["result"] for one in row["deliveries"]] == ["delivered", "FAILED"]


def test_what_a_product_does_itself_is_called_so() -> None:
    through, imap = {"transport": "web", "authentication": "none"}, {"transport": "imap", "authentication": "oauth2"}
    checks = [
        check("sent", sent_through=through, received_through=imap), check("taken", received_through=imap),
        check("shown", sent_through=through, received_through=through),
    ]
    row = found("leader", replace(STEPS, deliveries={"leader": {"deliveries": checks}}))
    assert (row["sent through"], row["received through"]) == ("the product itself", "imap (oauth2), the product itself")
    assert [one["result"] for one in row["deliveries"]] == ["delivered", "taken", "delivered"]


def test_a_product_that_has_to_be_restarted_says_so() -> None:
    assert (found("other")["result"], found("other")["to do"]) == ("configured, not verified", RESTART)
    # Where something failed, that comes first.
    assert found("follower")["to do"] == ""


def test_a_failure_is_told_with_host_step_and_reason() -> None:
    assert (found("follower")["result"], found("gone")["result"]) == ("FAILED at provider", "UNREACHABLE")
    assert lines(rows(STEPS), COLUMNS, HEAD)[-3:] == [
        "follower: no such | file", "follower: in <here>", "gone: no route to host",
    ]


def test_a_removal_tells_what_is_gone_and_where_there_was_nothing() -> None:
    identity = {"leader": {"changed": True}, "follower": {"changed": False}}
    steps = Steps(
        plans={host: PLAN for host in ("other", "leader", "follower", "gone")}, identity=identity,
        access={"gone": {"changed": True}, "follower": {"changed": False}}, removal=True,
    )
    assert {host: found(host, steps)["result"] for host in steps.plans} == {
        "other": "nothing to remove", "leader": "removed", "follower": "nothing to remove", "gone": "removed",
    }


def test_a_check_predicts() -> None:
    assert found("other", Steps(plans={"other": WITHOUT}, predicted=True))["result"] == "predicted"


def test_a_table_leaves_out_what_is_empty_and_lines_up() -> None:
    shown = lines(rows(Steps(plans={"other": WITHOUT, "leader": PLAN})), COLUMNS, HEAD)
    assert re.split(r" {2,}", shown[0]) == ["environment", "host", "product", "application", "result"]
    starts = [shown[0].index(column) for column in ("host", "product", "application", "result")]
    assert all(line[start - 2 : start].isspace() for line in shown[2:] for start in starts)
    assert re.split(r" {2,}", shown[2]) == ["prod", "other", "ici", "-", "not verified"]


def test_what_is_too_wide_for_a_table_becomes_a_block_for_each_host() -> None:
    shown = lines(rows(STEPS), COLUMNS, HEAD)
    assert all(len(line) <= 96 for line in shown)
    assert shown[:4] == [
        "other: configured, not verified", "  environment  prod", "  product      ici", f"  to do        {RESTART}",
    ]
    start = shown.index("leader: delivered")
    assert "  refused for others   smtp; no permission: graph, reading pop3" in shown[start:]


def test_a_file_has_every_proof_with_its_message_id() -> None:
    shown = file("/x/report.md", rows(STEPS))
    assert "| prod | leader | ici | Contracts |" in shown
    assert "| leader | delivered | `<one@contoso.example>` | delivered |" in shown
    assert "| leader | graph |  | refused |" in shown
    assert "- **follower**: no such \\| file\n  in &lt;here&gt;" in shown
    table = json.loads(file("report.JSON", rows(STEPS)))
    assert [host["result"] for host in table["hosts"]] == [row["result"] for row in rows(STEPS)]
    assert table["hosts"][1]["deliveries"][0]["message_id"] == "<one@contoso.example>"
    page = file("report.html", rows(STEPS), "<Mail>")
    assert "&lt;one@contoso.example&gt;" in page
    assert "&lt;Mail&gt;" in page
    assert "in &lt;here&gt;" in page
    assert "<one@" not in page
    assert "<here>" not in page


def test_cells_of_markdown_stay_in_their_cell() -> None:
    plan = {**PLAN, "applications": [{"display_name": "a | <b> & c"}]}
    assert "| a \\| &lt;b&gt; &amp; c |" in file("report.md", rows(Steps(plans={"x": plan})))


def test_monitoring_learns_whose_mail_was_proven() -> None:
    families = {one.name: one.samples for one in text_string_to_metric_families(file("mail.prom", rows(STEPS)))}
    assert [(one.labels["host"], one.value) for one in families["mailops_proof_success"]] == [
        ("leader", 1), ("follower", 0), ("gone", 0),
    ]
    assert {one.value for one in families["mailops_proof_timestamp_seconds"]} == {1935360000}
    assert families["mailops_proof_success"][0].labels == {"host": "leader", "environment": "prod", "product": "ici"}


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"mail_report_file: report\.pdf does not say what the report shall be"):
        file("report.pdf", [])


SIGN_IN = {
    "what": "the token cache", "where": "C:\\<cmo>.dat", "account": "cmo@contoso.example", "do": "Run the tool.",
    "since": None,
}
SENTENCE = "leader: authorization required for the token cache C:\\<cmo>.dat of cmo@contoso.example: Run the tool."


def test_who_has_to_sign_in_has_not_failed() -> None:
    steps = replace(STEPS, authorizations={"leader": [SIGN_IN], "follower": [SIGN_IN]})
    assert (found("leader", steps)["result"], found("leader", steps)["failed"]) == ("authorization required", False)
    # Where something failed, that comes first; the sign-in is told all the same.
    assert found("follower", steps)["result"] == "FAILED at provider"
    assert found("follower", steps)["authorization_required"] == [SIGN_IN]
    # In a check it is known as well.
    assert found("leader", replace(steps, predicted=True))["result"] == "authorization required"


def test_a_proof_that_was_left_out_says_why() -> None:
    left_out = {"name": "sent", "failed": False, "left_out": True}
    steps = replace(STEPS, authorizations={"leader": [SIGN_IN]}, deliveries={"leader": {"deliveries": [left_out]}})
    assert found("leader", steps)["deliveries"] == [
        {"name": "sent", "message_id": None, "seconds": None, "result": "authorization required"},
    ]
    assert found("leader", steps)["sent through"] == ""


def test_a_file_lists_who_has_to_sign_in() -> None:
    told = rows(replace(STEPS, authorizations={"leader": [SIGN_IN]}))
    page = file("report.md", told)
    assert f"## Authorization required\n\n- {escape(SENTENCE, quote=False)}\n" in page
    assert json.loads(file("report.json", told))["hosts"][1]["authorization_required"] == [SIGN_IN]
    page = file("report.html", told)
    assert f"<h2>Authorization required</h2><ul><li>{escape(SENTENCE)}</li></ul>" in page
    for name in ("report.md", "report.html"):
        assert "Authorization required" not in file(name, rows(STEPS))
