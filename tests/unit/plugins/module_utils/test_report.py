# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a run."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._report import COLUMNS, report

CHECKS = [{}, {"proves": "mailbox"}, {"proves": "permission"}, {"proves": "permission"}]
PLAN = {"environment": "prod", "product": "ici", "application": {"name": "Contracts"}, "checks": CHECKS}
DELIVERY = {
    "sent_through": {"transport": "smtp", "authentication": "basic", "host": "relay"},
    "received_through": {"transport": "imap", "authentication": "oauth2", "host": "imap"},
    "seconds": {"total": 1.26},
    "refusal": None,
}
REFUSALS = [
    {"sent_through": {"transport": way}, "received_through": None, "seconds": {"total": 0.5}, "refusal": {"code": "5"}}
    for way in ("smtp", "graph")
]
REFUSALS.append(
    {"sent_through": None, "received_through": {"transport": "pop3"}, "seconds": {"total": 1}, "refusal": {"code": "-"}}
)
FACTS: dict[str, dict[str, Any]] = {
    "leader": {
        "__mail_plan_data": PLAN, "__mail_identity_leader": "leader",
        "__mail_identity_result": {"granted": ["Mail.Send"]}, "__mail_provider_result": {},
        "__mail_access_leader": "leader", "__mail_access_result": {"granted": ["FullAccess"]},
        "__mail_delivery_results": [DELIVERY, *REFUSALS],
    },
    "follower": {
        "__mail_plan_data": PLAN, "__mail_identity_leader": "leader",
        "__mail_report_failure": {"step": "provider", "task": "Configure ICI", "message": "no such file"},
    },
    "other": {"__mail_plan_data": {**PLAN, "application": None}, "__mail_provider_result": {}},
    "stopped": {},
}


def test_a_line_per_host_in_the_order_given() -> None:
    lines = report(["other", "leader", "follower", "stopped"], FACTS, predicted=False)
    assert [line.split()[1] for line in lines[2:6]] == ["other", "leader", "follower", "stopped"]
    assert all(column in lines[0] for column in COLUMNS)
    assert [cell.strip() for cell in lines[3].split("  ") if cell] == [
        "prod", "leader", "ici", "Contracts", "Mail.Send", "FullAccess", "smtp (basic)", "imap (oauth2)",
        "smtp; no permission: graph, reading pop3", "3.3", "delivered",
    ]
    assert lines[2].endswith("configured, not verified")
    assert lines[5].endswith("not verified")


def test_a_failure_is_told_with_host_step_and_reason() -> None:
    lines = report(["leader", "follower"], FACTS, predicted=False)
    assert lines[3].endswith("FAILED at provider")
    assert lines[-1] == "follower: Configure ICI: no such file"


def test_a_check_predicts() -> None:
    assert report(["other"], FACTS, predicted=True)[2].endswith("predicted")


def test_columns_line_up() -> None:
    lines = report(["leader", "other"], FACTS, predicted=False)
    starts = [lines[0].index(column) for column in COLUMNS]
    assert all(line[start - 2 : start] == "  " for line in lines[2:] for start in starts[1:])
