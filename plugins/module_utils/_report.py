# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The table at the end of a run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

COLUMNS = (
    "environment", "host", "product", "application", "permissions granted", "granted in Exchange", "sent through",
    "received through", "refused for others", "seconds", "result",
)
_NOTHING = "-"


def report(hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]], *, predicted: bool) -> list[str]:
    """A line of headings, one line per host in the order given, and one line per failure.

    :param facts: by host, what the roles left behind: ``__mail_plan_data``, ``__mail_identity_leader``,
        ``__mail_identity_result``, ``__mail_access_leader``, ``__mail_access_result``, ``__mail_provider_result``,
        ``__mail_delivery_results``, ``__mail_report_failure``.
    :param predicted: nothing was really done, since the run was a check.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    failures = []
    for host in hosts:
        known = facts[host]
        rows.append(_row(host, facts, predicted))
        failure = known.get("__mail_report_failure")
        if failure:
            failures.append(f"{host}: {failure['task']}: {failure['message']}")
    return [*aligned(rows), *failures]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose first row holds the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _row(host: str, facts: Mapping[str, Mapping[str, Any]], predicted: bool) -> tuple[str, ...]:
    known = facts[host]
    plan = known.get("__mail_plan_data", {})
    application = plan.get("application") or {}
    checks = known.get("__mail_delivery_results", [])
    deliveries = [check for check in checks if not check["refusal"]]
    return (
        plan.get("environment", _NOTHING),
        host,
        plan.get("product", _NOTHING),
        application.get("name", _NOTHING),
        _granted(facts, known, "identity"),
        _granted(facts, known, "access"),
        _ways(deliveries, "sent_through"),
        _ways(deliveries, "received_through"),
        _refused(plan.get("checks", []), checks),
        f"{sum(check['seconds']['total'] for check in checks):.1f}" if checks else _NOTHING,
        _result(known, bool(deliveries), predicted),
    )


def _granted(facts: Mapping[str, Mapping[str, Any]], known: Mapping[str, Any], step: str) -> str:
    """What the host that leads in a step was granted for all hosts that share its application."""
    leader = facts[known[f"__mail_{step}_leader"]] if f"__mail_{step}_leader" in known else {}
    return ", ".join(leader.get(f"__mail_{step}_result", {}).get("granted", [])) or _NOTHING


def _refused(checks: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]) -> str:
    """The ways in which a foreign mailbox stayed closed; last those for which the application has no permission at all.

    :param checks: as the plan has them, in the order of their results.
    """
    ways: dict[str, list[str]] = {"mailbox": [], "permission": []}
    for check, result in zip(checks, results, strict=False):
        if result["refusal"]:
            sent, received = result["sent_through"], result["received_through"]
            ways[check["proves"]].append(sent["transport"] if sent else f"reading {received['transport']}")
    without = f"no permission: {', '.join(ways['permission'])}" if ways["permission"] else ""
    return "; ".join(filter(None, (", ".join(ways["mailbox"]), without))) or _NOTHING


def _ways(deliveries: Iterable[Mapping[str, Any]], side: str) -> str:
    ways = (f"{delivery[side]['transport']} ({delivery[side]['authentication']})" for delivery in deliveries)
    return ", ".join(dict.fromkeys(ways)) or _NOTHING


def _result(known: Mapping[str, Any], delivered: bool, predicted: bool) -> str:
    if known.get("__mail_report_failure"):
        return f"FAILED at {known['__mail_report_failure']['step']}"
    if predicted:
        return "predicted"
    if delivered:
        return "delivered"
    return "configured, not verified" if "__mail_provider_result" in known else "not verified"
