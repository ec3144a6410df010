# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Team assistant: it sends by SMTP with OAuth, as an application that signs in by itself, and receives nothing.

Each of its backends, the standard one and the one that runs scheduled jobs, reads a CommonJS file ``local.js`` with a
part ``mail``. The names of the keys and of the environment variables are the vendor's. Where the backends keep
``local.js`` and their environment is not documented, hence ``mail_team_assistant``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, address, many, text
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import SUBMISSION_HOSTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _team_assistant_present
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._entra import cloud_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import (
    OWN_CREDENTIALS,
    Access,
    Application,
    Part,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._team_assistant_present import (
    CLIENT,
    LOCAL,
    SECRET,
    TENANT,
    USER,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

FIRST_VERSION = (5, 7, 10)
PORT = 587
VARIABLES = (USER, TENANT, CLIENT, SECRET)


def _version(value: Any) -> str:
    """A version that knows OAuth."""
    parts = text(str(value)).strip().split(".")
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise ValueError(f"'{value}' is no version; write for example '5.7.10', in quotes")
    if tuple(map(int, parts)) < FIRST_VERSION:
        raise ValueError(f"{value} has no OAuth; 5.7.10 is the first that has")
    return str(value)


PRESENT = _team_assistant_present
# The keys of mail_team_assistant.
EXTRAS = {
    "version": Key(_version),
    "backends": Key(many(text), required=True),
    "environment_file": Key(text, required=True),
    "owner": Key(text),
    "group": Key(text),
    "node": Key(text),
}
_UNUSED = (
    "password", "display_name", "use_default_from", "override", "allow_override_in_production", "app", "object_id",
    "messages_per_session",
)


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
    """What the settings mean for Team assistant.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what Team assistant cannot do is appended.
    """
    if "mail_receive" in wanted:
        problems.append("mail_receive: team_assistant only sends; remove it")
    send, extras = wanted["mail_send"], wanted.get("mail_team_assistant", {})
    for name, possible in (
        ("transport", "smtp"), ("authentication", "oauth2"), ("grant", "client_credentials"), ("tls", "starttls"),
    ):
        if send.get(name, possible) != possible:
            problems.append(f"mail_send.{name}: '{send[name]}' is not possible with team_assistant; use {possible}")
    problems += [f"mail_send.{name}: is not used with team_assistant; remove it" for name in _UNUSED if name in send]
    if send.get("port") == 465:
        problems.append("mail_send.port: 465 starts with TLS, for which team_assistant has no key; use 587")
    if "from" not in send:
        problems.append("mail_send.from: is required; it is the sender, and the mailbox unless mail_send.username is")
    sender = send.get("from", "")
    mailbox = _mailbox(send.get("username", sender), problems)
    cloud = cloud_of(wanted.get("mail_entra", {}), problems)
    node = extras.get("node", "node")
    host, port = _host(send, wanted.get("mail_entra", {}), problems), send.get("port", PORT)
    return Part(
        applications=(Application(
            [{"resource": "Office 365 Exchange Online", "application": ["SMTP.SendAsApp"], "delegated": []}],
            (Access("smtp", mailbox, () if sender == mailbox else (sender,)),),
        ),),
        targets=[file.plan() for file in _files(extras, _settings(cloud, host, port, sender), mailbox)],
        send={
            "transport": "smtp", "authentication": "oauth2", "host": host, "port": port, "tls": "starttls",
            "mailbox": mailbox, **OWN_CREDENTIALS,
        },
        sender=sender,
        loads=[
            {"path": posixpath.join(backend, LOCAL), "variables": list(VARIABLES), "program": node}
            for backend in extras.get("backends", [])
        ],
    )


def _mailbox(value: str, problems: list[str]) -> str:
    try:
        return address(value) if value else ""
    except ValueError as error:
        problems.append(f"mail_send.username: {error}; it is the mailbox that team_assistant signs in to")
        return ""


def _host(send: Mapping[str, Any], entra: Mapping[str, Any], problems: list[str]) -> str:
    name = entra.get("cloud", "global")
    if "host" not in send and name not in SUBMISSION_HOSTS:
        problems.append(f"mail_send.host: is required with mail_entra.cloud: {name}, whose mail server is not known")
    return str(send.get("host", SUBMISSION_HOSTS.get(name, "")))


def _settings(cloud: Cloud, host: str, port: int, sender: str) -> dict[str, Any]:
    """The part ``mail`` of local.js. Its ``oauth2.host`` is not a host but the whole address that gives tokens."""
    return {
        "mail": {
            "smtp": {
                "type": "oauth2",
                "host": host,
                "port": port,
                # A password from before would be of no use, and secrets do not belong into this file.
                "auth": {"user": {"environment": USER}, "pass": None, "password": None},
                "oauth2": {
                    "host": [f"{cloud.authority_host}/", {"environment": TENANT}, "/oauth2/v2.0/token"],
                    "grantType": "client_credentials",
                    "clientId": {"environment": CLIENT},
                    "clientSecret": {"environment": SECRET},
                    "scope": cloud.outlook_scope,
                },
            },
            "from": sender,
        },
    }


def _files(extras: Mapping[str, Any], settings: Mapping[str, Any], mailbox: str) -> list[File]:
    """The environment first, so that no local.js refers to what is not there."""
    backends, name = extras.get("backends", []), extras.get("environment_file", "")
    variables = {
        USER: mailbox,
        TENANT: OWN_CREDENTIALS["tenant_id"],
        CLIENT: OWN_CREDENTIALS["client_id"],
        SECRET: OWN_CREDENTIALS["client_secret"],
    }
    environments = dict.fromkeys(posixpath.join(backend, name) for backend in backends)
    return [
        File(path, "environment", variables, create=True, mode="0600", owner=extras.get("owner"),
             group=extras.get("group"))
        for path in environments
    ] + [File(posixpath.join(backend, LOCAL), "commonjs", settings) for backend in backends]
