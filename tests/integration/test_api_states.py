# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One object behind a REST API, as a module makes it present or absent; judged by what the API holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import AuthenticationError, InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._https import HttpsClient
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.api_states import absent, present
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject, Remark
from api_stand_in import Api, serving

OTHERS = [{"id": 1, "name": "B"}, {"id": 2, "name": "C"}, {"id": 3, "name": "D"}]
SECRET = "s3cret~value"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Api, Path]]:
    with serving(tmp_path, {"server": "old.example"}) as (api, trusted):
        api.providers = [dict(one) for one in OTHERS]
        yield api, trusted


def provider(served: tuple[Api, Path], secret: str = SECRET, password: str | None = None) -> ApiObject:
    api, trusted = served
    return ApiObject(
        f"{api.root}/providers", {"tenant": "t-1", "clientSecret": secret}, secret_fields=["clientSecret"],
        listed={"rows": "rows", "id": "id", "by": {"name": "A"}}, ca_path=str(trusted),
        authentication={"username": "admin", "password": password or api.password},
    )


def test_made_found_changed_and_removed(served: tuple[Api, Path]) -> None:
    api, _trusted = served
    sealed: str | None = None
    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        done = present(provider(served), HttpsClient(), sealed, check_mode=check_mode)
        assert done["changed"] is changed
        assert (done["diff"]["before"] == done["diff"]["after"]) is not changed
        assert SECRET not in str(done)
        assert done["object"] == {"name": "A", "tenant": "t-1", **({"id": 4} if sealed or not check_mode else {})}
        assert [one["name"] for one in api.providers] == ["B", "C", "D"] + ["A"] * bool(sealed or not check_mode)
        sealed = done["secret_fingerprint"]
    assert api.changes() == [("POST", {"name": "A", "tenant": "t-1", "clientSecret": SECRET})]

    rotated = present(provider(served, "another~secret"), HttpsClient(), sealed, check_mode=False)
    assert rotated["changed"] is True
    assert rotated["secret_fingerprint"] != sealed
    assert api.providers[3]["clientSecret"] == "another~secret"
    # Who does not say which secret was written last has it written again.
    assert present(provider(served, "another~secret"), HttpsClient(), None, check_mode=True)["changed"] is True

    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        done = absent(provider(served), HttpsClient(), check_mode=check_mode)
        assert (done["changed"], done["object"]) == (changed, None)
        assert ('"tenant": "t-1"' in done["diff"]["before"]) is changed
        assert len(api.providers) == 3 + (check_mode and changed)
    assert api.providers == OTHERS


def test_who_may_not_is_told_so(served: tuple[Api, Path]) -> None:
    wrong = provider(served, password="wrong~password")
    for refused in (
        lambda: present(wrong, HttpsClient(), None, check_mode=False),
        lambda: absent(wrong, HttpsClient(), check_mode=False),
    ):
        with pytest.raises(AuthenticationError, match="was answered with 401") as told:
            refused()
        assert "wrong~password" not in str(told.value.result())


def test_an_object_that_is_activated(served: tuple[Api, Path]) -> None:
    api, trusted = served
    options: dict[str, Any] = {
        "authentication": {"username": "admin", "password": api.password}, "ca_path": str(trusted), "name": "the port",
        "activate": {"url": f"{api.url}/enable", "field": "enabled"},
    }
    sign_in = {"what": "the port", "account": "a@contoso.example", "do": "Click.", "field": "enabled"}
    remark: Remark = {"field": "server", "pattern": "^old", "words": "It is old."}
    waiting = ApiObject(api.url, {"server": "old.example"}, **options, sign_in=sign_in, remarks=[remark])
    done = present(waiting, HttpsClient(), None, check_mode=False)
    assert (done["changed"], done["warnings"]) == (False, ["the port: It is old."])
    assert done["authorization_required"][0]["do"].startswith("Click. So far: POST ")
    with pytest.raises(InputError, match=r"There is no refresh token yet\."):
        present(ApiObject(api.url, {"server": "old.example"}, **options), HttpsClient(), None, check_mode=False)
    api.signed_in = True
    done = present(waiting, HttpsClient(), None, check_mode=False)
    assert (done["changed"], done["object"]) == (True, {"server": "old.example", "enabled": True})
    assert "authorization_required" not in done
