# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a person is told of the caller and the reader: what they may do, and what goes into the inventory. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import MANAGE_EXCHANGE, Needs
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.parties import Party
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.directory_role import EXCHANGE_ADMINISTRATOR
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.accesses import in_words
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import Rights

#: Jobs of a CI system name the file of their token so.
_TOKEN_FILE = "{{ lookup('ansible.builtin.env', 'AZURE_FEDERATED_TOKEN_FILE') }}"
#: Whoever keeps the secret elsewhere says so in its place.
_SECRET_IN = "{{{{ (lookup('ansible.builtin.file', '{}') | ansible.builtin.from_json).client_secret }}}}"
#: For an id that only registering will tell.
_UNKNOWN = "(known when it is registered)"


def sign_in(party: Party, tenant_id: str, client_id: str | None) -> dict[str, str]:
    """The options of the fragment entra by which a party signs in."""
    if party.managed_identity is not None:
        return {
            "tenant_id": tenant_id, "auth_source": "managed_identity",
            "managed_identity_client_id": party.managed_identity,
        }
    own = {"tenant_id": tenant_id, "client_id": client_id or _UNKNOWN}
    if party.trust is not None:
        return {**own, "auth_source": "workload_identity", "federated_token_file": _TOKEN_FILE}
    if party.secret_path is not None:
        return {**own, "auth_source": "client_secret", "client_secret": _SECRET_IN.format(party.secret_path)}
    return {**own, "auth_source": "client_certificate", "certificate_path": party.certificate_path}


def about_caller(party: Party, needs: Needs, verdict: Mapping[str, Any]) -> list[str]:
    """What the caller is, and what it may do and why."""
    lines = [_headline("caller", party, verdict)]
    lines += [f"  may  {name}: {why}" for name, why in needs.permissions.items()]
    if needs.exchange:
        lines.append(f"  may  {MANAGE_EXCHANGE}, as {EXCHANGE_ADMINISTRATOR}: give the applications their mailboxes")
    return [*lines, *_signs_in(party, verdict)]


def about_reader(party: Party, rights: Rights, verdict: Mapping[str, Any]) -> list[str]:
    """What the reader is, and what it may read."""
    exchange = rights.exchange or {}
    mailboxes = dict.fromkeys([*exchange["full_access"], *(exchange["scope"] or {}).get("mailboxes", [])])
    names = [name for entry in rights.permissions for name in entry["application"]]
    granted = ", ".join([*names, *in_words(exchange)])
    return [
        _headline("reader", party, verdict), f"  may  read {', '.join(mailboxes)} and no other mailbox ({granted})",
        *_signs_in(party, verdict),
    ]


def _headline(what: str, party: Party, verdict: Mapping[str, Any]) -> str:
    return f"{what}: {party.display_name}, client id {verdict['client_id'] or _UNKNOWN}"


def _signs_in(party: Party, verdict: Mapping[str, Any]) -> list[str]:
    if party.managed_identity is not None:
        return ["  signs in as a managed identity; nothing is kept"]
    if party.trust is not None:
        return [f"  signs in with tokens of {party.trust.issuer} for {party.trust.subject}; nothing is kept"]
    what = f"client secret in {party.secret_path}" if party.secret_path else f"certificate {party.certificate_path}"
    ends = f", until {verdict['ends'][:10]}" if verdict["ends"] else ""
    return [f"  signs in with the {what}{ends}; run this again in time for a new one"]
