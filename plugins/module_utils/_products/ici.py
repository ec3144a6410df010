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

import json
from collections.abc import Mapping
from json import JSONDecodeError
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _json_document as document
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._encoding import MARK
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Part
from ansible_collections.mailops.modern_auth.plugins.module_utils._settings import (
    Key,
    flag,
    many,
    secret,
    text,
)

KEY_NAME = "Platform.Email.ProviderConfiguration"
KEY_ID = "8BCDF64C-51F2-4509-B244-82A726E42CE6"
SECRET_FIELDS = frozenset({"ClientSecret", "EmailPassword"})

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

_NEW_KEY = {
    "Id": KEY_ID,
    "Name": KEY_NAME,
    "Value": "",
    "IsEncrypted": False,
    "IsReadOnly": False,
    "OverrideType": "Overridable",
    "ValueType": "System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
    "Description": "This key is to manage mail sending functionality in valid JSON format",
    "DefaultValue": None,
    "ErrorMessageDescription": None,
}


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
        permissions=[{"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": []}],
        provider=_provider("GRAPH", configuration, extras),
        send={
            "transport": "graph", "authentication": "oauth2", "mailbox": sender,
            "tenant_id": {"fact": "tenant_id"}, "client_id": {"fact": "client_id"},
            "client_secret": {"secret": "client_secret"},
        },
        sender=sender,
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
        permissions=[],
        provider=_provider("MAILKIT", configuration, extras),
        send={
            "transport": "smtp", "authentication": "basic", "host": send.get("host", ""), "port": port, "tls": tls,
            "username": username, "password": {"secret": "mail_send.password"},
        },
        sender=configuration.get("EmailFromAddress", username),
    )


