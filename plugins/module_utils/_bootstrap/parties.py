# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator says of the caller, and of who reads the proof's mailbox. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.trusts import (
    PLACES,
    Trust,
    problems_of,
    trust,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, guid, read, text

_NAMED: Table = {
    "unique_name": Key(text), "name": Key(text), "certificate_path": Key(text), "secret_path": Key(text),
}
_OWN = frozenset({"certificate_path", "secret_path"})
#: The variable mail_caller.
CALLER: Table = {
    **_NAMED, **{place: Key(keys=table) for place, table in PLACES.items()}, "managed_identity": Key(guid),
}
#: The variable mail_reader.
READER: Table = _NAMED


@dataclass(frozen=True)
class Party:
    """One of the two, and how it signs in: with a certificate, unless it is said otherwise.

    :param certificate_path: where its certificate and private key are, or would be.
    :param secret_path: where its client secret is.
    :param trust: whose tokens it takes.
    :param managed_identity: the client id of a managed identity, which takes the place of an application.
    """

    unique_name: str
    display_name: str
    certificate_path: str
    secret_path: str | None = None
    trust: Trust | None = None
    managed_identity: str | None = None

    @property
    def has_certificate(self) -> bool:
        """Whether it signs in with one."""
        return self.trust is None and self.managed_identity is None and self.secret_path is None

    @property
    def certificate_file(self) -> Path:
        """The certificate's file on this machine."""
        return Path(self.certificate_path).expanduser()

    @property
    def secret_file(self) -> Path | None:
        """The client secret's file on this machine, if it signs in with one."""
        return Path(self.secret_path).expanduser() if self.secret_path else None


def parties(caller: Any, reader: Any) -> tuple[Party, Party]:
    """The caller and the reader.

    The reader signs in where the caller does, unless it is said otherwise; it is never the machine's managed identity,
    which may do more.

    :param caller, reader: the variables.
    :raises InputError: lists every problem, each with its path.
    """
    problems: list[str] = []
    given = read(CALLER, caller, "mail_caller", problems)
    others = read(READER, reader, "mail_reader", problems)
    ways = [name for name in (*PLACES, "managed_identity", "secret_path", "certificate_path") if name in given]
    if {"secret_path", "certificate_path"} <= set(others):
        problems.append("mail_reader.secret_path: excludes mail_reader.certificate_path; it signs in in one way")
    if len(ways) > 1:
        problems.append(f"mail_caller.{ways[1]}: excludes mail_caller.{ways[0]}; it signs in in one way")
    for place in PLACES:
        if place in given:
            problems += problems_of(place, given[place], f"mail_caller.{place}")
    if problems:
        raise InputError("\n".join(problems))
    trusted = next((trust(name, given[name]) for name in PLACES if name in given), None)
    return (
        _party(given, "mailops-caller", "Mail operations", trusted, given.get("managed_identity")),
        # Who says where its own credential lies wants it to have one.
        _party(others, "mailops-proof-reader", "Mail proof reader", None if _OWN & set(others) else trusted, None),
    )


def _party(
    given: Mapping[str, Any], unique_name: str, name: str, trusted: Trust | None, managed_identity: str | None
) -> Party:
    unique_name = given.get("unique_name", unique_name)
    path = given.get("certificate_path", f"~/.mailops/{unique_name}.pem")
    return Party(unique_name, given.get("name", name), path, given.get("secret_path"), trusted, managed_identity)
