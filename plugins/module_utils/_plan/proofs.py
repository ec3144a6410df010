# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How to prove that a product's mail travels, and that its application reaches no foreign mailbox. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import may_use, reaches_everyone
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import RECEIVED
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import OWN_CREDENTIALS, Part

#: Seconds for which Exchange is given time after its rights were changed, unless mail_verify says otherwise.
PATIENCE = 1800


def checks_of(
    verify: Mapping[str, Any], part: Part, permissions: Sequence[Mapping[str, Any]],
    granted: Sequence[Mapping[str, Any]], problems: list[str],
) -> list[dict[str, Any]]:
    """The checks, as options of the module mail_delivery, each with a name.

    Those of a refusal also say what it ``proves``: "mailbox", that a right which the application has elsewhere ends
    before this mailbox; or "permission", that it has no permission for this way, which holds for every mailbox.

    :param verify: what was read of the variable mail_verify.
    :param permissions: what the application needs, wherever that is granted.
    :param granted: what Entra grants of it.
    :param problems: what does not fit is appended.
    """
    delivered = _delivered(verify, part, problems)
    foreign = verify.get("refused_mailbox")
    if foreign is None or not part.permissions:
        return [delivered]
    if foreign.lower() in {access.mailbox.lower() for access in part.accesses} | {part.sender.lower()}:
        problems.append(f"mail_verify.refused_mailbox: {foreign} is one that the application may use; name another")
    if reaches_everyone(granted):
        problems.append(
            f"mail_verify.refused_mailbox: the application reaches {foreign} as every other mailbox, since Entra "
            "grants that for the whole organisation; set mail_access.scope: mailboxes, or remove this"
        )
    return [delivered, *_refused(foreign, verify, part, permissions)]


def _delivered(verify: Mapping[str, Any], part: Part, problems: list[str]) -> dict[str, Any]:
    recipient = verify.get("recipient", "")
    receive = {"mailbox": recipient, "authentication": "oauth2", **verify.get("receive", {})}
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
        if part.permissions:
            receive.setdefault("tenant_id", {"fact": "tenant_id"})
        problems += [
            f"{path}.{name}: is required; it names the application that reads the mailbox"
            for name in ("tenant_id", "client_id") if name not in receive
        ]
        if not {"client_secret", "certificate_path"} & set(receive):
            problems.append(f"{path}.client_secret: is required, or certificate_path, access_token or auth_source")
    references = {name: {"secret": f"{path}.{name}"} for name in receive if name in RECEIVED and RECEIVED[name].secret}
    return {
        "name": f"{part.sender} to {recipient}",
        "send": part.send,
        "from": part.sender,
        "receive": {**receive, **references},
        "to": recipient,
        "patience": verify.get("access_timeout", PATIENCE),
        **{name: verify[name] for name in ("timeout", "cleanup") if name in verify},
    }


def _refused(
    foreign: str, verify: Mapping[str, Any], part: Part, permissions: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The application sends as it does and through Microsoft Graph, and reads as the proof of delivery does."""
    sends = {part.send["transport"]: {**part.send, "mailbox": foreign}}
    sends.setdefault("graph", {"transport": "graph", "mailbox": foreign, **OWN_CREDENTIALS})
    to = verify.get("recipient", "")
    checks: list[dict[str, Any]] = [
        {"name": f"{foreign} is refused by {transport}", "send": send, "from": foreign, "to": to}
        for transport, send in sends.items()
    ]
    receive = verify.get("receive", {})
    if receive.get("transport") and receive.get("authentication", "oauth2") == "oauth2":
        server = {name: receive[name] for name in ("transport", "host", "port", "tls") if name in receive}
        checks.append({
            "name": f"{foreign} is not shown by {receive['transport']}",
            "receive": {**server, "authentication": "oauth2", "mailbox": foreign, **OWN_CREDENTIALS},
        })
    patience = verify.get("access_timeout", PATIENCE)
    return [
        {**check, "expect": "refused", "patience": patience, "proves": _proves(check, permissions)} for check in checks
    ]


def _proves(check: Mapping[str, Any], permissions: Sequence[Mapping[str, Any]]) -> str:
    verb = "send" if "send" in check else "receive"
    return "mailbox" if may_use(permissions, f"{verb} {check[verb]['transport']}") else "permission"
