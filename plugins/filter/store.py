# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Entries of a store, for templates. Each filter is documented in a file of its name beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils import _entries


def mail_new_ciphertexts(
    hosts: Iterable[str], facts: Mapping[str, Mapping[str, Any]], host: str
) -> dict[str, dict[str, str]]:
    """See mail_new_ciphertexts.yml."""
    return _entries.new_ciphertexts(host, hosts, facts)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "mail_entry_registered": _entries.registered,
            "mail_entry_encrypted": _entries.encrypted,
            "mail_entry_key_ids": _entries.key_ids,
            "mail_new_ciphertexts": mail_new_ciphertexts,
        }
