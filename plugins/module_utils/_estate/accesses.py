# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Exchange grants to one application, as a transaction of its own.

The estate runs this for many with one connection; a module of its own runs each part for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    application_scope,
    client_access,
    mailbox_permission,
    service_principal,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._graph import GraphClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, done

Parts = dict[str, dict[str, Any]]
_NOBODY: tuple[str | None, list[dict[str, Any]]] = (None, [])


async def present(
    graph: GraphClient, session: ExchangeSession, wanted: Mapping[str, Any], app_id: str | None, *, check_mode: bool
) -> Verdict:
    """Give an application the mailboxes that the plan says; see ``exchange`` in ``_plan/grants.py``.

    :param app_id: its client id; None if it is not registered yet.
    :returns: with ``granted``, what it has then, in words, and ``diff``.
    """
    rights = wanted["exchange"]
    granted = in_words(rights)
    parts: Parts = {}
    if _has_rights(rights):
        if app_id is None:
            return done(
                f"{wanted['display_name']}: Exchange would know it, and grant {', '.join(granted)}.", changed=True,
                granted=granted, warnings=[], diff=[],
            )
        await _grant(graph, session, wanted, app_id, parts, check_mode)
        # What the other model of access would grant.
        await _take_away(session, rights["unwanted"], app_id, parts, check_mode)
    await _switch_on(session, rights, parts, check_mode)
    return _summed(wanted, parts, check_mode, granted=granted)


async def absent(
    session: ExchangeSession, wanted: Mapping[str, Any], app_id: str | None, *, check_mode: bool
) -> Verdict:
    """Take the mailboxes away from an application, and make Exchange forget it.

    SMTP AUTH, IMAP and POP stay as they are: other applications, and people, may use the mailbox by them.

    :param app_id: None if nobody knows the application.
    """
    if app_id is None:
        return done("There is nothing of it.", diff=[])
    rights = wanted["exchange"]
    parts: Parts = {
        "roles": await application_scope.settle(
            session, _scope(app_id, roles=None, mailboxes=None, state="absent", purge=True), _NOBODY, check_mode
        )
    }
    opened = dict.fromkeys(
        mailbox for part in (rights, rights["unwanted"])
        for right in ("full_access", "send_as") for mailbox in part[right]
    )
    # One by one, so that a mailbox which is gone by now, and its rights with it, does not keep the others.
    for mailbox in opened:
        try:
            parts[f"rights on {mailbox}"] = await mailbox_permission.settle(
                session, _permission(app_id, [mailbox], ["full_access", "send_as"], "absent"), check_mode
            )
        except ModernAuthError as error:
            if error.code != "no_mailbox":
                raise
    parts["service principal"] = await service_principal.absent(session, {"app_id": app_id}, check_mode)
    return _summed(wanted, parts, check_mode)


def in_words(rights: Mapping[str, Any]) -> list[str]:
    """What an application has once its rights are granted, for people."""
    names = {"full_access": "FullAccess", "send_as": "SendAs", "smtp_auth": "SMTP AUTH", "imap": "IMAP", "pop3": "POP"}
    return [name for right, name in names.items() if rights[right]] + list((rights["scope"] or {}).get("roles", []))


def _has_rights(rights: Mapping[str, Any]) -> bool:
    """Whether the application has rights of its own, or had, so that Exchange has to know it."""
    return any(rights[name] for name in ("full_access", "send_as", "scope")) or any(rights["unwanted"].values())


async def _grant(
    graph: GraphClient, session: ExchangeSession, wanted: Mapping[str, Any], app_id: str, parts: Parts,
    check_mode: bool,
) -> None:
    rights = wanted["exchange"]
    params = {"app_id": app_id, "object_id": None, "display_name": wanted["display_name"]}
    target = await service_principal.target(graph, params, check_mode)
    parts["service principal"] = await service_principal.present(session, params, target, check_mode)
    for right in ("full_access", "send_as"):
        if rights[right]:
            parts[right] = await mailbox_permission.settle(
                session, _permission(app_id, rights[right], [right], "present"), check_mode
            )
    if rights["scope"] is not None:
        scope = _scope(app_id, **rights["scope"], state="present", purge=True)
        parts["roles"] = await application_scope.settle(
            session, scope, await application_scope.grants(graph, scope), check_mode
        )


async def _switch_on(
    session: ExchangeSession, rights: Mapping[str, Any], parts: Parts, check_mode: bool
) -> None:
    for right, setting in (("smtp_auth", {"smtp_auth": "enabled"}), ("imap", {"imap": True}), ("pop3", {"pop": True})):
        if rights[right]:
            params = {name: option.get("default") for name, option in client_access.OPTIONS.items()}
            parts[right] = await client_access.settle(
                session, {**params, "mailboxes": rights[right], **setting}, check_mode
            )


async def _take_away(
    session: ExchangeSession, unwanted: Mapping[str, Any], app_id: str, parts: Parts, check_mode: bool
) -> None:
    for right in ("full_access", "send_as"):
        if unwanted[right]:
            parts[f"unwanted {right}"] = await mailbox_permission.settle(
                session, _permission(app_id, unwanted[right], [right], "absent"), check_mode
            )
    if unwanted["scope"]:
        parts["unwanted roles"] = await application_scope.settle(
            session, _scope(app_id, roles=None, mailboxes=unwanted["scope"], state="absent", purge=False), _NOBODY,
            check_mode,
        )


def _permission(app_id: str, mailboxes: list[str], rights: list[str], state: str) -> dict[str, Any]:
    """The options of the module exchange_mailbox_permission."""
    return {
        "app_id": app_id, "object_id": None, "user": None, "mailboxes": mailboxes, "rights": rights, "state": state,
    }


def _scope(
    app_id: str, *, roles: list[str] | None, mailboxes: list[str] | None, state: str, purge: bool
) -> dict[str, Any]:
    """The options of the module exchange_application_scope."""
    return {
        "app_id": app_id, "roles": roles, "mailboxes": mailboxes, "group": None, "scope_name": None, "purge": purge,
        "state": state,
    }


def _summed(wanted: Mapping[str, Any], parts: Parts, check_mode: bool, **data: Any) -> Verdict:
    changed = [name for name, part in parts.items() if part["changed"]]
    would = "would be " if check_mode else ""
    return done(
        f"{wanted['display_name']}: {', '.join(changed)} {would}changed." if changed
        else f"{wanted['display_name']}: as it should be.",
        changed=bool(changed), warnings=[text for part in parts.values() for text in part.get("warnings", [])],
        diff=[
            {"before_header": f"{wanted['unique_name']}: {name}", "after_header": f"{wanted['unique_name']}: {name}",
             **parts[name]["diff"]}
            for name in changed
        ],
        **data,
    )
