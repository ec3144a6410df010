# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a Windows server says of its files: who may do what with them, and why one cannot be replaced. Pure."""

from __future__ import annotations

import ntpath
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

#: {sid, allow, rights}: one entry of an access control list that applies to the object itself.
Rule: TypeAlias = Mapping[str, Any]

#: Rights of a file, and of a folder, as in [MS-DTYP] 2.4.3 and the FileSystemRights of .NET.
READ_DATA, CREATE_FILES = 0x1, 0x2
_ALL, _READ, _WRITE, _EXECUTE = 0x1F01FF, 0x120089, 0x120116, 0x1200A0
_GENERIC = {0x10000000: _ALL, 0x80000000: _READ, 0x40000000: _WRITE, 0x20000000: _EXECUTE}
# Everyone, Authenticated Users, BUILTIN\Users: whoever signs in, services included.
_EVERYBODY = frozenset({"S-1-1-0", "S-1-5-11", "S-1-5-32-545"})
_IIS_IUSRS = "S-1-5-32-568"
# Accounts of which all groups are known: application pools, and those that Windows has itself.
_POOL = "S-1-5-82-"
_SYSTEM, _SERVICES = "S-1-5-18", ("S-1-5-19", "S-1-5-20")
_ADMINISTRATORS = "S-1-5-32-544"

_IN_USE = "Look which program keeps it open (Resource Monitor, or handle.exe of Sysinternals), and run this again."
_MAY = "Let Ansible sign in as, or become (become_method: runas), a user who may change the file and its folder."
# By HRESULT, see [MS-ERREF] 2.1; 0x8007 is Win32's facility. What is wrong, and the remedy.
_REFUSALS: Mapping[int, tuple[str, str]] = {
    0x80070020: ("another program has {place} open and lets nobody replace it", _IN_USE),
    0x80070021: ("another program has locked a part of {place}", _IN_USE),
    0x80070497: ("{place} could not be removed, though a new file was ready", _IN_USE),
    0x80070498: ("the new file could not take the place of {place}, which is still the old one", _IN_USE),
    0x80070499: ("the new file could not take the place of {place}, which is still the old one", _IN_USE),
    0x80070005: ("access to {place} is denied", _MAY),
    0x80070013: ("the disk of {place} is write-protected", "Allow writing to it."),
    0x80070070: ("the disk of {place} is full", "Make room."),
    0x80070027: ("the disk of {place} is full", "Make room."),
    0x80070002: ("there is no file {place}", "Check the path on the server."),
    0x80070003: ("there is no folder for {place}", "Check the path on the server."),
    0x80070035: ("the network path of {place} was not found", "Check the path on the server."),
}


def allows(rules: Sequence[Rule], sids: Collection[str], rights: int) -> bool:
    """Whether an access control list gives rights to somebody, by the algorithm of Windows ([MS-DTYP] 2.5.3.2).

    :param rules: in the list's order.
    :param sids: who it is, and all groups.
    """
    missing = rights
    for rule in rules:
        if rule["sid"] not in sids:
            continue
        covered = rule["rights"] & _ALL
        for generic, specific in _GENERIC.items():
            if rule["rights"] & generic:
                covered |= specific
        if rule["allow"]:
            missing &= ~covered
        elif covered & missing:
            return False
        if not missing:
            return True
    return False


def may_read(rules: Sequence[Rule], sid: str) -> bool | None:
    """Whether an account may read a file; None if a group could allow it of which the server does not tell us."""
    known: set[str] | None = None
    if sid.startswith(_POOL):
        known = {_IIS_IUSRS}
    elif sid == _SYSTEM:
        known = {_ADMINISTRATORS}
    elif sid in _SERVICES:
        known = set()
    if allows(rules, {sid, *_EVERYBODY, *(known or ())}, READ_DATA):
        return True
    return None if known is None else False


def must_be_file(path: str, found: Mapping[str, Any]) -> None:
    """Return if a path is that of a file, or one can be made there.

    :param found: what _windows_look.ps1 says of it.
    :raises InputError: it is something else.
    """
    if found["directory"]:
        raise InputError(f"{path} is a folder.", code="no_file", remedy="Name a file.")
    if found["link"]:
        raise InputError(f"{path} is a link.", code="link", remedy="Name the file that it leads to.")
    if not found["has_folder"]:
        folder = ntpath.dirname(path)
        raise InputError(f"There is no folder {folder}.", code="no_folder", remedy="Check the path on the server.")
    if not found["exists"] and found["left"]:
        raise InputError(
            f"{path} is missing, and a run that was killed has left {found['left'][0]} beside it.", code="interrupted",
            remedy="Look whether it is the old file, and give it its name back.",
        )


def obstacle(path: str, found: Mapping[str, Any], mine: Collection[str], account: str | None) -> InputError | None:
    """What stands in the way of replacing a file; None if nothing is known to.

    :param found: what _windows_look.ps1 says of it.
    :param mine: who looked, and all groups.
    :param account: that shall read the file.
    """
    if account and found["sid"] is None:
        return unknown(account)
    if found["read_only"]:
        return InputError(f"{path} is read-only.", code="read_only", remedy=f'Allow changes: attrib -r "{path}"')
    if found["refusal"]:
        return refused(path, found["refusal"])
    if not allows(found["folder"], mine, CREATE_FILES):
        return InputError(
            f"no file may be made in {ntpath.dirname(path)}, and the file is replaced as a whole, so that the product "
            "never reads half of it.", code="folder", remedy=_MAY,
        )
    return None


def unknown(account: str) -> InputError:
    """The error that there is no such account."""
    return InputError(
        f"there is no account {account} on the server.", code="unknown_owner",
        remedy="Name one that is there; an application pool's is 'IIS AppPool\\NAME'.",
    )


def refused(path: str, told: Mapping[str, Any]) -> InputError:
    """The error that an exception of .NET is.

    :param told: its ``hresult``, with a sign, and its ``words``, which are in the server's language.
    """
    number = told["hresult"] & 0xFFFFFFFF
    what, remedy = _REFUSALS.get(number, ("{place}: {words}", "Check the file and its folder on the server."))
    message = what.format(place=path, words=str(told["words"]).rstrip("."))
    return InputError(f"{message}.", code=f"0x{number:08X}", remedy=remedy)
