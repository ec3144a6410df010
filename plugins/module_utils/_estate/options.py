# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the steps for many are given: applications and deliveries, of a plan or of a person's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import ENDPOINTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    address,
    choice,
    flag,
    many,
    mapping,
    number,
    read,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import SECRET
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import APP

#: The kinds of identity are told by their files; to import them would load the libraries that they need.
IDENTITIES = Path(__file__).parents[1] / "_identity"
_addresses = Key(many(address))
#: What Exchange grants; see Rights in _plan/grants.py.
RIGHTS: Table = {
    **dict.fromkeys(("full_access", "send_as", "smtp_auth", "imap", "pop3"), _addresses),
    "scope": Key(keys={
        "roles": Key(many(text), required=True), "mailboxes": Key(many(address), required=True),
    }),
    "unwanted": Key(keys=dict.fromkeys(("full_access", "send_as", "scope"), _addresses)),
}
#: One application. Who reads ``entra``, ``exchange_connection`` and ``store`` checks what is in them.
APPLICATION: Table = {
    **APP,
    "name": Key(text),
    "display_name": Key(text),
    "environment": Key(text),
    "identity": Key(choice(*registry.names([str(IDENTITIES)]))),
    "exclusive": Key(flag),
    "credential": Key(choice("client_secret", "none")),
    "public_client": Key(flag),
    "users": _addresses,
    "account": Key(mapping),
    "exchange": Key(keys=RIGHTS),
    "entra": Key(mapping),
    "exchange_connection": Key(mapping),
    "store": Key(mapping),
    "hosts": Key(many(text)),
    "team": Key(many(text)),
}
#: What a delivery has beside the options of the module mail_delivery.
DELIVERY: Table = {
    "name": Key(text, required=True),
    "host": Key(text),
    "application": Key(text),
    "proves": Key(choice("mailbox", "permission")),
    "patience": Key(number(0, 86400)),
    "needs": Key(text),
    "sign_in": Key(keys={name: Key(text, required=True) for name in ("what", "where", "account", "do")}),
    "delegate": Key(keys={name: Key(text, required=True) for name in ("account", "mailbox")}),
    "remedy": Key(text),
}
_NO_RIGHTS: Mapping[str, Any] = {
    **{name: [] for name, key in RIGHTS.items() if key.keys is None}, "scope": None,
    "unwanted": {name: [] for name in RIGHTS["unwanted"].keys or ()},
}


def applications(given: Sequence[Any], said: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Each application by its name, with the defaults of what is not given.

    :param said: what the environment says of the connection.
    :raises InputError: lists every problem, each with its place.
    """
    problems: list[str] = []
    found: dict[str, dict[str, Any]] = {}
    for place, one in enumerate(given):
        clean = read(APPLICATION, one, f"applications[{place}]", problems)
        name = clean.get("name", clean.get("unique_name"))
        if name in found:
            problems.append(f"applications[{place}].name: '{name}' is another one's name already; give it its own")
        elif name is not None:
            found[name] = _complete(clean, said)
    _refuse(problems)
    return found


def deliveries(given: Sequence[Mapping[str, Any]], said: Mapping[str, str]) -> list[dict[str, Any]]:
    """The deliveries; their own keys are checked, those of mail_delivery are left to it.

    :param said: what the environment says of the connection, of which where the services are is taken.
    :raises InputError: lists every problem, each with its place.
    """
    where = {name: value for name, value in said.items() if name in ENDPOINTS and name != "token_cache"}
    problems: list[str] = []
    found = []
    for place, one in enumerate(given):
        own = read(DELIVERY, {name: one[name] for name in DELIVERY if name in one}, f"deliveries[{place}]", problems)
        rest = {name: value for name, value in one.items() if name not in DELIVERY}
        found.append({**where, "proves": "mailbox", **rest, **own})
    _refuse(problems)
    return found


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise InputError("\n".join(problems))


def _complete(given: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    rights = given.get("exchange")
    unique_name = given.get("unique_name")
    return {
        "name": unique_name, "display_name": unique_name, "environment": "mail", "identity": "entra",
        "exclusive": False, "credential": "client_secret", "users": [],
        "exchange_connection": {}, "hosts": [], "team": given.get("hosts", []),
        **given,
        "permissions": [{"application": [], "delegated": [], **one} for one in given.get("permissions", [])],
        "secret": {**SECRET, **given.get("secret", {})},
        "entra": {**said, **given.get("entra", {})},
        "exchange": None if rights is None else {
            **_NO_RIGHTS, **rights, "unwanted": {**_NO_RIGHTS["unwanted"], **rights.get("unwanted", {})},
        },
    }
