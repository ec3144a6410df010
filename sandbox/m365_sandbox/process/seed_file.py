"""A file with what a tenant shall have besides its seed, and the calls of the control face that add it.

    users:
      - {userPrincipalName: orders@contoso.example, displayName: Orders}
    applications:
      - {displayName: Old mailer, roles: {https://graph.microsoft.com: [Mail.Send]}, secret: true}
    mailboxes:
      orders@contoso.example: {SmtpClientAuthenticationDisabled: false}
    organization-config: {BasicAuthenticationBlocked: false}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import yaml

from m365_sandbox.control.additions import ADDITIONS
from m365_sandbox.control.app import (
    EXCHANGE_PROPERTIES,
    MAILBOX_PROPERTIES,
    ORGANIZATION_PROPERTIES,
    SECURITY_DEFAULTS_PROPERTIES,
    TRANSPORT_PROPERTIES,
)
from m365_sandbox.control.body import BodyError, Property, read

Properties: TypeAlias = Mapping[str, Property]

#: What is added, in an order in which everything finds what it refers to. A token is nobody's to keep.
_ADDED = tuple(name for name in ADDITIONS if name != "tokens")
#: What there is once, and is changed.
_CHANGED: Mapping[str, Properties] = {
    "transport-config": TRANSPORT_PROPERTIES, "organization-config": ORGANIZATION_PROPERTIES,
    "exchange-behaviour": EXCHANGE_PROPERTIES, "security-defaults": SECURITY_DEFAULTS_PROPERTIES,
}
_MAILBOXES = "mailboxes"


class SeedFileError(Exception):
    """The file makes no sense; the message says what and where."""


@dataclass(frozen=True)
class Step:
    """One call of the control face.

    :param place: what of the file it is about.
    """

    place: str
    method: str
    path: str
    body: Mapping[str, Any]


def steps(path: Path) -> list[Step]:
    """The calls that a file stands for, all of them checked.

    :raises SeedFileError: it cannot be read, or makes no sense; nothing was called.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SeedFileError(f"{path} cannot be read: {error}") from error
    known = (*_ADDED, _MAILBOXES, *_CHANGED)
    if not isinstance(content, Mapping):
        raise SeedFileError(f"{path} has to be a dictionary of {', '.join(known)}")
    unknown = [str(name) for name in content if name not in known]
    if unknown:
        raise SeedFileError(f"{path}: {', '.join(unknown)} is unknown; known are {', '.join(known)}")
    return [*_additions(content), *_changes(content)]


def _additions(content: Mapping[str, Any]) -> Iterator[Step]:
    for name in _ADDED:
        given = content.get(name) or []
        if not isinstance(given, list):
            raise SeedFileError(f"{name}: has to be a list")
        for number, body in enumerate(given):
            yield _step(f"{name}[{number}]", "POST", f"/tenant/{name}", body, ADDITIONS[name].properties)


def _changes(content: Mapping[str, Any]) -> Iterator[Step]:
    mailboxes = content.get(_MAILBOXES) or {}
    if not isinstance(mailboxes, Mapping):
        raise SeedFileError(f"{_MAILBOXES}: has to be a dictionary by address")
    for address, body in mailboxes.items():
        path = f"/tenant/{_MAILBOXES}/{quote(str(address), safe='@')}"
        yield _step(f"{_MAILBOXES}.{address}", "PATCH", path, body, MAILBOX_PROPERTIES)
    for name, properties in _CHANGED.items():
        if content.get(name) is not None:
            yield _step(name, "PATCH", f"/tenant/{name}", content[name], properties)


def _step(place: str, method: str, path: str, body: Any, properties: Properties) -> Step:
    try:
        return Step(place, method, path, read(body, properties))
    except BodyError as error:
        raise SeedFileError(f"{place}: {error}") from error