def _provider(provider: str, configuration: dict[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    encryption: dict[str, Any] = {}
    if "encrypt_command" in extras:
        encryption = {"command": extras["encrypt_command"]}
    elif "encrypted_secret" in extras:
        encryption = {
            "key_id": extras["encrypted_secret"].get("key_id"), "value": {"secret": "mail_ici.encrypted_secret.value"},
        }
    return {
        "path": extras.get("config_file", ""),
        "create": extras.get("create_key", False),
        "settings": {"provider": provider, "configuration": configuration},
        "encryption": encryption,
    }


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


def read(content: str) -> dict[str, Any] | None:
    """The mail settings in a file of configuration keys; None while the key is missing or its value is empty.

    :param content: the file's text, with or without a byte order mark.
    :raises InputError: the text is not JSON, the key is there twice, or its value is not JSON.
    """
    body = content.removeprefix(MARK)
    key = _find(body)
    value = _member(body, key, "Value") if key else None
    if value is None or not value.text.strip() or value.kind != "string":
        return None
    settings = _settings_in(value.text)
    if settings is None:
        raise InputError(f"the Value of {KEY_NAME} is not a JSON object ({_place(body, value.start)}).")
    return settings


def render(content: str, settings: Mapping[str, Any], *, create: bool = False) -> str:
    """The file's text with these mail settings; every character outside the key's value is kept.

    The text comes back as it is when its value means the same already, however it is written.

    :param content: the file's text, with or without a byte order mark.
    :param settings: ``provider`` and ``configuration``, without references.
    :param create: append the whole key to the file's list of keys if it is missing.
    :raises InputError: the text is not JSON, or the key is missing, there twice, read-only or encrypted.
    """
    mark = MARK if content.startswith(MARK) else ""
    body = content.removeprefix(MARK)
    # ASCII, so that it fits whatever encoding the file has.
    value = json.dumps(json.dumps(settings))
    key = _find(body)
    if key is None:
        if not create:
            raise InputError(
                f"it holds no key {KEY_NAME}.",
                remedy="Name the file that holds it in mail_ici.config_file, or, if this version of ICI knows the key, "
                "set mail_ici.create_key: true.",
            )
        return mark + _insert(body, json.dumps(settings))
    present = _replaceable(body, key)
    if present.kind == "string" and _same(_settings_in(present.text), settings):
        return content
    return mark + body[: present.start] + value + body[present.end :]


def shown(settings: Mapping[str, Any] | None, other: Mapping[str, Any] | None, word: str) -> str:
    """Settings for a person to read in a diff: pretty JSON without its secrets.

    :param other: the settings on the diff's other side; a secret that differs from theirs is shown as ``word``.
    """
    if settings is None:
        return ""
    configuration, others = _configuration(settings), _configuration(other or {})
    masked = {
        name: value if not _is_secret(name) else "(secret)" if others.get(name) == value else f"(secret, {word})"
        for name, value in configuration.items()
    }
    return json.dumps({**settings, "configuration": masked}, indent=2, ensure_ascii=False) + "\n"


def _configuration(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    configuration = settings.get("configuration")
    return configuration if isinstance(configuration, Mapping) else {}


def _is_secret(name: str) -> bool:
    # What stands in the file may have been written by hand, so a name that only looks like a secret's counts as well.
    return name in SECRET_FIELDS or any(word in name.lower() for word in ("secret", "password"))


def _find(body: str) -> document.Node | None:
    """The object that is the key, wherever it stands in the document."""
    try:
        nodes = [node for node in document.walk(document.parse(body)) if node.kind == "object"]
    except JSONDecodeError as error:
        raise InputError(
            f"it is not valid JSON ({_place(body, error.pos)}: {error.msg}).", remedy="Repair it; nothing was changed."
        ) from error
    keys = [node for node in nodes if _text_of(node, "Name").lower() == KEY_NAME.lower()]
    if len(keys) > 1:
        places = " and ".join(_place(body, node.start) for node in keys)
        raise InputError(f"the key {KEY_NAME} is there {len(keys)} times ({places}).", remedy="Remove all but one.")
    others = [node for node in nodes if node not in keys and _text_of(node, "Id").upper() == KEY_ID]
    if others:
        raise InputError(
            f"the Id {KEY_ID} of {KEY_NAME} belongs to another key, {_text_of(others[0], 'Name')!r} "
            f"({_place(body, others[0].start)}).",
            remedy="Give that key its own Id.",
        )
    return keys[0] if keys else None


def _replaceable(body: str, key: document.Node) -> document.Node:
    for name, remedy in (
        ("IsReadOnly", "Set IsReadOnly to false, or change the key where ICI allows it."),
        ("IsEncrypted", "Set IsEncrypted to false; only the ClientSecret inside its value is to be encrypted."),
    ):
        marker = _member(body, key, name)
        if marker and marker.text.lower() == "true":
            raise InputError(f"the key {KEY_NAME} has {name}: true ({_place(body, marker.start)}).", remedy=remedy)
    value = _member(body, key, "Value")
    if value is None:
        raise InputError(
            f"the key {KEY_NAME} has no Value ({_place(body, key.start)}).", remedy='Add "Value": "" to it.'
        )
    return value


def _member(body: str, node: document.Node, name: str) -> document.Node | None:
    """The value of an object's member. .NET's reader ignores case in names, so this does as well."""
    found = [member for member in node.members if member.name.text.lower() == name.lower()]
    if len(found) > 1:
        raise InputError(
            f"the key {KEY_NAME} has {len(found)} members {name} ({_place(body, found[1].name.start)}).",
            remedy="Remove all but one.",
        )
    return found[0].value if found else None


def _text_of(node: document.Node, name: str) -> str:
    values = (member.value for member in node.members if member.name.text.lower() == name.lower())
    return next((value.text for value in values if value.kind == "string"), "")


def _settings_in(value: str) -> dict[str, Any] | None:
    try:
        settings = json.loads(value)
    except (JSONDecodeError, RecursionError):
        return None
    return settings if isinstance(settings, dict) else None


def _same(present: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    # As text, since Python takes 1, 1.0 and true for the same.
    return present is not None and json.dumps(present, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _place(body: str, at: int) -> str:
    line_start = body.rfind("\n", 0, at) + 1
    return f"line {body.count(chr(10), 0, at) + 1}, column {at - line_start + 1}"


def _insert(body: str, value: str) -> str:
    """The key appended to the list of keys, written the way its last neighbour is."""
    root = document.parse(body)
    new = {**_NEW_KEY, "Value": value}
    if root.kind == "array" and not root.items:
        return body[: root.start] + json.dumps([new], indent=2) + body[root.end :]
    arrays = [node for node in document.walk(root) if any(map(_is_key, node.items))]
    if not arrays:
        raise InputError(
            "it holds no list of configuration keys.", remedy="Name the file that does in mail_ici.config_file."
        )
    keys = max(arrays, key=lambda node: sum(map(_is_key, node.items)))
    index, last = [(index, item) for index, item in enumerate(keys.items) if _is_key(item)][-1]
    gap = body[keys.items[index - 1].end : last.start] if index else "," + body[keys.start + 1 : last.start]
    return body[: last.end] + gap + _written_like(body, last, new) + body[last.end :]


def _is_key(node: document.Node) -> bool:
    return bool(_text_of(node, "Name")) and any(member.name.text.lower() == "value" for member in node.members)


def _written_like(body: str, model: document.Node, new: Mapping[str, Any]) -> str:
    first = model.members[0]
    opening = body[model.start : first.name.start]
    colon = body[first.name.end : first.value.start]
    gap = body[first.value.end : model.members[1].name.start] if len(model.members) > 1 else ", "
    closing = body[model.members[-1].value.end : model.end]
    return opening + gap.join(f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in new.items()) + closing
