# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a store keeps of secrets that were written to where they cannot be read back, to notice that they are others.

An entry of a store has them as ``fingerprints: {host: {target: fingerprint}}``. Pure, except for the salt.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

# A password may be guessed, so that each guess has to cost something; https://www.rfc-editor.org/rfc/rfc7914.
_COST: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1}


def seal(secrets: Mapping[str, Any]) -> str:
    """A fingerprint of secrets, by which nobody can tell them."""
    salt = os.urandom(16)
    return f"{salt.hex()}:{_digest(secrets, salt).hex()}"


def matches(secrets: Mapping[str, Any], sealed: str | None) -> bool:
    """Whether a fingerprint is that of these secrets; what a store holds may be anything."""
    salt, _, digest = (sealed or "").partition(":")
    try:
        return hmac.compare_digest(_digest(secrets, bytes.fromhex(salt)), bytes.fromhex(digest))
    except ValueError:
        return False


def known(entry: Mapping[str, Any], host: str) -> dict[str, str]:
    """The fingerprints of a host's targets, by their names."""
    hosts = entry.get("fingerprints")
    found = hosts.get(host) if isinstance(hosts, Mapping) else None
    return {name: str(value) for name, value in found.items()} if isinstance(found, Mapping) else {}


def kept(entry: Mapping[str, Any], host: str, sealed: Mapping[str, str]) -> dict[str, Any]:
    """The entry with a host's further fingerprints."""
    hosts = entry.get("fingerprints")
    return {
        **entry,
        "fingerprints": {**(hosts if isinstance(hosts, Mapping) else {}), host: {**known(entry, host), **sealed}},
    }


def _digest(secrets: Mapping[str, Any], salt: bytes) -> bytes:
    return hashlib.scrypt(json.dumps(secrets, sort_keys=True).encode(), salt=salt, **_COST)
