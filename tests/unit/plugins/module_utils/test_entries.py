# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Entries of a store."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import (
    encrypted,
    fingerprint,
    key_ids,
    registered,
)

APPLICATION = {"tenant_id": "t", "client_id": "c", "object_id": "o"}


def credential(key_id: str) -> dict[str, str]:
    return {"key_id": key_id, "secret_text": f"secret of {key_id}", "end_date_time": "2026-06-30T00:00:00Z"}


ENTRY: dict[str, Any] = {**APPLICATION, "current": credential("1"), "previous": credential("0"), "awaiting": ["b"]}


def test_an_entry_has_the_fingerprint_of_its_content() -> None:
    assert fingerprint({}) == ""
    assert fingerprint(ENTRY) == fingerprint(dict(reversed(ENTRY.items())))
    assert fingerprint(ENTRY) != fingerprint({**ENTRY, "awaiting": []})


def test_a_new_credential_leaves_the_rest() -> None:
    assert registered({}, APPLICATION, credential("1")) == {**APPLICATION, "current": credential("1")}
    assert registered(ENTRY, APPLICATION, credential("2")) == {**ENTRY, "current": credential("2")}


def test_what_was_of_another_application_is_given_up() -> None:
    other = {**APPLICATION, "client_id": "d"}
    assert registered(ENTRY, other, credential("2")) == {**other, "current": credential("2")}


def test_ciphertexts_are_kept_as_long_as_their_credential() -> None:
    first = encrypted(ENTRY, {"a": {"1": "x"}, "b": {"0": "y"}})
    assert first["encrypted"] == {"a": {"1": "x"}, "b": {"0": "y"}}
    pending = {**first, "pending": credential("2")}
    del pending["previous"]
    assert encrypted(pending, {"a": {"2": "z"}})["encrypted"] == {"a": {"1": "x", "2": "z"}}
    assert ENTRY.get("encrypted") is None


def test_the_ids_of_all_credentials() -> None:
    assert key_ids({}) == []
    assert key_ids({**ENTRY, "pending": credential("2")}) == ["1", "2", "0"]


def facts(application: str, key_id: str | None, entry: dict[str, Any] | None = None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "__mail_plan_data": {"application": {"key": application}}, "__mail_store_credentials": entry or {},
    }
    return {**known, "__mail_provider_ciphertext": {"key_id": key_id, "value": f"of {key_id}"}} if key_id else known
