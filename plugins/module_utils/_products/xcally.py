# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""XCALLY Motion: an e-mail account sends by SMTP and receives by IMAP, for a person who signs in once.

A host is one e-mail account of a Motion server. Motion keeps it in two objects behind its REST API: a cloud provider,
which is an application of Entra ID's that nothing else may use, and the account itself. A shared mailbox is opened by
a person who has access to it. Which hosts of Microsoft's Motion uses is built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    address,
    flag,
    mapping,
    number,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _xcally_present
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import (
    OWN_CREDENTIALS,
    Access,
    Application,
    Part,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    CALLBACK,
    CLOUD_PROVIDER,
    EMAIL_ACCOUNT,
    MESSAGE,
    Kind,
    Motion,
    Names,
    asked,
    key,
    looking,
    names_of,
    redirect_uri,
    sending,
    shows,
    target,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._xcally_objects import (
    address as motion_address,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

ENVIRONMENT_FILE = "/var/opt/motion2/.env"
DEBUG_LEVEL = "XC_DEBUG_LEVEL"
#: Motion's processes belong to this user, whose pm2 keeps them running.
RESTART = ("su", "-", "motion", "-c", "pm2 restart motion2")
LOGS = ("/var/log/xcally/email-error.DATE.log", "email-combined.DATE.log")
_AUTHENTICATION: Table = {
    "username": Key(text, beside_secret=True),
    "password": Key(secret, secret=True),
    "token": Key(secret, secret=True),
    "header": Key(text),
    "value": Key(secret, secret=True),
}


def _names(kind: Kind) -> dict[str, Key]:
    return {"path": Key(text), "fields": Key(names_of(kind)), "settings": Key(mapping)}


PRESENT = _xcally_present
# The keys of mail_xcally.
EXTRAS: Table = {
    "url": Key(motion_address, required=True),
    "authentication": Key(keys=_AUTHENTICATION, required=True),
    "ca_path": Key(text),
    "redirect_uri": Key(redirect_uri),
    "name": Key(text),
    "key": Key(key, required=True),
    "list": Key(number(1, 999_999_999), required=True),
    "description": Key(text),
    "shared_mailbox": Key(flag),
    "delegate": Key(address),
    "cloud_provider": Key(keys={"name": Key(text), **_names(CLOUD_PROVIDER)}),
    "email_account": Key(keys=_names(EMAIL_ACCOUNT)),
    "message": Key(keys=_names(MESSAGE)),
    "debug": Key(flag),
    "environment_file": Key(text),
}
#: What an account of Motion's cannot be told.
_UNUSED = {
    "mail_send": (
        "app", "object_id", "display_name", "password", "messages_per_session", "use_default_from", "override",
        "allow_override_in_production",
    ),
    "mail_receive": ("app", "object_id", "password", "username"),
}
_BUILT_IN = ("host", "port")
_ONLY = {
    "mail_send": {
        "transport": "smtp", "authentication": "oauth2", "grant": "authorization_code", "tls": "starttls",
    },
    "mail_receive": {
        "transport": "imap", "authentication": "oauth2", "grant": "authorization_code", "tls": "implicit",
    },
}
# Motion uses the mailbox with tokens of Exchange, so its consent counts. Graph has permissions that are called alike.
_PERMISSIONS = (
    {
        "resource": "Office 365 Exchange Online", "application": [],
        "delegated": ["IMAP.AccessAsUser.All", "SMTP.Send"],
    },
    {"resource": "Microsoft Graph", "application": [], "delegated": ["email", "offline_access", "openid", "profile"]},
)
#: How one signs in to Motion's API: the options that go together.
_SIGN_INS = (("username", "password"), ("token",), ("header", "value"))


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
    """What the settings mean for Motion, or None if they cannot be expressed.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what Motion cannot do is appended.
    """
    send, extras = wanted["mail_send"], wanted.get("mail_xcally", {})
    known = len(problems)
    _side_rules("mail_send", send, problems)
    mailbox = send.get("from", "")
    if not mailbox:
        problems.append("mail_send.from: is required; it is the mailbox of the e-mail account")
    _receive_rules(wanted.get("mail_receive"), mailbox, problems)
    _authentication_rules(extras.get("authentication"), problems)
    _mailbox_rules(send, extras, problems)
    if "environment_file" in extras and "debug" not in extras:
        problems.append("mail_xcally.environment_file: is of no use without mail_xcally.debug; set that, or remove it")
    if len(problems) > known or not {name for name, one in EXTRAS.items() if one.required} <= set(extras):
        return None
    motion = Motion(extras["url"], _authentication(extras), extras.get("ca_path"))
    name = extras.get("name", wanted.get("mail_app", {}).get("name", mailbox))
    called = extras.get("cloud_provider", {}).get("name", name)
    person = asked(motion, called, extras.get("delegate", send.get("username", mailbox)))
    provider = _cloud_provider(motion, called, person, extras)
    account = _email_account(motion, name, provider, send, extras)
    message = _named(extras.get("message", {}))
    return Part(
        targets=[provider.plan(), account.plan(), *_debug(extras)],
        send=sending(motion, account, message, mailbox),
        receives=[looking(motion, message, mailbox)],
        sender=mailbox,
        applications=(_application(mailbox, extras),),
        restart_command=RESTART if "debug" in extras else (),
        needs=provider.name,
        sign_in={"where": provider.name, **person},
        delegate={"account": extras["delegate"], "mailbox": mailbox} if "delegate" in extras else None,
        remedy=f"Motion's logs are {' and '.join(LOGS)} on its server.",
    )


def _side_rules(variable: str, side: Mapping[str, Any], problems: list[str]) -> None:
    for name, possible in _ONLY[variable].items():
        if side.get(name, possible) != possible:
            problems.append(f"{variable}.{name}: '{side[name]}' is not possible with xcally; use {possible}")
    problems += [f"{variable}.{name}: is not used with xcally; remove it" for name in _UNUSED[variable] if name in side]
    problems += [
        f"{variable}.{name}: is not used with xcally, whose service Outlook365 has Microsoft's servers built in; "
        "remove it"
        for name in _BUILT_IN if name in side
    ]


def _receive_rules(receive: Mapping[str, Any] | None, mailbox: str, problems: list[str]) -> None:
    if receive is None:
        problems.append("mail_receive: is required; an e-mail account of xcally's receives what its mailbox gets")
        return
    _side_rules("mail_receive", receive, problems)
    if receive.get("mailbox", mailbox).lower() != mailbox.lower():
        problems.append(
            f"mail_receive.mailbox: {receive['mailbox']} is another one than mail_send.from, and an e-mail account of "
            "xcally's has one mailbox; give both the same, or make a host for each of two accounts"
        )


def _authentication_rules(given: Mapping[str, Any] | None, problems: list[str]) -> None:
    path = "mail_xcally.authentication"
    if given is None or any(problem.startswith(f"{path}.") for problem in problems):
        return
    if not any(set(given) == set(names) for names in _SIGN_INS):
        said = f"has {', '.join(given)}{' alone' if len(given) == 1 else ''}" if given else "is empty"
        ways = ", or ".join(" and ".join(names) for names in _SIGN_INS)
        problems.append(f"{path}: {said}; give {ways}")


def _mailbox_rules(send: Mapping[str, Any], extras: Mapping[str, Any], problems: list[str]) -> None:
    """Who opens the mailbox."""
    mailbox, delegate = send.get("from", ""), extras.get("delegate")
    if not extras.get("shared_mailbox"):
        if delegate is not None:
            problems.append(
                "mail_xcally.delegate: is who opens a shared mailbox; set mail_xcally.shared_mailbox: true, or remove "
                "this"
            )
        return
    if delegate is None:
        problems.append(
            "mail_xcally.delegate: is required with a shared mailbox, which nobody signs in to; it is the address of a "
            "person who has access to it, and signs in"
        )
    elif delegate.lower() == mailbox.lower():
        problems.append(f"mail_xcally.delegate: {delegate} is the shared mailbox itself; name a person who has access")
    if send.get("username", mailbox).lower() != mailbox.lower():
        problems.append("mail_send.username: is the shared mailbox itself with xcally; remove it")


def _cloud_provider(
    motion: Motion, name: str, person: Mapping[str, str], extras: Mapping[str, Any]
) -> ApiObject:
    names = _named(extras.get("cloud_provider", {}))
    return target(
        CLOUD_PROVIDER, motion, names, {
            "name": name,
            "application_id": OWN_CREDENTIALS["client_id"],
            "tenant_id": OWN_CREDENTIALS["tenant_id"],
            "client_secret": OWN_CREDENTIALS["client_secret"],
            "redirect_uri": _redirect_uri(extras),
        },
        name=f"{name} at {motion.url}",
        sign_in={**person, **shows(names)},
    )


def _email_account(
    motion: Motion, name: str, provider: ApiObject, send: Mapping[str, Any], extras: Mapping[str, Any]
) -> ApiObject:
    description = {"description": extras["description"]} if "description" in extras else {}
    return target(
        EMAIL_ACCOUNT, motion, _named(extras.get("email_account", {})), {
            "name": name,
            "key": extras["key"],
            "email": send["from"],
            "list": extras["list"],
            "active": True,
            "username": send.get("username", send["from"]),
            "cloud_provider": {"object": provider.name, "field": "id"},
            "delegate": extras.get("delegate"),
            **description,
        },
        name=f"e-mail account {extras['key']} at {motion.url}",
    )


def _named(given: Mapping[str, Any]) -> Names:
    return Names(given.get("path"), given.get("fields", {}), given.get("settings", {}))


def _authentication(extras: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"secret": f"mail_xcally.authentication.{name}"} if _AUTHENTICATION[name].secret else value
        for name, value in extras["authentication"].items()
    }


def _redirect_uri(extras: Mapping[str, Any]) -> str:
    return str(extras.get("redirect_uri", f"{extras['url']}{CALLBACK}"))


def _application(mailbox: str, extras: Mapping[str, Any]) -> Application:
    return Application(
        _PERMISSIONS,
        (Access("smtp", mailbox, by="person"), Access("imap", mailbox, by="person")),
        registration={"redirect_uris": {"web": [_redirect_uri(extras)]}},
        dedicated=f"the e-mail account {extras['key']} at {extras['url']}",
    )


def _debug(extras: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The file from which Motion takes how much it tells in its logs."""
    if "debug" not in extras:
        return []
    level = "DEBUG" if extras["debug"] else "INFO"
    return [File(extras.get("environment_file", ENVIRONMENT_FILE), "environment", {DEBUG_LEVEL: level}).plan()]
