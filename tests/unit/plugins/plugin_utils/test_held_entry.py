# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An entry that several hosts change at the same time: none undoes what another did."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _held_entry, _server
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._held_entry import HeldEntry, StoredEntry
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Held


class Store:
    """A store in memory, into which somebody else writes just before each of the first writes."""

    def __init__(self, others: int) -> None:
        self.entry: dict[str, Any] = {}
        self.revision = 0
        self._others = others

    def read(self, names: Sequence[str]) -> dict[str, Held]:
        return {name: Held(dict(self.entry), str(self.revision)) for name in names}

    def write(self, name: str, entry: Mapping[str, Any], revision: str) -> str:
        if self._others:
            self._others -= 1
            self.entry[f"other {self._others}"] = 1
            self.revision += 1
        if revision != str(self.revision):
            raise StoreError("changed", code="conflict")
        self.entry, self.revision = dict(entry), self.revision + 1
        return str(self.revision)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(_held_entry.time, "sleep", slept.append)
    return slept


def test_a_conflict_is_read_and_edited_anew(pauses: list[float]) -> None:
    store = Store(others=3)
    held = HeldEntry(StoredEntry(store, "a"))
    held.change(lambda entry: {**entry, "mine": 1})
    assert store.entry == {"mine": 1, "other 0": 1, "other 1": 1, "other 2": 1} == held.entry
    assert len(pauses) == 3
    held.change(lambda entry: {**entry, "mine": 1})
    assert store.revision == 4


def test_conflicts_without_end_are_told() -> None:
    store = Store(others=100)
    held = HeldEntry(StoredEntry(store, "a"))
    with pytest.raises(StoreError):
        held.change(lambda entry: {**entry, "mine": 1})
    assert "mine" not in store.entry


def test_the_servers_script_is_python_3_8() -> None:
    ast.parse(_server._SCRIPT, feature_version=(3, 8))
