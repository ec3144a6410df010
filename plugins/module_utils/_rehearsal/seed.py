# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the tenant of a rehearsal has: the mailboxes, users and applications that a plan names. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import GOOGLE_SERVICE_ACCOUNT
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA, GOOGLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import references

#: The seeded applications as which the playbooks sign in, and the mailbox of the proof is read.
OPERATOR, READER = "Mail operations", "Mail reader"
#: The lists of a seed whose objects have addresses, and where these stand.
_ADDRESSED = {
    "users": ("userPrincipalName", "mail", "aliases"), "google-users": ("address", "aliases"),
    "groups": ("PrimarySmtpAddress",),
}


def seed_of(plan: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The seed, as ``m365-sandbox seed --file`` takes it.

    :param plan: as _plan/estate.py draws it.
    :param more: a seed of the operator's; what it says of an address or an application counts.
    """
    claimed = {one.casefold() for one in addresses_of(more)}
    google = _known(_at_google(plan))
    people = [one for one in _known(_in_microsoft(plan)) if one.casefold() not in {*map(str.casefold, google)}]
    named = {one.get("displayName") for one in more.get("applications", [])}
    made: dict[str, list[Any]] = {
        "users": [{"userPrincipalName": one} for one in people if one.casefold() not in claimed],
        "google-users": [{"address": one} for one in google if one.casefold() not in claimed],
        "applications": [
            {"displayName": one["display_name"], "owners": [OPERATOR]} for one in plan["applications"]
            if one.get("adopt") and one["display_name"] not in named
        ],
        "mailbox-permissions": [
            {"Identity": one, "User": READER, "AccessRights": ["FullAccess"]} for one in _known(_read_by_others(plan))
        ],
    }
    # Whoever is refused there shall be refused for a right that is lacking, and not for this switch.
    open_to_smtp = {one: {"SmtpClientAuthenticationDisabled": False} for one in _known(_foreign(plan))}
    return {
        **more, **{name: [*more.get(name, []), *made[name]] for name in made if made[name] or name in more},
        "mailboxes": {**{one: what for one, what in open_to_smtp.items() if one.casefold() not in claimed},
                      **more.get("mailboxes", {})},
    }


def domains_of(seed: Mapping[str, Any]) -> list[str]:
    """The mail domains of a seed's users and groups."""
    ours = {name: seed[name] for name in ("users", "groups") if name in seed}
    return sorted({one.rpartition("@")[2].casefold() for one in addresses_of(ours)})


def addresses_of(seed: Mapping[str, Any]) -> Iterator[str]:
    """The addresses that objects of a seed have."""
    for name, fields in _ADDRESSED.items():
        for one in seed.get(name, []):
            for field in fields:
                value = one.get(field, []) if isinstance(one, Mapping) else []
                yield from [value] if isinstance(value, str) else value


def _in_microsoft(plan: Mapping[str, Any]) -> Iterator[str]:
    for about in _usable(plan):
        yield from about["mailboxes"]
        yield from filter(None, [about["foreign"]])
    for one in plan["applications"]:
        if one["identity"] != ENTRA:
            continue
        yield from (owner for owner in one.get("owners", []) if "@" in owner)
        yield from one["users"]
        for rights in (one["exchange"] or {}).values():
            yield from _texts(rights)
    for check in plan["deliveries"]:
        yield from filter(None, [check.get("to"), check.get("from")])
        yield from (check[name]["account"] for name in ("sign_in", "delegate") if name in check)
        yield from (side["mailbox"] for side in _sides(check) if "@" in side.get("mailbox", ""))


def _at_google(plan: Mapping[str, Any]) -> Iterator[str]:
    for one in plan["applications"]:
        yield from one["users"] if one["identity"] == GOOGLE else ()
    for check in plan["deliveries"]:
        for side in _sides(check):
            if side.get("authentication") == GOOGLE_SERVICE_ACCOUNT:
                yield side["mailbox"]


def _read_by_others(plan: Mapping[str, Any]) -> Iterator[str]:
    """The mailboxes that not the product's own application reads."""
    for check in plan["deliveries"]:
        side = check.get("receive", {})
        theirs = side.get("authentication") == GOOGLE_SERVICE_ACCOUNT or any(
            one.kind in ("fact", "token") for one in references(side)
        )
        if not theirs and side.get("transport") in ("graph", "imap", "pop3"):
            yield side["mailbox"]


def _foreign(plan: Mapping[str, Any]) -> Iterator[str]:
    return (about["foreign"] for about in _usable(plan) if about["foreign"])


def _usable(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (about for about in plan["hosts"].values() if not about["failed"])


def _sides(check: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (check[name] for name in ("send", "receive") if name in check)


def _texts(value: Any) -> Iterator[str]:
    """The addresses somewhere in a value."""
    if isinstance(value, str):
        yield from [value] if "@" in value else []
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def _known(addresses: Iterable[str]) -> list[str]:
    """Each once, however it is spelt, in their order."""
    found: dict[str, str] = {}
    for one in addresses:
        found.setdefault(one.casefold(), one)
    return list(found.values())
