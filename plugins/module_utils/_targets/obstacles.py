# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Why a file cannot be read or replaced, in words for a person: what the server said of it, and what helps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError

_REPLACED = "the file is replaced as a whole, so that the product never reads half of it"
_SIGN_IN = "Let Ansible sign in as, or become, a user who may"

# By the kind of problem of _server_script.py: what is wrong, and the remedy.
_PROBLEMS: Mapping[str, tuple[str, str]] = {
    "foreign_link": (
        "{place} leads to {target} through a link of {owner}, to whom that does not belong.",
        "Name the file itself, or let root own the link: whoever owns a link could have any file written.",
    ),
    "no_file": ("{place} is no regular file.", "Name a file."),
    "too_large": ("{place} is larger than 16 MiB.", "Name the product's configuration file."),
    "unknown_owner": ("there is no user {place} on the server.", "Name one that is there."),
    "unknown_group": ("there is no group {place} on the server.", "Name one that is there."),
    "mount": (
        f"{{place}} is a mount of its own (a bind mount, as containers have it), and {_REPLACED}.",
        "Mount its folder and not the file, or configure the file that is mounted, where it comes from.",
    ),
    "immutable": ("{place} is immutable.", "Allow changes: chattr -i {place}"),
    "append_only": ("{place} is append-only.", "Allow changes: chattr -a {place}"),
    "folder": (
        f"{{user}} cannot write the folder {{place}}, and {_REPLACED}.", f"{_SIGN_IN}, or give that user the right.",
    ),
    "sticky": (
        "the folder {place} has the sticky bit, so that the file can be replaced by {owner} alone.",
        "Let Ansible become that user or root.",
    ),
    "owner": (
        "{place} shall belong to {owner}, and {user} cannot give it away.", "Let Ansible become that user or root.",
    ),
    "group": (
        "{place} shall belong to the group {group}, which {user} is not in.", "Let Ansible become root, or a member.",
    ),
    "changed": (
        "another program has written {place} while it was looked at; nothing was changed.", "Run this again.",
    ),
    "other_content": (
        "after writing {place}, it held something else.",
        "Check whether another program writes the file, and run this again.",
    ),
    "gone": ("{place} is gone.", "Check what removes it, and run this again."),
}
_ERRNO: Mapping[str, str] = {
    "ENOSPC": "Make room on the file system that {place} is on.",
    "EDQUOT": "Make room, or raise the user's quota.",
    "EROFS": "Mount the file system for writing, or name a file on another one.",
    "EACCES": f"{_SIGN_IN} read and write it.",
    "EPERM": f"{_SIGN_IN} read and write it; root is held back by the file's attributes, which lsattr shows.",
    "ENOENT": "Check the path on the server.",
    "ENOTDIR": "Check the path on the server.",
    "EISDIR": "Name a file.",
    "ELOOP": "Check the links that the path goes through.",
    "EBUSY": f"Look whether something is mounted there: {_REPLACED}.",
    "EIO": "Check the server's disk.",
}


def obstacle(told: Mapping[str, Any]) -> InputError:
    """The error that a problem on the server is.

    :param told: ``kind``, ``place`` and what belongs to the kind; for "errno" its name and its ``words``.
    """
    if told["kind"] == "errno":
        remedy = _ERRNO.get(told["errno"], "Check the file and its folder on the server.")
        return InputError(
            f"{told['place'] or 'the file'}: {told['words']} ({told['errno']}).", code=told["errno"] or None,
            remedy=remedy.format_map({**told, "place": told["place"] or "the file"}),
        )
    message, remedy = _PROBLEMS[told["kind"]]
    return InputError(message.format_map(told), code=told["kind"], remedy=remedy.format_map(told))
