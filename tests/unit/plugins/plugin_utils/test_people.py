# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who has signed in is kept in one place, and found there again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _people
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._people import Keyring, People, keyring, places_of

APP = "11111111-2222-3333-4444-555555555555"
WHO = "Who@contoso.example"
OLD = {"client_id": APP, "sign_in": "old", "people": {"other@contoso.example": "2026-01-01T00:00:00Z"},
       "renewed": "2026-01-01T00:00:00Z"}


class Somewhere:
    """A place that others write to as well.

    :param conflicts: how often somebody else was faster.
    :param refusal: why it cannot be used.
    """

    def __init__(self, entry: dict[str, Any], conflicts: int = 0, refusal: str | None = None) -> None:
        self.entry, self.revision, self.writes = entry, 0, 0
        self.conflicts, self.refusal = conflicts, refusal

    def read(self) -> tuple[dict[str, Any], str]:
        if self.refusal:
            raise StoreError(self.refusal)
        return self.entry, str(self.revision)

    def write(self, entry: dict[str, Any], revision: str) -> str:
        if self.conflicts:
            self.conflicts -= 1
            self.revision += 1
            raise StoreError("conflict", code="conflict")
        if self.refusal or revision != str(self.revision):
            raise StoreError(self.refusal or "a wrong revision")
        self.entry, self.revision, self.writes = entry, self.revision + 1, self.writes + 1
        return str(self.revision)


def test_a_sign_in_is_kept_in_the_best_place_and_found_again() -> None:
    best, other = Somewhere({}), Somewhere({})
    people = People(APP, [best, other])
    assert (people.sign_in, people.since(WHO)) == (None, None)
    people.keep("new", WHO)
    assert (best.entry["sign_in"], other.entry) == ("new", {})
    again = People(APP, [best, other])
    assert again.sign_in == "new"
    assert again.since(WHO.lower()) == people.since(WHO) == best.entry["people"][WHO.lower()]


def test_where_it_was_kept_it_stays_and_the_others_stay_with_it() -> None:
    empty, used = Somewhere({}), Somewhere(OLD)
    people = People(APP, [empty, used])
    people.keep("new", WHO)
    assert (empty.entry, used.entry["sign_in"]) == ({}, "new")
    assert set(used.entry["people"]) == {WHO.lower(), "other@contoso.example"}


def test_another_application_of_the_same_name_has_nobody() -> None:
    people = People(APP, [Somewhere({**OLD, "client_id": "another"})])
    assert people.sign_in is None


def test_what_is_used_is_kept_anew_once_a_week() -> None:
    place = Somewhere(OLD)
    people = People(APP, [place])
    people.renew("newer")
    people.renew("newest")
    assert (place.entry["sign_in"], place.writes, place.entry["people"]) == ("newer", 1, OLD["people"])


def test_who_is_slower_writes_again_and_what_is_refused_is_told() -> None:
    place = Somewhere({}, conflicts=2)
    People(APP, [place]).keep("new", WHO)
    assert (place.entry["sign_in"], place.writes) == ("new", 1)
    closed = People(APP, [Somewhere({}, refusal="read only")])
    assert closed.sign_in is None
    with pytest.raises(StoreError, match="read only"):
        closed.keep("new", WHO)
    with pytest.raises(StoreError, match="neither a keyring nor a store"):
        People(APP, []).keep("new", WHO)


class Persistence:
    """What msal-extensions makes where there is a keyring."""

    def __init__(self, location: str) -> None:
        self.location, self.content = location, ""
        self.trouble: Exception | None = None

    def load(self) -> str:
        if self.trouble:
            raise self.trouble
        return self.content

    def save(self, content: str) -> None:
        if self.trouble:
            raise self.trouble
        self.content = content


def test_the_keyring_comes_first_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_people, "build_encrypted_persistence", Persistence)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    store = Somewhere({})
    ring, second = places_of(APP, store)
    assert isinstance(ring, Keyring)
    assert (ring._persistence.location, second) == (f"/data/mailops/sign-in-{APP}", store)
    People(APP, [ring, second]).keep("new", WHO)
    assert (json.loads(ring._persistence.content)["sign_in"], store.entry) == ("new", {})
    assert People(APP, [ring, second]).sign_in == "new"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"client_id": 1}'])
def test_a_damaged_keyring_holds_nothing(content: str) -> None:
    persistence = Persistence("x")
    persistence.content = content
    assert Keyring(persistence).read() == ({}, "")


def test_a_keyring_that_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    persistence = Persistence("x")
    persistence.trouble = OSError("locked")
    assert Keyring(persistence).read() == ({}, "")
    with pytest.raises(StoreError, match="did not keep the sign-in"):
        Keyring(persistence).write({}, "")

    def none(location: str) -> Persistence:
        raise RuntimeError("no bus")

    monkeypatch.setattr(_people, "build_encrypted_persistence", none)
    assert keyring(APP) is None
    monkeypatch.setattr(_people, "build_encrypted_persistence", None)
    assert places_of(APP, None) == []
