# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the e-mail accounts of Motion are configured with at present. Pure.

Motion gives no secret back, so that nobody can tell whether one is there. Its servers are built in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import MAILBOX_HOSTS, SUBMISSION_HOSTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import (
    Place,
    Use,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    CLOUD_PROVIDER,
    EMAIL_ACCOUNT,
    Kind,
    Names,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject

_NEEDED = ("url", "authentication")
_SECRETS = ("password", "token", "value")


def places(extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
    """See Present."""
    problems += [f"mail_xcally.{name}: is required" for name in _NEEDED if name not in extras]
    if not set(_NEEDED) <= set(extras):
        return []
    return [
        _place(CLOUD_PROVIDER, extras.get("cloud_provider", {}), extras),
        _place(EMAIL_ACCOUNT, extras.get("email_account", {}), extras),
    ]


def _place(kind: Kind, given: Mapping[str, Any], extras: Mapping[str, Any]) -> Place:
    names = Names(given.get("path"), given.get("fields", {}))
    called = {name: field for name, field in names.called(kind).items() if name != kind.secret}

    def read(rows: Sequence[Mapping[str, Any]]) -> Any:
        return kind, [{**{name: row.get(field) for name, field in called.items()}, "id": row.get("id")} for row in rows]

    path = extras["url"] + (names.path or kind.path)
    signs_in: dict[str, Any] = {
        name: {"secret": f"mail_xcally.authentication.{name}"} if name in _SECRETS else value
        for name, value in extras["authentication"].items()
    }
    return Place(ApiObject(
        path, {}, listed={"rows": "rows", "id": "id", "by": {}}, authentication=signs_in,
        ca_path=extras.get("ca_path"),
    ), read)


def uses(found: Mapping[str, Any]) -> Sequence[Use]:
    """See Present."""
    providers = {row["id"]: row for kind, rows in found.values() if kind is CLOUD_PROVIDER for row in rows}
    return [
        use for place, (kind, rows) in found.items() if kind is EMAIL_ACCOUNT for row in rows
        for use in _of_account(place, row, providers.get(row["cloud_provider"]))
    ]


def _of_account(place: str, account: Mapping[str, Any], provider: Mapping[str, Any] | None) -> list[Use]:
    is_modern = bool(account["modern_authentication"])
    remarks = [] if account["active"] is not False else ["The account is not active."]
    if is_modern and provider is None:
        remarks.append("Its cloud provider is not known.")
    elif is_modern and provider is not None and not provider["authenticated"]:
        remarks.append("Nobody has signed in for its cloud provider yet.")
    about: dict[str, Any] = {
        "purpose": str(account["key"] or account["name"]), "place": f"{place}/{account['id']}",
        "key": EMAIL_ACCOUNT.fields["modern_authentication"], "authentication": "oauth2" if is_modern else "basic",
        "user": text(account["delegate"]) or text(account["username"]), "mailbox": text(account["email"]),
        "remarks": remarks,
        "client_id": text((provider or {}).get("application_id")) if is_modern else None,
        "tenant_id": text((provider or {}).get("tenant_id")) if is_modern else None,
    }
    return [
        Use(use="send", transport="smtp", host=SUBMISSION_HOSTS["global"], port=587, tls="starttls", **about),
        Use(use="receive", transport="imap", host=MAILBOX_HOSTS["global"], port=993, tls="implicit", **about),
    ]
