# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From what an operator asks for, per host, to what has to be made true. Pure: no rule here reads or writes anything.

A plan is plain data without secrets::

    product, environment    as given
    applications            [those that the host's product signs in as, see applications.py]
    targets, encryption, loads
                            what to configure for the host and how, see Part in _products/_part.py
    restart_command, backup as given, or what the product needs
    mailboxes               the addresses of the Microsoft 365 mailboxes that the applications use
    users                   those of them whose object id the configuration names
    foreign                 the address of a mailbox that they must not reach, or None
    reader                  the address of the Microsoft 365 mailbox in which the proof is looked for, or None
    reads                   {transport, mailbox} if an application of Entra's looks for it, wherever that is, or None
    checks                  [{name, send, from, receive, to, expect, ...}], options of the module mail_delivery, and
                            what a refusal proves, and what a person has to sign in for before
    unproven                [what they leave out, a few words each]

Values that are known only later stand as references, see _references.py; where a host has several applications they
name theirs as it is called in the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import key_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import hours, read, secrets
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import IMPLICIT_PORTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import SUBMISSION_HOSTS, misfit
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.applications import (
    ENTRA,
    GOOGLE,
    SECRET,
    described,
    planned,
    variables_of,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.proofs import checks_of, read_mailbox, unproven
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import TABLE
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import PRODUCTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Part
from ansible_collections.mailops.modern_auth.plugins.module_utils._references import named

PRODUCTION = frozenset({"prod", "production", "prd", "live"})


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
    _tls_rules(wanted, problems)
    _override_rules(wanted, problems)
    _secret_rules(wanted, problems)
    part = product.part(wanted, problems) if product is not None else None
    applications = planned(wanted, part, problems)
    names = {one.plan["unique_name"]: one.plan["name"] for one in applications}
    verify = wanted.get("mail_verify")
    checks = checks_of(verify, part, applications, problems) if part is not None and verify is not None else []
    plan = {
        "product": wanted.get("mail_product"),
        "environment": wanted.get("mail_environment"),
        "applications": [one.plan for one in applications],
        "mailboxes": list(dict.fromkeys(opened.mailbox for one in applications for opened in one.part.accesses)),
        "users": list(dict.fromkeys(
            address for one in applications if one.plan["identity"] == ENTRA for address in one.plan["users"]
        )),
        "targets": named(part.targets, names) if part else [],
        "encryption": dict(part.encryption) if part else {},
        "loads": list(part.loads) if part else [],
        "restart_command": wanted.get("mail_restart_command", list(part.restart_command) if part else []),
        "backup": wanted.get("mail_backup", False),
        "foreign": (verify or {}).get("refused_mailbox") if applications else None,
        "reader": _reader(verify, part) if verify and part else None,
        "reads": _reads(verify, part) if verify and part else None,
        "checks": named([{**check, **_about(part)} for check in checks], names) if part else [],
        "unproven": unproven(verify, part, applications) if part and verify is not None else [],
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
    first: dict[str, tuple[str, Mapping[str, Any]]] = {}
    found: dict[str, list[str]] = {}
    for host, plan in plans.items():
        for application in plan["applications"]:
            other, theirs = first.setdefault(application["name"], (host, application))
            for problem in _differences((other, plans[other], theirs), (host, plan, application)):
                for one in (other, host):
                    found.setdefault(one, []).append(problem)
    return found


def _differences(
    leader: tuple[str, Mapping[str, Any], Mapping[str, Any]], follower: tuple[str, Mapping[str, Any], Mapping[str, Any]]
) -> list[str]:
    """What two hosts say differently of an application: each its name, its plan, and the application in that."""
    (first, their_plan, theirs), (second, our_plan, ours) = leader, follower
    name = ours["unique_name"]
    if ours["dedicated"] != theirs["dedicated"]:
        return [
            f"{ours['variable']}.unique_name: {first} uses '{name}' for {theirs['dedicated'] or 'something else'} and "
            f"{second} for {ours['dedicated'] or 'something else'}, but it can be for one alone; give each another one"
        ]
    pairs = {"mail_environment": (their_plan["environment"], our_plan["environment"])}
    pairs |= {
        variable: (theirs.get(key), ours.get(key))
        for key, variable in variables_of({**ours, **theirs}).items()
    }
    found = [
        f"{variable}: {first} has {one!r} and {second} has {other!r}, but both share the application '{name}'; "
        f"give both the same, for example in group_vars, or another {ours['variable']}.unique_name"
        for variable, (one, other) in pairs.items() if one != other
    ]
    if ours["identity"] == GOOGLE and key_of(their_plan["google"]) != key_of(our_plan["google"]):
        found.append(
            f"mail_google: {first} and {second} give different keys or accounts, but both share '{name}'; give both "
            "the same, for example in group_vars, or another mail_google.unique_name"
        )
    if their_plan["same_store"] != our_plan["same_store"]:
        found.append(
            f"mail_store_path: {first} and {second} keep what they know of the application '{name}' in different "
            f"stores ({_place(their_plan['store'])} and {_place(our_plan['store'])}), so that each would give it a "
            "secret of its own; name one store for both"
        )
    return found


def _place(store: Mapping[str, Any]) -> str:
    """Which store it is, in words; nothing of it is a secret."""
    return " ".join(str(store[key]) for key in ("kind", "path", "vault_uri", "folder") if store.get(key))


def _tls_rules(wanted: Mapping[str, Any], problems: list[str]) -> None:
    """What holds for every product: which port goes with which way to encrypt, and what Microsoft 365 takes."""
    send = wanted["mail_send"]
    sides = {
        "mail_send": send, "mail_receive": wanted.get("mail_receive", {}),
        "mail_verify.receive": wanted.get("mail_verify", {}).get("receive", {}),
    }
    for path, side in sides.items():
        protocol, port, tls = (side.get(name) for name in ("transport", "port", "tls"))
        if protocol in IMPLICIT_PORTS and port and tls and (reason := misfit(protocol, port, tls)):
            problems.append(f"{path}.tls: {reason}")
    host = str(send.get("host", "")).lower().rstrip(".")
    microsoft = host in SUBMISSION_HOSTS.values() or host.endswith((".office365.com", ".outlook.com"))
    if microsoft and send.get("tls") not in (None, "starttls"):
        problems.append(
            f"mail_send.tls: '{send['tls']}' is not possible with {send['host']}; Microsoft 365 needs starttls"
        )


def _override_rules(wanted: Mapping[str, Any], problems: list[str]) -> None:
    send = wanted["mail_send"]
    production = str(wanted.get("mail_environment")).lower() in PRODUCTION
    if send.get("override") and production and not send.get("allow_override_in_production"):
        problems.append(
            f"mail_send.override: would send all mail of {wanted['mail_environment']} to "
            f"{', '.join(send['override'])}; remove it, or set mail_send.allow_override_in_production: true"
        )
    verify = wanted.get("mail_verify", {})
    mailbox = verify.get("receive", {}).get("mailbox")
    if send.get("override") and mailbox and mailbox == verify.get("recipient") and mailbox not in send["override"]:
        problems.append(
            f"mail_verify.receive.mailbox: {mailbox} gets no mail, since mail_send.override sends all of it to "
            f"{', '.join(send['override'])}; remove this, or name the mailbox of one of those"
        )


def _secret_rules(wanted: Mapping[str, Any], problems: list[str]) -> None:
    for variable, application in described(wanted):
        span = {**SECRET, **application.get("secret", {})}
        if hours(span["renew_within"]) >= hours(span["lifetime"]):
            problems.append(
                f"{variable}.secret.renew_within: {span['renew_within']} is not shorter than the lifetime, "
                f"{span['lifetime']}"
            )


def _reads(verify: Mapping[str, Any], part: Part) -> dict[str, str] | None:
    """How, and in which mailbox, an application has to find the proof; None if a user and a password do."""
    receive = verify.get("receive", {})
    if receive.get("authentication", "oauth2") != "oauth2":
        return None
    return {"transport": receive.get("transport", ""), "mailbox": read_mailbox(verify, part)}


def _about(part: Part) -> dict[str, Any]:
    """What a product says of all its checks."""
    said = {"needs": part.needs, "sign_in": part.sign_in, "delegate": part.delegate, "remedy": part.remedy}
    return {name: value for name, value in said.items() if value}


def _reader(verify: Mapping[str, Any], part: Part) -> str | None:
    """The mailbox of Microsoft 365 in which the proof has to arrive; None if it is, or may be, kept elsewhere."""
    reads = _reads(verify, part)
    return None if reads is None or verify.get("receive", {}).get("host") else reads["mailbox"] or None


def _first_of_each(problems: list[str]) -> list[str]:
    """The first problem of each variable. What follows from it, for the variable or what is inside, would distract."""
    first: dict[str, str] = {}
    for problem in problems:
        first.setdefault(problem.partition(":")[0], problem)
    return [problem for path, problem in first.items() if not any(path.startswith(f"{other}.") for other in first)]
