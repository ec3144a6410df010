# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Mitratech CMO: it sends by SMTP or through Graph, and receives by IMAP, POP3, MAPI or through Graph.

Beside the mailbox that it receives from it knows two further ones, for new actions and for documents to import, which
inherit from that. Everything stands in the appSettings of ASP.NET's web.config, see _cmo_keys.py. How Graph is used has
two integration types: Confidential, an application that signs in by itself, and Public, for which a person signs in
once on each web server with the vendor's tool CMO.Microsoft365TokenHelper. Where these files are is not documented,
hence ``mail_cmo``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import GOOGLE_SERVICE_ACCOUNT
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    Table,
    address,
    choice,
    guid,
    number,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _cmo_present
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_keys import (
    CACHE_FILE,
    CACHE_FOLDER,
    DOCUMENT_IMPORT,
    NEW_ACTION,
    RECEIVING,
    SENDING,
    written,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_mailboxes import (
    RECEIVE,
    SERVER_TYPES,
    Context,
    Mailbox,
    inheriting,
    is_public,
    rules,
    settings,
    way,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._google import (
    google_application,
    key_target,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import (
    Access,
    Application,
    Part,
    credentials,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.token_cache import TokenCache

_REDIRECT = re.compile(r"(https|http|[a-z][a-z0-9+.-]*)://\S+", re.IGNORECASE)
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1)([:/].*)?", re.IGNORECASE)


def _inherited(value: Any) -> str:
    """No value at all: the key is known so that who sets it is told why that cannot be."""
    raise ValueError("cannot be set; new_action and document_import inherit it from mail_receive")


def _redirect_uri(value: Any) -> str:
    """An address to which Entra ID redirects a person who signs in by a program."""
    if not _REDIRECT.fullmatch(text(value)):
        raise ValueError(f"'{value}' is no redirect URI; write for example http://localhost")
    if str(value).lower().startswith("http://") and not _LOOPBACK.fullmatch(value):
        raise ValueError(f"'{value}' must be https; http is possible for localhost alone")
    return str(value)


_FURTHER: Table = {
    "mailbox": Key(address, required=True),
    "transport": Key(_inherited),
    "tls": Key(_inherited),
    "authentication": Key(choice("basic", "oauth2", "google_service_account")),
    "grant": Key(choice("client_credentials", "authorization_code", "token_cache")),
    "app": Key(text),
    "object_id": Key(guid),
    "host": Key(text),
    "port": Key(number(1, 65535)),
    "username": Key(text),
    "password": Key(secret, secret=True),
}
PRESENT = _cmo_present
# The keys of mail_cmo.
EXTRAS: Table = {
    "path": Key(text, required=True),
    "application_pool": Key(text),
    "runs_as": Key(text),
    "integration_type": Key(choice("Confidential", "Public")),
    "redirect_uri": Key(_redirect_uri),
    "cache_folder": Key(text),
    "cache_file_name": Key(text),
    "token_helper": Key(text),
    NEW_ACTION: Key(keys=_FURTHER),
    DOCUMENT_IMPORT: Key(keys=_FURTHER),
}
DEFAULT_CACHE_FILE = "cmo_msal_cache.dat"
#: What people who sign in need.
_FOR_PEOPLE = ("redirect_uri", "cache_folder", "token_helper")
_BACKSLASH = "\\"
APPCMD = r"C:\Windows\System32\inetsrv\appcmd.exe"


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
    """What the settings mean for CMO, or None if they cannot be expressed.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what CMO cannot do is appended.
    """
    extras = wanted.get("mail_cmo", {})
    known = len(problems)
    if "application_pool" in extras and "mail_restart_command" in wanted:
        problems.append("mail_cmo.application_pool: excludes mail_restart_command; remove one of the two")
    if "from" not in wanted["mail_send"]:
        problems.append("mail_send.from: is required; it is the mailbox, or the sender where any may send")
    context = Context(
        wanted.get("mail_entra", {}).get("tenant_id", ""), extras.get("integration_type"),
        wanted.get("mail_app", {}).get("unique_name"), [one.get("unique_name") for one in wanted.get("mail_apps", [])],
        extras.get("redirect_uri", ""), wanted.get("mail_google", {}),
    )
    mailboxes = _mailboxes(wanted, problems)
    for mailbox in mailboxes.values():
        rules(mailbox, context, problems)
    people = [one for one in mailboxes.values() if is_public(one, context)]
    _rules_for_people(extras, people, context, problems)
    if len(problems) > known or any(one.transport not in SERVER_TYPES for one in mailboxes.values()):
        return None
    values = written({name: settings(one, context) for name, one in mailboxes.items()})
    if people:
        values |= {CACHE_FOLDER: extras["cache_folder"], CACHE_FILE: _cache_file(extras)}
    elif RECEIVING in mailboxes:
        values |= dict.fromkeys((CACHE_FOLDER, CACHE_FILE))
    ways = [way(one, context) for one in mailboxes.values()]
    # A mailbox that inherits all is the one that it inherits from.
    receives: dict[str, dict[str, Any]] = {}
    for one in ways[1:]:
        if isinstance(one, dict):
            receives.setdefault(one["mailbox"], one)
    return Part(
        targets=[
            # The key is there before the configuration names it.
            *_for_google(mailboxes.values(), context), File(extras.get("path", ""), "web_config", values).plan(),
            *_for_people(extras, people, context),
        ],
        send=ways[0] if isinstance(ways[0], dict) else None,
        sender=mailboxes[SENDING].address,
        applications=_applications(list(mailboxes.values()), context),
        receives=list(receives.values()),
        unproven=_unproven(ways),
        restart_command=[APPCMD, "recycle", "apppool", f"/apppool.name:{extras['application_pool']}"]
        if "application_pool" in extras else [],
    )


def _mailboxes(wanted: Mapping[str, Any], problems: list[str]) -> dict[str, Mailbox]:
    """Those that are configured; what CMO is not told to receive is left as it is."""
    extras = wanted.get("mail_cmo", {})
    found = {SENDING: Mailbox("mail_send", wanted["mail_send"])}
    further = {name: extras.get(name) for name in (NEW_ACTION, DOCUMENT_IMPORT)}
    receive = wanted.get(RECEIVE)
    if receive is None:
        problems += [
            f"mail_cmo.{name}: inherits from mail_receive, which is not set; set that, or remove this"
            for name, own in further.items() if own is not None
        ]
        return found
    found[RECEIVING] = Mailbox(RECEIVE, receive)
    for name, own in further.items():
        if own is not None and receive.get("transport") == "mapi":
            problems.append(
                f"mail_cmo.{name}: is not possible with mapi, for which the vendor names no keys; remove it, and what "
                "web.config says is left as it is"
            )
        found[name] = inheriting(f"mail_cmo.{name}", own or {}, receive)
    return found


def _rules_for_people(
    extras: Mapping[str, Any], people: Sequence[Mailbox], context: Context, problems: list[str]
) -> None:
    """What the sign-in of a person takes, and that the vendor's tool is for one application at a time."""
    if not people:
        problems += [
            f"mail_cmo.{name}: is about the integration type Public, which no mailbox has; remove it"
            for name in (*_FOR_PEOPLE, "cache_file_name", "runs_as") if name in extras
        ]
        return
    problems += [
        f"mail_cmo.{name}: is required with the integration type Public" for name in _FOR_PEOPLE if name not in extras
    ]
    first, *others = people
    problems += [
        f"{other.variable}.app: must be the one of {first.variable}, since CMO.Microsoft365TokenHelper is configured "
        "for one application"
        for other in others if other.application(context) != first.application(context)
    ]


def _for_google(mailboxes: Iterable[Mailbox], context: Context) -> list[dict[str, Any]]:
    """The key of the service account, where CMO reads it."""
    key = key_target(context.google) if any(one.authentication == GOOGLE_SERVICE_ACCOUNT for one in mailboxes) else None
    return [] if key is None else [key]


def _for_people(extras: Mapping[str, Any], people: Sequence[Mailbox], context: Context) -> list[dict[str, Any]]:
    """The configuration of the tool by which people sign in, and the cache that it makes."""
    if not people:
        return []
    folder = extras["cache_folder"].rstrip("\\/")
    path = f"{folder}{'/' if '/' in folder else _BACKSLASH}{_cache_file(extras)}"
    told = {
        "ClientId": credentials(people[0].application(context))["client_id"], "TenantId": context.tenant,
        "RedirectUri": context.redirect_uri, "CacheFileName": _cache_file(extras), "CacheDirectory": folder,
    }
    accounts = dict.fromkeys(one.account for one in people)
    return [
        File(f"{extras['token_helper']}.config", "web_config", told).plan(),
        TokenCache(path, ", ".join(accounts), extras["token_helper"], _runs_as(extras)).plan(),
    ]


def _runs_as(extras: Mapping[str, Any]) -> str | None:
    """The account of the site; a pool without one of its own has one that is called after it."""
    # https://learn.microsoft.com/iis/manage/configuring-security/application-pool-identities
    usual = f"IIS AppPool\\{extras['application_pool']}" if "application_pool" in extras else None
    given: str | None = extras.get("runs_as", usual)
    return given


def _cache_file(extras: Mapping[str, Any]) -> str:
    return str(extras.get("cache_file_name", DEFAULT_CACHE_FILE))


def _applications(mailboxes: Sequence[Mailbox], context: Context) -> tuple[Application, ...]:
    """Those that the mailboxes are opened by, each for its own ones."""
    of_each: dict[str | None, list[Mailbox]] = {}
    for one in mailboxes:
        if one.transport == "graph":
            of_each.setdefault(one.application(context), []).append(one)
    of_google = [one.address for one in mailboxes if one.authentication == GOOGLE_SERVICE_ACCOUNT]
    google = [google_application(context.google, of_google)] if of_google else []
    return (*(_application(name, own, context) for name, own in of_each.items()), *google)


def _application(name: str | None, mailboxes: Sequence[Mailbox], context: Context) -> Application:
    people = [one for one in mailboxes if is_public(one, context)]
    alone = [one for one in mailboxes if one not in people]
    delegated = [*_permissions(people), "offline_access"] if people else []
    registration: dict[str, Any] = {
        "credential": "client_secret" if alone else "none",
        "users": _distinct([one.address for one in alone if "object_id" not in one.given]),
    }
    if people:
        registration |= {"public_client": True, "redirect_uris": {"public_client": [context.redirect_uri]}}
    return Application(
        [{"resource": "Microsoft Graph", "application": _permissions(alone), "delegated": delegated}],
        tuple(Access("graph", address) for address in _distinct([one.address for one in alone])),
        name, registration=registration,
    )


def _permissions(mailboxes: Sequence[Mailbox]) -> list[str]:
    """What it takes to use mailboxes, by the vendor; nothing more where one is only sent from, or only read."""
    of = {True: ["Mail.Send"], False: ["Mail.Read", "Mail.ReadWrite"]}
    return _distinct([name for one in mailboxes for name in of[one.variable == "mail_send"]])


def _unproven(ways: Sequence[dict[str, Any] | str]) -> list[str]:
    send, *receives = ways
    found = [f"sending ({send})"] if isinstance(send, str) else []
    for one in receives:
        if isinstance(one, str):
            found.append(f"receiving ({one})")
        elif isinstance(send, str):
            found.append("receiving (no mail can be sent)")
    return _distinct(found)


def _distinct(values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(values))
