# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application in the inventory, in the store and in the tenant, for the tests of the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import report
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.service_account import reading
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import ServiceAccountKey, parse
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, as_p12

MOMENT = datetime(2031, 5, 1, 12, 0, 0, tzinfo=UTC)
SOURCE = "keys/cmo.p12"
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


def world(
    entry: dict[str, Any], *applications: dict[str, Any], name: str = "Contracts mail",
    hosts: tuple[str, ...] = ("web-1", "web-2"), store: str = "ansible_vault", enabled: bool | None = True,
) -> dict[str, Any]:
    """What a report of one application is made of, as the arguments of the function that makes it.

    :param enabled: whether its service principal is; None if it has none.
    """
    planned = {
        "name": "tenant/contracts", "unique_name": "contracts", "display_name": name, "environment": "prod",
        "secret": {"renew_within": "30d"}, "store": {"kind": store}, "hosts": list(hosts), "team": list(hosts),
    }
    full = {"tenant_id": "tenant", "client_id": APP_ID, "object_id": "object", **entry} if entry else {}
    reading = {
        "moment": stamp(0), "applications": list(applications), "not_found": [], "enabled": {APP_ID: enabled},
    }
    return {
        "applications": [planned], "entries": {planned["name"]: full}, "readings": [reading], "due_within": "14d",
        "keys": {}, "sign_ins": {}, "unused": [],
    }


def report_of(entry: dict[str, Any], *credentials: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The report about one application with that entry in the store and those credentials in the tenant."""
    return report(**world(entry, application(*credentials), **more))


def p12_key(days: float) -> ServiceAccountKey:
    """A service account's key that has so many days left."""
    return parse(as_p12(end=MOMENT + timedelta(days=days)), "here", service_account=ACCOUNT)


def read(key: ServiceAccountKey) -> dict[str, Any]:
    """What was read of a service account."""
    return reading(key, SOURCE, MOMENT, timedelta(days=14))


def report_of_google(key: dict[str, Any]) -> dict[str, Any]:
    """The report of an estate in which there is nothing but a service account, of which that was read."""
    planned = {
        "name": "google/cmo", "unique_name": "cmo", "display_name": "CMO Google", "environment": "prod",
        "team": ["cmo-1", "cmo-2"],
    }
    return report([planned], {}, [], {planned["name"]: key}, "14d", {}, [])
