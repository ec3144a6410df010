# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From what an operator asks for, per host, to what has to be made true. Pure: no rule here reads or writes anything.

A plan is plain data without secrets::

    product, environment    as given
    application             None, or the name by which hosts share it: "TENANT/UNIQUE_NAME"
    registration            {unique_name, display_name, secret and what else was given of mail_app}; empty without one
    permissions             [{resource, application: [names], delegated: [names]}]
    exclusive               whether nothing but the permissions may be granted, see Rights in grants.py
    exchange                None, or what Exchange has to grant, see there
    targets, encryption, loads, identity
                            what to configure for the host and how, see Part in _products/_part.py
    restart_command, backup as given
    mailboxes               the addresses of the Microsoft 365 mailboxes that the application uses
    foreign                 the address of a mailbox that it must not reach, or None
    reader                  the address of the Microsoft 365 mailbox in which the proof is looked for, or None
    checks                  [{name, send, from, receive, to, expect, ...}], options of the module mail_delivery, and
                            what a refusal proves, and what a person has to sign in for before

Values that are known only later stand as references, see _references.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import hours, read, secrets
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import rights
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.proofs import checks_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import TABLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS

PRODUCTION = frozenset({"prod", "production", "prd", "live"})
# How long an application's secret lives, and when it is due for a new one, unless mail_app.secret says otherwise.
SECRET = {"lifetime": "180d", "renew_within": "30d"}


