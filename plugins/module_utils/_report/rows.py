# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A run's outcome for each host, as rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import REQUIRED

#: The columns of a row, in the order in which they are shown.
COLUMNS = (
    "environment", "host", "product", "application", "permissions granted", "granted in Exchange", "sent through",
    "received through", "refused for others", "not proven", "to do", "result",
)
#: What a row is about, and how it ended.
HEAD = ("host", "result")
# A way that the product itself goes; it is asked to by its API, at most.
_OWN_WAY: Mapping[str, Any] = {"transport": "web"}
RESTART = "restart the product"
DELIVERED = "delivered"


@dataclass(frozen=True)
class Steps:
    """What the steps of a run have said, each by host.

    :param plans: each host's plan.
    :param identity, access, deliveries: the verdicts; a step that did not run has none.
    :param targets: what became of the host's configuration.
    :param authorizations: what somebody has to sign in for, see _sign_ins.py.
    :param failures: ``step`` and ``msg`` of the hosts that failed, and whether they were ``unreachable``.
    :param predicted: whether nothing was really done, since the run was a check.
    :param removal: whether the run takes away what others set up.
    """

    plans: Mapping[str, Mapping[str, Any]]
    identity: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    access: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    deliveries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    authorizations: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    predicted: bool = False
    removal: bool = False


def rows(steps: Steps) -> list[dict[str, Any]]:
    """One row for each host, in the order given: a text for each of COLUMNS, "" for nothing, and beside them

    ``failed``, ``message`` (why), ``authorization_required`` (see _sign_ins.py) and ``deliveries``
    ([{name, message_id, seconds, result}]).
    """
    return [_row(host, steps) for host in steps.plans]


def _row(host: str, steps: Steps) -> dict[str, Any]:
    plan, failure, required = steps.plans[host], steps.failures.get(host), steps.authorizations.get(host, [])
    checks = steps.deliveries.get(host, {}).get("deliveries", [])
    done = [check for check in checks if check.get("delivery")]
    # What failed has not gone its way to the end, or has reached a mailbox that should have been closed.
    sent = [check["delivery"] for check in done if check["delivery"]["refusal"] is None and not check["failed"]]
    configured = steps.targets.get(host, {})
    return {
        "environment": plan.get("environment") or "", "host": host, "product": plan.get("product") or "",
        "application": ", ".join(one["display_name"] for one in plan.get("applications", [])),
        "permissions granted": ", ".join(steps.identity.get(host, {}).get("granted", [])),
        "granted in Exchange": ", ".join(steps.access.get(host, {}).get("granted", [])),
        "sent through": _ways(one["sent_through"] for one in sent if one["sent_through"]),
        # What nobody sends was put into the mailbox, for the product to take.
        "received through": _ways(one["received_through"] if one["sent_through"] else _OWN_WAY for one in sent),
        "refused for others": _refused(done), "not proven": ", ".join(plan.get("unproven", [])),
        "to do": RESTART if configured.get("restart") == "needed" and not failure else "",
        "result": _result(host, steps, delivered=bool(sent)),
        "failed": failure is not None, "message": str(failure["msg"]) if failure else "",
        "authorization_required": list(required),
        "deliveries": [_delivery(check) for check in checks if check.get("delivery") or check.get("left_out")],
    }


def _delivery(check: Mapping[str, Any]) -> dict[str, Any]:
    if check.get("left_out"):
        return {"name": check["name"], "message_id": None, "seconds": None, "result": REQUIRED}
    delivery = check["delivery"]
    went = DELIVERED if delivery["sent_through"] else "taken"
    refused = delivery["refusal"] is not None
    return {
        "name": check["name"], "message_id": delivery["message_id"], "seconds": delivery["seconds"].get("total"),
        "result": "FAILED" if check["failed"] else "refused" if refused else went,
    }


def _refused(checks: Sequence[Mapping[str, Any]]) -> str:
    """The ways in which a foreign mailbox stayed closed; last those for which there is no permission at all."""
    ways: dict[str, list[str]] = {"mailbox": [], "permission": []}
    for check in checks:
        delivery = check["delivery"]
        if delivery["refusal"] is not None:
            sent, received = delivery["sent_through"], delivery["received_through"]
            ways[check["proves"]].append(sent["transport"] if sent else f"reading {received['transport']}")
    without = f"no permission: {', '.join(ways['permission'])}" if ways["permission"] else ""
    return "; ".join(filter(None, (", ".join(ways["mailbox"]), without)))


def _ways(ways: Iterable[Mapping[str, Any]]) -> str:
    """How mails went, each way once."""
    return ", ".join(dict.fromkeys(
        "the product itself" if way["transport"] == _OWN_WAY["transport"]
        else f"{way['transport']} ({way['authentication']})" for way in ways
    ))


def _result(host: str, steps: Steps, *, delivered: bool) -> str:
    failure = steps.failures.get(host)
    if failure is not None:
        return "UNREACHABLE" if failure.get("unreachable") else f"FAILED at {failure['step']}"
    if steps.authorizations.get(host):
        return REQUIRED
    if steps.predicted:
        return "predicted"
    if steps.removal:
        done = [step.get(host, {}) for step in (steps.identity, steps.access)]
        return "removed" if any(verdict.get("changed") for verdict in done) else "nothing to remove"
    if delivered:
        return DELIVERED
    return "configured, not verified" if steps.targets.get(host) else "not verified"
