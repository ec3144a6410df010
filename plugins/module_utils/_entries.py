# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a store holds of an application: its entry. Pure; every function gives a new entry and leaves the old one alone.

An entry is plain data, and ``{}`` while the store knows nothing of the application::

    tenant_id, client_id, object_id, and what else is known of it and may be shown
    users       {address: object id}                            of those that its products' configurations name
    current     {key_id, secret_text, end_date_time}            what servers use
    pending     {key_id, secret_text, end_date_time, failure?}  made, not yet proven on the servers
    previous    {key_id, secret_text, end_date_time, remove_after}
    encrypted   {host: {key_id: value}}                         a product's own ciphertexts

The rotation keeps more in it (``awaiting``, ``lock``), which these functions leave as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

Entry = dict[str, Any]
#: Where an entry holds a credential.
SLOTS = ("current", "pending", "previous")


class Keeper(Protocol):
    """Where one entry is kept."""

    def read(self) -> tuple[Entry, str]:
        """The entry, ``{}`` if there is none, and its revision.

        :raises StoreError: it cannot be read.
        """

    def write(self, entry: Entry, revision: str) -> str:
        """Replace the entry with that revision; gives the new one.

        :raises StoreError: it cannot be written; with the code "conflict" if another run has replaced it.
        """


def plain(entry: Mapping[str, Any]) -> Entry:
    """A copy of nothing but dictionaries, lists, strings, numbers and booleans, whatever a template made them of.

    What YAML takes for a date when a person left out the quotes is text again.
    """
    copied: Entry = json.loads(json.dumps(entry, default=str))
    return copied


def fingerprint(entry: Mapping[str, Any]) -> str:
    """The revision of an entry in a store that numbers none: the same for the same content; '' for an empty entry."""
    if not entry:
        return ""
    return hashlib.sha256(json.dumps(plain(entry), sort_keys=True).encode()).hexdigest()


def checked(entry: Any) -> Entry:
    """A plain copy of what a store holds, if it has the shape of an entry; what is not named above may be anything.

    :raises ValueError: it has not; says where, and never repeats a value.
    """
    if not isinstance(entry, Mapping):
        raise ValueError("it is no dictionary")
    try:
        copied = plain(entry)
    except TypeError:
        raise ValueError("it has a key that is no text") from None
    for name in ("tenant_id", "client_id", "object_id"):
        if name in copied:
            _text(copied[name], name)
    for slot in SLOTS:
        if slot in copied:
            if not isinstance(copied[slot], dict):
                raise ValueError(f"{slot} is no dictionary")
            for name in ("key_id", "secret_text"):
                _text(copied[slot].get(name), f"{slot}.{name}")
    ciphertexts = copied.get("encrypted", {})
    if not isinstance(ciphertexts, dict) or not all(isinstance(values, dict) for values in ciphertexts.values()):
        raise ValueError("encrypted is no dictionary of dictionaries")
    for host, values in ciphertexts.items():
        for key_id, value in values.items():
            _text(value, f"encrypted.{host}.{key_id}")
    return copied


def _text(value: Any, place: str) -> None:
    if value is None:
        raise ValueError(f"{place} is missing")
    if not isinstance(value, str):
        # YAML makes another number of 0123456, so it cannot be told what was meant.
        raise ValueError(f"{place} is no text; write it in quotes")
    if not value:
        raise ValueError(f"{place} is empty")


def reserve(entry: Mapping[str, Any]) -> Entry:
    """The entry as large as the next steps of a run may make it, to prove that a store has room for that.

    A new credential takes some 200 bytes, a rotation's notes a few hundred and the names of its hosts; a ciphertext of
    each host, with the id of its credential, takes what the one before does.
    """
    ciphertexts = sum(64 + max(map(len, values.values()), default=0) for values in entry.get("encrypted", {}).values())
    return {**entry, "reserve": "." * (4096 + ciphertexts)}


def fact(entry: Mapping[str, Any], name: str) -> str | None:
    """What the entry says; None if it does not.

    :param name: of a text in it, or, as "users.ADDRESS", of a text in a dictionary in it.
    """
    first, _dot, second = name.partition(".")
    found = entry.get(first)
    found = found.get(second) if second and isinstance(found, Mapping) else found
    return found if isinstance(found, str) else None


def key_ids(entry: Mapping[str, Any]) -> list[str]:
    """The ids of all credentials whose value the entry holds."""
    return [entry[slot]["key_id"] for slot in SLOTS if slot in entry]


def registered(entry: Mapping[str, Any], application: Mapping[str, str], secret: Mapping[str, str]) -> Entry:
    """The entry with a new current credential.

    :param application: its ``tenant_id``, ``client_id`` and ``object_id``. What an entry holds of another client id,
        for example of an application that was purged and registered again, is given up.
    :param secret: ``key_id``, ``secret_text`` and ``end_date_time``.
    """
    kept = entry if entry.get("client_id") == application["client_id"] else {}
    return {**plain(kept), **application, "current": dict(secret)}


def encrypted(entry: Mapping[str, Any], ciphertexts: Mapping[str, Mapping[str, str]]) -> Entry:
    """The entry with further ciphertexts, and without those of credentials that it no longer holds.

    :param ciphertexts: by host, then by the credential's id.
    """
    known = plain(entry.get("encrypted", {}))
    held = key_ids(entry)
    merged = {host: {**known.get(host, {}), **ciphertexts.get(host, {})} for host in {**known, **ciphertexts}}
    kept = {host: {key: value for key, value in values.items() if key in held} for host, values in merged.items()}
    return {**plain(entry), "encrypted": {host: values for host, values in kept.items() if values}}
