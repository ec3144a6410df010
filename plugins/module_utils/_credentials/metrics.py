# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A credentials report as metrics. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import STATES
from ansible_collections.mailops.modern_auth.plugins.module_utils._prometheus import Gauge, exposition, seconds


def metrics(report: Mapping[str, Any]) -> str:
    """The metrics; alerts on them are in docs/examples/monitoring.

    :param report: as in report.py.
    """
    applications = [(_labels(one), one) for one in report["applications"]]
    credentials = [
        ({**labels, **{name: one[name] for name in ("key_id", "kind", "slot", "origin")}}, one)
        for labels, application in applications for one in application["credentials"]
    ]
    return exposition((
        Gauge(
            "mailops_credentials_report_timestamp_seconds", "When the report was made, by the tenant's clock.",
            [({}, seconds(report["moment"]))] if report["moment"] else [],
        ),
        Gauge(
            "mailops_application_state", "What is the worst of an application: 0 nothing, 1 it is due, 2 it expired.",
            [(labels, STATES.index(one["state"])) for labels, one in applications],
        ),
        Gauge(
            "mailops_credential_expiry_timestamp_seconds", "When a credential ends.",
            [(labels, seconds(one["end"])) for labels, one in credentials if one["end"]],
        ),
        Gauge(
            "mailops_credential_replacement_timestamp_seconds", "From when on the rotation replaces a credential.",
            [
                (labels, seconds(one["next"]["when"])) for labels, one in credentials
                if one["slot"] == "current" and one["next"] and one["next"]["when"]
            ],
        ),
        Gauge(
            "mailops_application_unused", "An application that a store holds and no host of the inventory uses.",
            [({"application": one["unique_name"], "environment": one["environment"]}, 1) for one in report["unused"]],
        ),
        Gauge(
            "mailops_sign_in_required", "Whether a person has to sign in for a host.",
            [
                ({name: one[name] for name in ("host", "where", "account")}, int(bool(one["do"])))
                for one in report["sign_ins"]
            ],
        ),
    ))


def _labels(application: Mapping[str, Any]) -> dict[str, str | None]:
    return {"application": application["name"], **{name: application[name] for name in ("environment", "app_id")}}
