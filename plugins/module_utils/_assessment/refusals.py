# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a tenant itself refuses of a way that mail takes, beside Microsoft's dates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.identity_policies import ENABLED

_PROTOCOLS = {"smtp": "SMTP AUTH", "imap": "IMAP", "pop3": "POP", "ews": "EWS"}


@dataclass(frozen=True)
class Refusal:
    """Why the tenant refuses something.

    :param is_certain: False where it depends on what an assessment does not work out.
    """

    words: str
    is_certain: bool = True


def refusals(use: Mapping[str, Any], tenant: Mapping[str, Any]) -> list[Refusal]:
    """What a tenant refuses of a use that goes to Microsoft's servers.

    :param use: as the module mail_settings_info returns it.
    :param tenant: as tenant.read gives it. What of it could not be read refuses nothing.
    """
    if use["transport"] not in _PROTOCOLS:
        return []
    with_password = use["authentication"] == "basic"
    return [
        *_by_exchange(use, tenant["exchange"], with_password),
        *(_by_entra(tenant["policies"]) if with_password else ()),
    ]


def _by_exchange(use: Mapping[str, Any], exchange: Mapping[str, Any], with_password: bool) -> Iterator[Refusal]:
    account = str(use["user"] or use["mailbox"] or "").lower()
    found = next((one for one in exchange.get("accounts", []) if one["account"] == account), None)
    if found is None:
        return
    if not found[use["transport"]]:
        yield Refusal(f"{_PROTOCOLS[use['transport']]} is off for {found['mailbox']}.")
    elif use["transport"] == "smtp" and with_password and not found["password"]:
        yield Refusal(f"An authentication policy of Exchange refuses the password of {found['mailbox']}.")


def _by_entra(policies: Mapping[str, Any]) -> Iterator[Refusal]:
    if policies.get("security_defaults"):
        yield Refusal("The tenant's security defaults refuse passwords.")
    for policy in policies.get("policies", []):
        if policy["state"] == ENABLED:
            does = "refuses passwords" if policy["everybody"] else "refuses passwords to some, maybe to this one"
            yield Refusal(f'The Conditional Access policy "{policy["name"]}" {does}.', policy["everybody"])
