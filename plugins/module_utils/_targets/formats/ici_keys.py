# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""ICI's mail settings: the value of one key, a string of JSON, in a JSON file of configuration keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from json import JSONDecodeError
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets import json_document as document
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.encoding import MARK, decode, edited
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.place import place
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.shown import shown

NAME = "Platform.Email.ProviderConfiguration"
ID = "8BCDF64C-51F2-4509-B244-82A726E42CE6"

_NEW_KEY = {
    "Id": ID,
    "Name": NAME,
    "Value": "",
    "IsEncrypted": False,
    "IsReadOnly": False,
    "OverrideType": "Overridable",
    "ValueType": "System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
    "Description": "This key is to manage mail sending functionality in valid JSON format",
    "DefaultValue": None,
    "ErrorMessageDescription": None,
}

# There is nothing to start from: the product's own file has to be there.
EMPTY = None


def read(content: bytes, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The mail settings in a file of configuration keys; None while the key is missing or its value is empty.

    :param settings: not needed, since the whole value is ours.
    :raises InputError: the text is not JSON, the key is there twice, or its value is not JSON.
    """
    value = _value(decode(content)[0])
    if value is None or not value.strip():
        return None
    found = _settings_in(value)
    if found is None:
        raise InputError(f"the Value of {NAME} is not a JSON object.")
    return found


def values(content: bytes, names: Iterable[str]) -> dict[str, str]:
    """What the file says of other keys, by these names; one that is missing, or is no text, is left out.

    :raises InputError: the text is not JSON.
    """
    wanted = {name.lower(): name for name in names}
    body = decode(content)[0].removeprefix(MARK)
    keys = [(_text_of(node, "Name").lower(), _text_of(node, "Value")) for node in _objects(body)]
    return {wanted[name]: value for name, value in keys if name in wanted and value}


def render(content: bytes, settings: Mapping[str, Any], *, create: bool = False) -> bytes:
    """The file with these mail settings; every character outside the key's value is kept.

    It comes back as it is when its value means the same already, however it is written.

    :param settings: ``provider`` and ``configuration``, without references.
    :param create: append the whole key to the file's list of keys if it is missing.
    :raises InputError: the text is not JSON, or the key is missing, there twice, read-only or encrypted.
    """
    return edited(content, lambda text: _with_settings(text, settings, create=create))


def changes(before: bytes, after: bytes, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Both contents for a person to read in a diff, without secrets.

    :param settings: not needed, since the whole value is ours.
    """
    old, new = _readable(before), read(after, settings)
    return shown(old, new, "to be replaced"), shown(new, old, "new")


def _with_settings(text: str, settings: Mapping[str, Any], *, create: bool) -> str:
    changed = _with_value(text, json.dumps(settings), create=create)
    value = _value(text)
    return text if value is not None and _same(_settings_in(value), settings) else changed


def _readable(content: bytes) -> dict[str, Any] | None:
    try:
        return read(content, {})
    except InputError:
        # What stood there is not readable, and is replaced as a whole.
        return None


def _settings_in(value: str) -> dict[str, Any] | None:
    try:
        settings = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return settings if isinstance(settings, dict) else None


def _same(present: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    # As text, since Python takes 1, 1.0 and true for the same.
    return present is not None and json.dumps(present, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def _value(content: str) -> str | None:
    """The key's value; None if the key is missing or its value is no string.

    :param content: the file's text, with or without a byte order mark.
    :raises InputError: the text is not JSON, or the key is there twice.
    """
    body = content.removeprefix(MARK)
    key = _find(body)
    found = _member(body, key, "Value") if key else None
    return found.text if found and found.kind == "string" else None


def _with_value(content: str, new: str, *, create: bool) -> str:
    """The text in which the key has another value, and nothing else is different.

    :param create: append the whole key to the list of keys if it is missing.
    :raises InputError: the text is not JSON, or the key is missing, there twice, read-only or encrypted.
    """
    mark = MARK if content.startswith(MARK) else ""
    body = content.removeprefix(MARK)
    key = _find(body)
    if key is not None:
        present = _replaceable(body, key)
        # json.dumps writes ASCII, which fits whatever encoding the file has.
        return mark + body[: present.start] + json.dumps(new) + body[present.end :]
    if create:
        return mark + _insert(body, new)
    raise InputError(
        f"it holds no key {NAME}.",
        remedy="Name the file that holds it in mail_ici.config_file, or, if this version of ICI knows the key, set "
        "mail_ici.create_key: true.",
    )


def _find(body: str) -> document.Node | None:
    """The object that is the key, wherever it stands in the document."""
    nodes = _objects(body)
    keys = [node for node in nodes if any(name.lower() == NAME.lower() for name in _texts_of(node, "Name"))]
    if len(keys) > 1:
        places = " and ".join(place(body, node.start) for node in keys)
        raise InputError(f"the key {NAME} is there {len(keys)} times ({places}).", remedy="Remove all but one.")
    if keys:
        _member(body, keys[0], "Name")
    others = [node for node in nodes if node not in keys and _text_of(node, "Id").upper() == ID]
    if others:
        raise InputError(
            f"the Id {ID} of {NAME} belongs to another key, {_text_of(others[0], 'Name')!r} "
            f"({place(body, others[0].start)}).",
            remedy="Give that key its own Id.",
        )
    return keys[0] if keys else None


def _objects(body: str) -> list[document.Node]:
    try:
        return [node for node in document.walk(document.parse(body)) if node.kind == "object"]
    except JSONDecodeError as error:
        raise InputError(
            f"it is not valid JSON ({place(body, error.pos)}: {document.reason(error)}).",
            remedy="Repair it; nothing was changed.",
        ) from error


def _replaceable(body: str, key: document.Node) -> document.Node:
    for name, remedy in (
        ("IsReadOnly", "Set IsReadOnly to false, or change the key where ICI allows it."),
        ("IsEncrypted", "Set IsEncrypted to false; only the ClientSecret inside its value is to be encrypted."),
    ):
        marker = _member(body, key, name)
        if marker and marker.text.lower() == "true":
            raise InputError(f"the key {NAME} has {name}: true ({place(body, marker.start)}).", remedy=remedy)
    value = _member(body, key, "Value")
    if value is None:
        raise InputError(
            f"the key {NAME} has no Value ({place(body, key.start)}).", remedy='Add "Value": "" to it.'
        )
    return value


def _member(body: str, node: document.Node, name: str) -> document.Node | None:
    """The value of an object's member. .NET's reader ignores case in names, so this does as well."""
    found = [member for member in node.members if member.name.text.lower() == name.lower()]
    if len(found) > 1:
        raise InputError(
            f"the key {NAME} has {len(found)} members {name} ({place(body, found[1].name.start)}).",
            remedy="Remove all but one.",
        )
    return found[0].value if found else None


def _text_of(node: document.Node, name: str) -> str:
    return next(_texts_of(node, name), "")


def _texts_of(node: document.Node, name: str) -> Iterator[str]:
    """The texts of all members of that name."""
    values = (member.value for member in node.members if member.name.text.lower() == name.lower())
    return (value.text for value in values if value.kind == "string")


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
