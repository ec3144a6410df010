# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Icertis ICI: it sends through Graph (GRAPH) or by SMTP with user and password (MAILKIT), and receives nothing.

Its mail settings are the value of one configuration key, ``Platform.Email.ProviderConfiguration``: a string that holds
JSON, in an object among others in a JSON file. The names of the keys and their types are the vendor's (samples on the
same page that write "EmailOverride " with a space, SecuredSocketOptions, EmailServerName or EmailServerPort are
misprints). That the key lives in a file, and in which one, is inferred, hence ``mail_ici.config_file``; so is how a
secret is encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import (
    Key,
    flag,
    many,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import misfit
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _ici_present
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import (
    OWN_CREDENTIALS,
    Access,
    Application,
    Part,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

PRESENT = _ici_present
# The keys of mail_ici.
EXTRAS = {
    "config_file": Key(text, required=True),
    "create_key": Key(flag),
    "override_separator": Key(text),
    "encrypt_command": Key(many(text)),
    "encrypted_secret": Key(
        keys={"key_id": Key(text, required=True), "value": Key(secret, required=True, secret=True)},
    ),
}

SECURE_SOCKET_OPTIONS = {"none": 0, "auto": 1, "implicit": 2, "starttls": 3, "starttls_optional": 4}
DEFAULT_PORT = 2525
DEFAULT_USER = "apikey"
_GRAPH_ONLY = ("display_name",)
_SMTP_ONLY = ("host", "port", "tls", "username", "password", "use_default_from")
_UNUSED = ("app", "object_id", "messages_per_session")


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
    """What the settings mean for ICI, or None if they cannot be expressed.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what ICI cannot do is appended.
    """
    if "mail_receive" in wanted:
        problems.append("mail_receive: ici only sends; remove it")
    send, extras = wanted["mail_send"], wanted.get("mail_ici", {})
    if "encrypt_command" in extras and "encrypted_secret" in extras:
        problems.append("mail_ici.encrypted_secret: excludes mail_ici.encrypt_command; remove one of the two")
    problems += [f"mail_send.{name}: is not used with ici; remove it" for name in _UNUSED if name in send]
    transport = send.get("transport")
    if transport == "graph":
        return _graph(send, extras, problems)
    if transport == "smtp":
        return _mailkit(send, extras, problems)
    if transport is not None:
        problems.append(f"mail_send.transport: '{transport}' is not possible with ici; use graph or smtp")
    return None


def _graph(send: Mapping[str, Any], extras: Mapping[str, Any], problems: list[str]) -> Part:
    _only(send, "authentication", "oauth2", "ici over graph", problems)
    _only(send, "grant", "client_credentials", "ici", problems)
    problems += [
        f"mail_send.{name}: is not used with transport graph; remove it, or use transport: smtp"
        for name in _SMTP_ONLY if name in send
    ]
    if "from" not in send:
        problems.append("mail_send.from: is required; ici sends through graph from one fixed mailbox")
    override = send.get("override")
    if override is not None and len(override) > 1:
        problems.append("mail_send.override: ici over graph takes one address, not several")
    sender = send.get("from", "")
    encrypted = "encrypt_command" in extras or "encrypted_secret" in extras
    configuration = {
        "TenantId": {"fact": "tenant_id"},
        "ClientId": {"fact": "client_id"},
        "ClientSecret": {"secret": "encrypted_client_secret" if encrypted else "client_secret"},
        "EmailId": sender,
        "Name": send.get("display_name", sender),
    }
    if override is not None:
        configuration["EmailOverride"] = override[0] if override else "None"
    return Part(
        applications=(Application(
            [{"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": []}],
            (Access("graph", sender),),
        ),),
        targets=[_file("GRAPH", configuration, extras)],
        encryption=_encryption(extras),
        send={
            "transport": "graph", "authentication": "oauth2", "mailbox": sender, **OWN_CREDENTIALS,
        },
        sender=sender,
        override=override or (),
    )


def _mailkit(send: Mapping[str, Any], extras: Mapping[str, Any], problems: list[str]) -> Part:
    authentication = send.get("authentication", "basic")
    if authentication != "basic":
        problems.append(
            f"mail_send.authentication: '{authentication}' is not possible with ici over smtp, whose MAILKIT provider "
            "signs in with user and password only; for OAuth use transport: graph"
        )
    problems += [
        f"mail_send.{name}: is not used with transport smtp; remove it" for name in _GRAPH_ONLY if name in send
    ]
    if "grant" in send:
        problems.append("mail_send.grant: ici over smtp has no OAuth; remove it, or use transport: graph")
    problems += [
        f"mail_ici.{name}: encrypts the application's secret, which transport smtp does not use; remove it"
        for name in ("encrypt_command", "encrypted_secret") if name in extras
    ]
    problems += [
        f"mail_send.{name}: is required with transport smtp" for name in ("host", "password") if name not in send
    ]
    port, tls = send.get("port", DEFAULT_PORT), send.get("tls", "starttls")
    if "tls" not in send and (reason := misfit("smtp", port, tls)):
        problems.append(f"mail_send.tls: ici's default {reason}")
    username = send.get("username", DEFAULT_USER)
    configuration = {
        "SecureSocketOptions": SECURE_SOCKET_OPTIONS[tls],
        "EmailUserName": username,
        "EmailPassword": {"secret": "mail_send.password"},
        "EmailServer": send.get("host", ""),
        "EmailServer.Port": str(port),
        **_sender(send, username, problems),
        **_override(send.get("override", []), extras.get("override_separator"), problems),
    }
    return Part(
        targets=[_file("MAILKIT", configuration, extras)],
        encryption=_encryption(extras),
        send={
            "transport": "smtp", "authentication": "basic", "host": send.get("host", ""), "port": port, "tls": tls,
            "username": username, "password": {"secret": "mail_send.password"},
        },
        sender=configuration.get("EmailFromAddress", username),
        override=send.get("override", ()),
    )


def _file(provider: str, configuration: dict[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    return File(
        extras.get("config_file", ""), "ici_keys", {"provider": provider, "configuration": configuration},
        create=extras.get("create_key", False),
    ).plan()


def _encryption(extras: Mapping[str, Any]) -> dict[str, Any]:
    if "encrypt_command" in extras:
        return {"command": extras["encrypt_command"]}
    if "encrypted_secret" in extras:
        return {
            "key_id": extras["encrypted_secret"].get("key_id"), "value": {"secret": "mail_ici.encrypted_secret.value"},
        }
    return {}


def _only(send: Mapping[str, Any], name: str, possible: str, where: str, problems: list[str]) -> None:
    value = send.get(name, possible)
    if value != possible:
        problems.append(f"mail_send.{name}: '{value}' is not possible with {where}; use {possible}")


def _sender(send: Mapping[str, Any], username: str, problems: list[str]) -> dict[str, Any]:
    """Who the mail is from: always EmailFromAddress, or the signed-in user."""
    fixed = send.get("use_default_from", "from" in send)
    if fixed and "from" not in send:
        problems.append("mail_send.from: is required while mail_send.use_default_from is true (the sender is fixed)")
    if fixed:
        return {"UseDefaultEmailFromAddress": True, "EmailFromAddress": send.get("from", "")}
    if "from" in send:
        problems.append(
            "mail_send.from: is not used while mail_send.use_default_from is false, when ici sends as the user that it "
            "signs in with; remove one of the two"
        )
    elif "@" not in username:
        problems.append(
            f"mail_send.from: is required, since ici would send as the user that it signs in with, and '{username}' is "
            "no e-mail address"
        )
    return {"UseDefaultEmailFromAddress": False}


def _override(addresses: list[str], separator: str | None, problems: list[str]) -> dict[str, str]:
    if len(addresses) > 1 and separator is None:
        problems.append(
            "mail_send.override: several addresses need mail_ici.override_separator; the vendor does not say which "
            "character separates them"
        )
    return {"EmailOverride": (separator or "").join(addresses)} if addresses else {}
