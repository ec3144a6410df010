# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a step learns of the steps before it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._handover import FOR_ALL, OF_HOST, Handover
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._variables import PlayVariables


class Registered:
    """What the tasks of a play have registered, the same for every host."""

    def __init__(self, **results: Any) -> None:
        self._results = results

    def of(self, _host: str) -> Registered:
        return self

    def registered(self, name: str) -> Any:
        return self._results.get(name)


def handover(**results: Any) -> Handover:
    return Handover(cast(PlayVariables, Registered(**results)), {})


def failed(msg: str) -> dict[str, Any]:
    return {"hosts": {"web": {"failed": True, "msg": msg}}}


@pytest.mark.parametrize("step", FOR_ALL)
def test_a_step_that_is_taken_again_is_not_stopped_by_what_it_said_before(step: str) -> None:
    told = handover(**{FOR_ALL[step]: failed("It went wrong.")})
    assert told.failure("web") == {"step": step, "msg": "It went wrong."}
    assert told.failure("web", before=step) is None
    assert told.able(["web", "other"], before=step) == ["web", "other"]
    assert told.able(["web", "other"]) == ["other"]


def test_what_failed_earlier_stops_it() -> None:
    told = handover(**{FOR_ALL["access"]: failed("No right."), FOR_ALL["delivery"]: failed("No mail.")})
    assert told.failure("web", before="delivery") == {"step": "access", "msg": "No right."}
    assert told.failure("web", before="access") is None


def test_a_server_that_was_not_configured_stops_every_step() -> None:
    told = handover(**{OF_HOST: {"failed": True, "looked": False, "msg": "Full.", "code": "full"}})
    for step in (*FOR_ALL, None):
        assert told.failure("web", before=step) == {"step": "provider", "msg": "Full.", "code": "full"}


def test_what_somebody_has_to_sign_in_for_is_no_failure() -> None:
    one, other = ({"what": "the port", "where": where, "account": "a", "do": "Click."} for where in ("here", "there"))
    told = handover(**{
        OF_HOST: {"failed": False, "authorization_required": [one]},
        FOR_ALL["identity"]: {"hosts": {"web": {"failed": False, "msg": "", "authorization_required": [other]}}},
    })
    assert told.authorizations("web") == [one, other]
    assert told.failure("web") is None
    assert handover().authorizations("web") == []


def test_a_sign_in_that_two_steps_miss_is_told_once() -> None:
    one = {"what": "the port", "where": "here", "account": "a", "do": "Click."}
    again, other = {**one, "do": "It was revoked. Click."}, {**one, "account": "b"}
    told = handover(**{
        OF_HOST: {"failed": False, "authorization_required": [one]},
        FOR_ALL["delivery"]: {"hosts": {"web": {"failed": False, "authorization_required": [again, other]}}},
    })
    assert told.authorizations("web") == [again, other]
