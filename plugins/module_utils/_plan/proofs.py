# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How to prove that a product's mail travels, and that its applications reach no foreign mailbox. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import ENTRA, GOOGLE, Planned
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import may_use, reaches_everyone
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import RECEIVED
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Part, credentials

#: Seconds for which Exchange is given time after its rights were changed, unless mail_verify says otherwise.
PATIENCE = 1800
#: What of ``mail_verify`` each check is told.
_TOLD = ("timeout", "cleanup")


def checks_of(
    verify: Mapping[str, Any], part: Part, applications: Sequence[Planned], problems: list[str]
) -> list[dict[str, Any]]:
    """The checks, as options of the module mail_delivery, each with a name.

    A mail to somebody else's mailbox proves that the product can send; one to each of the mailboxes that it receives
    from, read as the product does, that it can receive; where nobody but the product is to read it, one that is put
    there has to be taken. Those of a refusal also say what it ``proves``: "mailbox", that
    a right which the application has elsewhere ends before this mailbox; or "permission", that it has no permission for
    this way, which holds for every mailbox.

    :param verify: what was read of the variable mail_verify.
    :param problems: what does not fit is appended.
    """
    receive = _reading(verify, part, applications, problems)
    sent = f"{part.sender} to"
    recipient = verify.get("recipient", "")
    mails = [_delivered(f"{sent} {recipient}", recipient, part, verify, receive)] + [
        _delivered(f"{sent} {own['mailbox']}, read as the product reads it", own["mailbox"], part, verify, own)
        for own in part.receives
    ] if part.send is not None else []
    mails += [_taken(one, verify) for one in part.takes]
    foreign = verify.get("refused_mailbox")
    if foreign is None or not applications:
        return mails
    own_mailboxes = {opened.mailbox.lower() for one in applications for opened in one.part.accesses}
    if foreign.lower() in own_mailboxes | {part.sender.lower()}:
        problems.append(f"mail_verify.refused_mailbox: {foreign} is one that the application may use; name another")
    if any(reaches_everyone(one.plan["permissions"]) for one in applications):
        problems.append(
            f"mail_verify.refused_mailbox: the application reaches {foreign} as every other mailbox, since Entra "
            "grants that for the whole organisation; set mail_access.scope: mailboxes, or remove this"
        )
    return mails + [check for one in applications for check in _refused(foreign, verify, part, one)]


def unproven(verify: Mapping[str, Any], part: Part, applications: Sequence[Planned]) -> list[str]:
    """What the checks leave out, a few words each."""
    whole = [f"a refusal of {verify['refused_mailbox']} (Google's delegation is for a whole domain)"] if (
        "refused_mailbox" in verify and any(one.plan["identity"] == GOOGLE for one in applications)
    ) else []
    return [*part.unproven, *whole]


def read_mailbox(verify: Mapping[str, Any], part: Part) -> str:
    """The mailbox in which the proof has to arrive."""
    return str(verify.get("receive", {}).get("mailbox", next(iter(part.override), verify.get("recipient", ""))))


def _reading(
    verify: Mapping[str, Any], part: Part, applications: Sequence[Planned], problems: list[str]
) -> dict[str, Any]:
    """How that mailbox is read."""
    receive = {"authentication": "oauth2", **verify.get("receive", {}), "mailbox": read_mailbox(verify, part)}
    path = "mail_verify.receive"
    if receive.get("transport") == "graph":
        problems += [
            f"{path}.{name}: is not used with transport graph; remove it"
            for name in ("host", "port", "tls", "username", "password") if name in receive
        ]
        if receive["authentication"] != "oauth2":
            problems.append(f"{path}.authentication: 'basic' is not possible with graph; use oauth2")
    if receive["authentication"] == "basic" and receive.get("transport") != "graph":
        problems += [
            f"{path}.{name}: is required with authentication basic"
            for name in ("username", "password") if name not in receive
        ]
    elif "access_token" not in receive and "auth_source" not in receive:
        own = next((one.part for one in applications if one.part.permissions), None)
        if own is not None:
            receive.setdefault("tenant_id", credentials(own.unique_name)["tenant_id"])
        problems += [
            f"{path}.{name}: is required; it names the application that reads the mailbox"
            for name in ("tenant_id", "client_id") if name not in receive
        ]
        if not {"client_secret", "certificate_path"} & set(receive):
            problems.append(f"{path}.client_secret: is required, or certificate_path, access_token or auth_source")
    references = {name: {"secret": f"{path}.{name}"} for name in receive if name in RECEIVED and RECEIVED[name].secret}
    return {**receive, **references}


