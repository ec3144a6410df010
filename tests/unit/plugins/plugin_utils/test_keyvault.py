# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Entries as secrets of Key Vault: their names, their values, and how a write is guarded."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._keyvault import (
    KeyVaultSecret,
    decoded,
    encoded,
    secret_name,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(min_size=1, max_size=300))
def test_a_name_is_one_that_key_vault_takes(unique_name: str) -> None:
    assert re.fullmatch(r"[0-9a-zA-Z-]{1,127}", secret_name(unique_name))


def test_different_applications_have_different_secrets() -> None:
    names = ["contracts-mail", "Contracts-mail", "contracts mail", "contracts.mail", "c" * 101, "c" * 102]
    assert secret_name("contracts-mail") == "mailops-contracts-mail"
    assert len({secret_name(name).lower() for name in names}) == len(names)


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_an_entry_comes_back_as_it_was(entry: dict[str, Any]) -> None:
    assert decoded(encoded(entry)) == entry


@pytest.mark.parametrize("value", ["not base64", "bm8ganNvbg==", "W10=", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_something_else_is_recognised(value: str) -> None:
    def run(module: str, options: dict[str, Any]) -> dict[str, Any]:
        return {"secrets": [{"secret": value, "version": "1"}]}

    with pytest.raises(StoreError, match="is not one that this collection wrote"):
        KeyVaultSecret(run, "https://contoso.vault.azure.net", "contracts").read()


def test_what_is_overwritten_by_another_run_is_noticed() -> None:
    values = [encoded({"a": "1"}), encoded({"a": "theirs"})]

    def run(module: str, options: dict[str, Any]) -> dict[str, Any]:
        return {"secrets": [{"secret": values.pop(0), "version": "1"}]} if module.endswith("_info") else {}

    with pytest.raises(StoreError) as caught:
        KeyVaultSecret(run, "https://contoso.vault.azure.net", "contracts").write({"a": "ours"}, "1")
    assert caught.value.code == "conflict"


def test_an_entry_that_is_too_long_is_refused_before_anything_is_asked() -> None:
    def run(module: str, options: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError(module)

    with pytest.raises(StoreError, match="26672 bytes long, and Key Vault takes 25000"):
        KeyVaultSecret(run, "https://contoso.vault.azure.net", "contracts").write({"a": "x" * 19_995}, "")
