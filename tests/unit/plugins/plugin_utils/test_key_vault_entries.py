# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Entries as secrets of Key Vault: their names, their values, and how a write is guarded."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores.azure_keyvault import (
    Store,
    decoded,
    encoded,
    secret_name,
)
from ansible_collections.mailops.modern_auth.tests.unit.plugins.plugin_utils.controller import PlainController
from hypothesis import given
from hypothesis import strategies as st


class Vault:
    """A client of the library, with the values that it gives one after the other."""

    def __init__(self, *values: str) -> None:
        self.values = [*enumerate(values)]
        self.written: list[str] = []

    def get_secret(self, _name: str) -> Any:
        number, value = self.values.pop(0)
        return SimpleNamespace(value=value, properties=SimpleNamespace(version=str(number)))

    def set_secret(self, _name: str, value: str, **_more: str) -> Any:
        self.written.append(value)
        return SimpleNamespace(properties=SimpleNamespace(version="mine"))


def store(vault: Vault) -> Store:
    opened = Store({"vault_uri": "https://contoso.vault.azure.net"}, PlainController())
    opened.__dict__["_client"] = vault
    return opened


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


@pytest.mark.parametrize("value", ["not base64", "bm8ganNvbg==", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_something_else_is_recognised(value: str) -> None:
    with pytest.raises(StoreError, match="is not one that this collection wrote"):
        assert store(Vault(value)).read(["contracts"])["contracts"].entry


def test_an_entry_of_another_shape_is_refused() -> None:
    held = store(Vault(encoded({"current": {"key_id": "1", "secret_text": 42798}}))).read(["contracts"])["contracts"]
    with pytest.raises(StoreError, match=r"'contracts' cannot be used: current\.secret_text is no text") as caught:
        assert held.entry
    assert "42798" not in caught.value.result()["msg"]


def test_what_is_overwritten_by_another_run_is_noticed() -> None:
    vault = Vault(encoded({"a": "1"}), encoded({"a": "theirs"}))
    with pytest.raises(StoreError, match="at the same moment") as caught:
        store(vault).write("contracts", {"a": "ours"}, "0")
    assert caught.value.code == "conflict"


def test_an_entry_that_is_too_long_is_refused_before_anything_is_asked() -> None:
    vault = Vault()
    with pytest.raises(StoreError, match="26672 bytes long, and Key Vault takes 25000"):
        store(vault).write("contracts", {"a": "x" * 19_995}, "")
    assert vault.written == []
