# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An estate's facts, as the role mail_credentials leaves them, for the tests of the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report

MOMENT = datetime(2031, 5, 1, 12, 0, 0, tzinfo=UTC)
APP_ID = "5e1e3b5a-2fd7-4c07-8ae1-0c1b7c2d3e4f"
VALUE = "s3cret-value"


def stamp(days: float) -> str:
    """The time in so many days, as Graph writes it."""
    return (MOMENT + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def credential(key_id: str, days: int, name: str | None = "prod", **more: Any) -> dict[str, Any]:
    """A credential as mail_credentials_info returns it; a name stands for a managed one."""
    title = f"mailops.modern_auth: {name} (0123abcd)" if name else "portal"
    status = "expired" if days <= 0 else "due" if days <= 14 else "ok"
    return {
        "key_id": key_id, "kind": "secret", "display_name": title, "managed": name is not None, "name": name,
        "start": stamp(days - 180), "end": stamp(days), "days_left": days, "status": status, **more,
    }


def slot(key_id: str, days: int, **more: Any) -> dict[str, Any]:
    """What the store has in a slot."""
    return {"key_id": key_id, "secret_text": VALUE, "end_date_time": stamp(days), **more}


def application(*credentials: dict[str, Any], app_id: str = APP_ID, name: str = "Contracts mail") -> dict[str, Any]:
    """An application as mail_credentials_info returns it."""
    return {
        "object_id": "object", "app_id": app_id, "unique_name": "contracts", "display_name": name,
        "credentials": list(credentials),
    }


def estate(
    entry: dict[str, Any], *applications: dict[str, Any], name: str = "Contracts mail",
    hosts: tuple[str, ...] = ("web-1", "web-2"),
) -> dict[str, dict[str, Any]]:
    """The facts of hosts that share one application; the first one leads it and reads the tenant."""
    plan = {
        "environment": "prod",
        "application": {
            "key": "tenant/contracts", "unique_name": "contracts", "name": name, "secret": {"renew_within": "30d"},
        },
    }
    facts: dict[str, dict[str, Any]] = {host: {"__mail_plan_data": plan} for host in hosts}
    teams = {host: {"leader": hosts[0], "reader": hosts[0], "team": list(hosts)} for host in hosts}
    full = {"tenant_id": "tenant", "client_id": APP_ID, "object_id": "object", **entry} if entry else {}
    facts[hosts[0]] |= {
        "__mail_credentials_teams": teams,
        "__mail_credentials_store": "ansible_vault", "__mail_store_credentials": full,
        "__mail_credentials_reading": {"moment": stamp(0), "applications": list(applications), "not_found": []},
    }
    return facts


def report_of(entry: dict[str, Any], *credentials: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The report about one application with that entry in the store and those credentials in the tenant."""
    facts = estate(entry, application(*credentials), **more)
    return report(list(facts), facts, "14d")