def examine(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The plan of one host, and every problem of its settings. The plan is of use only if there is none.

    :param settings: the host's ``mail_*`` variables by name; None stands for one that is not set.
    """
    problems: list[str] = []
    product = PRODUCTS.get(str(settings.get("mail_product")))
    # What belongs to a product nobody knows is not a second problem.
    stray = f"mail_{settings.get('mail_product')}"
    given = {name: value for name, value in settings.items() if name in TABLE or name != stray}
    wanted = read(TABLE, given, "", problems)
    if product is not None and any(key.required for key in product.EXTRAS.values()) and settings.get(stray) is None:
        problems.append(f"{stray}: is required")
    wanted.setdefault("mail_send", {})
    _send_rules(wanted, problems)
    _secret_rules(wanted, problems)
    part = product.part(wanted, problems) if product is not None else None
    permissions = _merged(
        (part.permissions if part else []) + (wanted.get("mail_app", {}).get("permissions", []) if part else [])
    )
    signs_in = part is not None and bool(part.permissions)
    if signs_in and "mail_app" not in wanted:
        problems.append("mail_app: is required; the product signs in as an application of its own")
    if signs_in and not wanted.get("mail_entra", {}).get("tenant_id"):
        problems.append(
            "mail_entra.tenant_id: is required; it is the tenant's id, and the environment variable AZURE_TENANT_ID "
            "stands for it as well"
        )
    access = wanted.get("mail_access", {}) if signs_in else {}
    granted = rights(permissions, part.accesses if part else (), access, problems)
    verify = wanted.get("mail_verify")
    checks = (
        checks_of(verify, part, permissions, granted.permissions, problems)
        if part is not None and verify is not None else []
    )
    plan = {
        "product": wanted.get("mail_product"),
        "environment": wanted.get("mail_environment"),
        "application": _name(wanted) if signs_in else None,
        "registration": _registration(wanted) if signs_in else {},
        "permissions": granted.permissions if signs_in else [],
        "exclusive": granted.exclusive,
        "exchange": granted.exchange if signs_in else None,
        "mailboxes": list(dict.fromkeys(access.mailbox for access in part.accesses)) if part else [],
        "targets": part.targets if part else [],
        "encryption": dict(part.encryption) if part else {},
        "loads": list(part.loads) if part else [],
        "identity": part.identity if part else "entra",
        "restart_command": wanted.get("mail_restart_command", []),
        "backup": wanted.get("mail_backup", False),
        "foreign": (verify or {}).get("refused_mailbox") if signs_in else None,
        "reader": _reader(verify or {}),
        "checks": [{**check, "needs": part.needs} for check in checks] if part and part.needs else checks,
    }
    return plan, _first_of_each(problems)


def make(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of one host.

    :raises InputError: its settings have problems; the message lists all.
    """
    plan, problems = examine(settings)
    if problems:
        raise InputError("\n".join(problems))
    return plan


def secrets_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The secrets among a host's settings, by the names under which its plan refers to them."""
    return secrets(TABLE, settings)


def conflicts(plans: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """What is wrong between hosts that share an application, by host: it concerns both of them.

    :param plans: by host, plans as ``examine`` gives them, with the host's ``entra``, ``exchange_connection`` and
        ``store`` beside, and ``same_store``.
    """
    first: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for host, plan in plans.items():
        if plan["application"] is None:
            continue
        other = first.setdefault(plan["application"], host)
        for problem in _differences(other, plans[other], host, plan):
            for one in (other, host):
                found.setdefault(one, []).append(problem)
    return found


def _differences(leader: str, theirs: Mapping[str, Any], host: str, ours: Mapping[str, Any]) -> list[str]:
    name = ours["registration"]["unique_name"]
    pairs = {"mail_environment": (theirs["environment"], ours["environment"])}
    for key in sorted({*theirs["registration"], *ours["registration"]}):
        variable = "mail_app.name" if key == "display_name" else f"mail_app.{key}"
        pairs[variable] = (theirs["registration"].get(key), ours["registration"].get(key))
    pairs |= {name: (theirs[name], ours[name]) for name in ("permissions", "exchange")}
    found = [
        f"{variable}: {leader} has {one!r} and {host} has {other!r}, but both share the application '{name}'; "
        "give both the same, for example in group_vars, or another mail_app.unique_name"
        for variable, (one, other) in pairs.items() if one != other
    ]
    if theirs["same_store"] != ours["same_store"]:
        found.append(
            f"mail_store_path: {leader} and {host} keep what they know of the application '{name}' in different "
            f"stores ({_place(theirs['store'])} and {_place(ours['store'])}), so that each would give it a secret of "
            "its own; name one store for both"
        )
    return found


def _place(store: Mapping[str, Any]) -> str:
    """Which store it is, in words; nothing of it is a secret."""
    return " ".join(str(store[key]) for key in ("kind", "path", "vault_uri", "folder") if store.get(key))


def _send_rules(wanted: Mapping[str, Any], problems: list[str]) -> None:
    """What holds for every product."""
    send = wanted["mail_send"]
    port, tls, host = send.get("port"), send.get("tls"), str(send.get("host", "")).lower().rstrip(".")
    if port == 465 and tls in ("starttls", "starttls_optional"):
        problems.append(f"mail_send.tls: '{tls}' does not work on port 465, where TLS comes first; use implicit")
    if port == 587 and tls == "implicit":
        problems.append("mail_send.tls: 'implicit' does not work on port 587; use starttls, or port 465")
    if host.endswith((".office365.com", ".outlook.com")) and tls not in (None, "starttls"):
        problems.append(f"mail_send.tls: '{tls}' is not possible with {send['host']}; Microsoft 365 needs starttls")
    production = str(wanted.get("mail_environment")).lower() in PRODUCTION
    if send.get("override") and production and not send.get("allow_override_in_production"):
        problems.append(
            f"mail_send.override: would send all mail of {wanted['mail_environment']} to "
            f"{', '.join(send['override'])}; remove it, or set mail_send.allow_override_in_production: true"
        )


def _secret_rules(wanted: Mapping[str, Any], problems: list[str]) -> None:
    span = {**SECRET, **wanted.get("mail_app", {}).get("secret", {})}
    if hours(span["renew_within"]) >= hours(span["lifetime"]):
        problems.append(
            f"mail_app.secret.renew_within: {span['renew_within']} is not shorter than the lifetime, {span['lifetime']}"
        )


def _name(wanted: Mapping[str, Any]) -> str:
    """Hosts that name the same tenant and the same application share it."""
    tenant = wanted.get("mail_entra", {}).get("tenant_id", "")
    return f"{tenant}/{wanted.get('mail_app', {}).get('unique_name')}"


def _registration(wanted: Mapping[str, Any]) -> dict[str, Any]:
    given = wanted.get("mail_app", {})
    kept = {name: value for name, value in given.items() if name not in ("permissions", "name")}
    return {**kept, "display_name": given.get("name"), "secret": {**SECRET, **given.get("secret", {})}}


def _reader(verify: Mapping[str, Any]) -> str | None:
    """The mailbox of Microsoft 365 in which the proof has to arrive; None if it is, or may be, kept elsewhere."""
    receive = verify.get("receive", {})
    if receive.get("authentication", "oauth2") != "oauth2" or receive.get("host"):
        return None
    mailbox: str | None = receive.get("mailbox", verify.get("recipient"))
    return mailbox


def _merged(permissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a resource, without repetitions."""
    merged: dict[str, dict[str, Any]] = {}
    for permission in permissions:
        resource = permission.get("resource", "")
        entry = merged.setdefault(resource, {"resource": resource, "application": [], "delegated": []})
        for kind in ("application", "delegated"):
            entry[kind] += [name for name in permission.get(kind, []) if name not in entry[kind]]
    return list(merged.values())


def _first_of_each(problems: list[str]) -> list[str]:
    """The first problem of each variable. What follows from it, for the variable or what is inside, would distract."""
    first: dict[str, str] = {}
    for problem in problems:
        path = problem.partition(":")[0]
        if not any(path == known or path.startswith(f"{known}.") for known in first):
            first[path] = problem
    return list(first.values())
