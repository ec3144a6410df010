# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an application needs in Entra and Exchange, to use its mailboxes and no others. Pure.

One that signs in by itself needs rights of its own. For one to which a person signs in, that person has them, and only
the mailbox's protocols have to be on.

Sources: https://learn.microsoft.com/exchange/permissions-exo/application-rbac for the roles, and that what Entra grants
and what Exchange grants add up;
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
for what SMTP, IMAP and POP need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Access

GRAPH = "Microsoft Graph"
EXCHANGE = "Office 365 Exchange Online"
SMTP_PERMISSION = "SMTP.SendAsApp"
# Permissions of Microsoft Graph that Exchange can grant for some mailboxes, as the role "Application NAME". There is
# none for IMAP and POP.
_GRAPH_PERMISSIONS = frozenset((
    "Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "MailboxSettings.ReadWrite",
    "Calendars.Read", "Calendars.ReadWrite", "Contacts.Read", "Contacts.ReadWrite",
))
#: The ways to somebody's mail, by "VERB TRANSPORT", and the permissions of which each takes one.
WAYS: Mapping[str, frozenset[str]] = {
    "send smtp": frozenset({SMTP_PERMISSION}),
    "send graph": frozenset({"Mail.Send"}),
    "receive graph": frozenset({"Mail.Read", "Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.ReadWrite"}),
    "receive imap": frozenset({"IMAP.AccessAsApp"}),
    "receive pop3": frozenset({"POP.AccessAsApp"}),
}


#: What Exchange grants an application of which nothing else is known.
NOTHING: Mapping[str, Any] = {
    **{right: [] for right in ("full_access", "send_as", "smtp_auth", "imap", "pop3")}, "scope": None,
    "unwanted": {"full_access": [], "send_as": [], "scope": []},
}


@dataclass(frozen=True)
class Rights:
    """What has to be granted.

    :param permissions: in Entra, ``[{"resource": str, "application": [str], "delegated": [str]}]``.
    :param exchange: None if nothing is to be done in Exchange; otherwise the addresses of the mailboxes on which
        it has ``full_access`` and ``send_as``, those on which ``smtp_auth``, ``imap`` and ``pop3`` are on, and
        ``scope``: None, or the ``roles`` that it has for the ``mailboxes``. ``unwanted`` is what the other model would
        grant and must not stand any more: mailboxes on which it has no ``full_access`` and no ``send_as``, and those of
        a ``scope`` in which it has no roles.
    :param exclusive: whether Entra must not grant anything else, since that would defeat the scope.
    """

    permissions: list[dict[str, Any]]
    exchange: dict[str, Any] | None
    exclusive: bool


def unfitting(accesses: Sequence[Access], wanted: Mapping[str, str], problems: list[str]) -> None:
    """What the variable mail_access says of ways that no application of a host goes.

    :param accesses: what all of them open.
    :param wanted: what was read of the variable.
    :param problems: what does not fit is appended.
    """
    used = {access.transport for access in accesses if access.by == "application"}
    if "model" in wanted and "smtp" not in used:
        problems.append("mail_access.model: is about SMTP with OAuth; for Microsoft Graph use mail_access.scope")
    if "scope" in wanted and "graph" not in used:
        problems.append(
            "mail_access.scope: is about Microsoft Graph; by SMTP an application reaches none but its mailboxes "
            "anyway, and for a person what that person does"
        )


def rights(
    permissions: Sequence[Mapping[str, Any]], accesses: Sequence[Access], wanted: Mapping[str, str]
) -> Rights:
    """How the permissions of an application are granted for its mailboxes.

    :param permissions: what the application needs, one entry a resource.
    :param wanted: what was read of the variable mail_access.
    """
    moved: dict[str, frozenset[str]] = {
        EXCHANGE: frozenset({SMTP_PERMISSION}) if wanted.get("model") == "rbac" else frozenset(),
        GRAPH: _GRAPH_PERMISSIONS if wanted.get("scope") == "mailboxes" else frozenset(),
    }
    kept, roles = [], []
    for entry in permissions:
        away = moved.get(entry["resource"], frozenset())
        roles += [f"Application {name}" for name in entry["application"] if name in away]
        kept.append({**entry, "application": [name for name in entry["application"] if name not in away]})
    kept = [entry for entry in kept if entry["application"] or entry["delegated"]]
    return Rights(kept, _exchange(accesses, roles, by_role=wanted.get("model") == "rbac"), exclusive=bool(roles))


def _exchange(accesses: Sequence[Access], roles: list[str], *, by_role: bool) -> dict[str, Any] | None:
    alone = [access for access in accesses if access.by == "application"]
    used, by = _by_transport(accesses), _by_transport(alone)
    senders = _distinct(sender for access in alone for sender in access.senders)
    scoped = _distinct([*by["graph"], *by["smtp"], *senders])
    if not roles and not (used["smtp"] or used["imap"] or used["pop3"]):
        return None
    full_access = _distinct([*([] if by_role else by["smtp"]), *by["imap"], *by["pop3"]])
    return {
        "full_access": full_access,
        "send_as": [] if by_role else senders,
        "smtp_auth": used["smtp"],
        "imap": used["imap"],
        "pop3": used["pop3"],
        "scope": {"roles": roles, "mailboxes": scoped} if roles else None,
        "unwanted": {
            "full_access": [mailbox for mailbox in by["smtp"] if mailbox not in full_access],
            "send_as": senders if by_role else [],
            "scope": [] if roles else scoped,
        },
    }


def _by_transport(accesses: Sequence[Access]) -> dict[str, list[str]]:
    return {
        transport: _distinct(access.mailbox for access in accesses if access.transport == transport)
        for transport in ("graph", "smtp", "imap", "pop3")
    }


def _distinct(addresses: Any) -> list[str]:
    return list(dict.fromkeys(addresses))


def may_use(permissions: Sequence[Mapping[str, Any]], way: str) -> bool:
    """Whether an application needs a permission for a way to mail at all, wherever that is granted.

    :param permissions: what the application needs.
    :param way: a key of ``WAYS``.
    """
    return any(name in WAYS[way] for entry in permissions for name in entry["application"])


def reaches_everyone(permissions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Entra grants something of Microsoft Graph's mail for every mailbox of the organisation."""
    return any(
        entry["resource"] == GRAPH and _GRAPH_PERMISSIONS & set(entry["application"]) for entry in permissions
    )