def _delivered(
    name: str, to: str, part: Part, verify: Mapping[str, Any], receive: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "name": name, "send": part.send, "from": part.sender, "receive": receive, "to": to,
        **({"override": list(part.override)} if part.override else {}),
        "patience": verify.get("access_timeout", PATIENCE),
        **{name: verify[name] for name in _TOLD if name in verify},
    }


def _taken(wanted: Mapping[str, Any], verify: Mapping[str, Any]) -> dict[str, Any]:
    """A mail in the product's own mailbox, that nobody but the product is to read."""
    told = {name: verify[name] for name in _TOLD if name in verify}
    # It looks when it does, so that a shorter time would prove nothing.
    times = [one["timeout"] for one in (wanted, verify) if "timeout" in one]
    return {
        "name": f"{wanted['receive']['mailbox']} is read by the product", "expect": "taken",
        "patience": verify.get("access_timeout", PATIENCE), **told, **wanted,
        **({"timeout": max(times)} if times else {}),
    }


def _refused(
    foreign: str, verify: Mapping[str, Any], part: Part, application: Planned
) -> list[dict[str, Any]]:
    """The application sends as it does and through Microsoft Graph, and reads as it and the proof of delivery do.

    One that only a person can sign in to is not tried.
    """
    if application.plan["identity"] != ENTRA or application.plan["credential"] == "none":
        return []
    unique_name = application.part.unique_name
    own, whose, to = credentials(unique_name), f" to {unique_name}" if unique_name else "", verify.get("recipient", "")
    sends = {"graph": {"transport": "graph", **own}}
    if part.send is not None and part.send.get("client_id") == own["client_id"]:
        sends = {part.send["transport"]: part.send} | sends
    checks: list[dict[str, Any]] = [
        {
            "name": f"{foreign} is refused{whose} by {transport}", "send": {**send, "mailbox": foreign},
            "from": foreign, "to": to,
        } for transport, send in sends.items()
    ]
    checks += [
        {"name": f"{foreign} is not shown{whose} by {transport}", "receive": {**receive, **own, "mailbox": foreign}}
        for transport, receive in _ways_to_read(verify.get("receive", {}), part, own).items()
    ]
    patience = verify.get("access_timeout", PATIENCE)
    return [
        {**check, "expect": "refused", "patience": patience, "proves": _proves(check, application.needs)}
        for check in checks
    ]


def _ways_to_read(
    verify: Mapping[str, Any], part: Part, own: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """How the application reads, and how the proof of delivery does, by transport."""
    ways = {one["transport"]: dict(one) for one in part.receives if one.get("client_id") == own["client_id"]}
    if verify.get("transport") and verify.get("authentication", "oauth2") == "oauth2":
        server = {name: verify[name] for name in ("transport", "host", "port", "tls") if name in verify}
        ways.setdefault(verify["transport"], {**server, "authentication": "oauth2"})
    return ways


def _proves(check: Mapping[str, Any], permissions: Sequence[Mapping[str, Any]]) -> str:
    verb = "send" if "send" in check else "receive"
    return "mailbox" if may_use(permissions, f"{verb} {check[verb]['transport']}") else "permission"
