from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeConflictError,
    ExchangeError,
    ExchangeNotFoundError,
    LostAnswerError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import service_principals
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.exchange_script import Reply, Scripted

WANTED = Pointer("app", "object", "Contracts")
ROW = {"AppId": "APP", "ObjectId": "OBJECT", "DisplayName": "Contracts", "Sid": "S-1"}
LOST = LostAnswerError("gone", cmdlet="New-ServicePrincipal")


def ensure(session: Scripted, standing: list[Pointer], patience: float = 60.0) -> Pointer:
    return asyncio.run(service_principals.ensure(session, WANTED, standing, patience, session.sleep))


class Exchange:
    """Keeps one pointer; the answers to the first writes can be replaced."""

    def __init__(self, *answers: Reply, takes_effect: bool = False) -> None:
        self.answers = list(answers)
        self.takes_effect = takes_effect
        self.row: dict[str, Any] | None = None

    def __call__(self, call: Call, time: int) -> Reply:
        match call.cmdlet:
            case "Get-ServicePrincipal":
                if "Identity" in call.parameters and self.row is None:
                    return ExchangeNotFoundError("no", cmdlet=call.cmdlet)
                return Rows([self.row] if self.row else [])
            case "New-ServicePrincipal" if self.answers:
                if self.takes_effect:
                    self.row = ROW
                return self.answers.pop(0)
        self.row = ROW
        return Rows([ROW])


def test_an_answer_that_got_lost_is_looked_for() -> None:
    session = Scripted(Exchange(LOST, takes_effect=True))
    assert replace(ensure(session, []), app_id="app", object_id="object", sid=None) == WANTED
    assert session.names().count("New-ServicePrincipal") == 1


def test_an_answer_that_got_lost_without_effect_is_an_error() -> None:
    session = Scripted(Exchange(LOST))
    with pytest.raises(LostAnswerError):
        ensure(session, [])
    assert sum(session.pauses) == pytest.approx(60.0)


def test_what_entra_made_a_moment_ago_may_be_refused_at_first() -> None:
    refusal = ExchangeError("no such principal", cmdlet="New-ServicePrincipal")
    session = Scripted(Exchange(refusal, ExchangeConflictError("exists", cmdlet="New-ServicePrincipal")))
    ensure(session, [])
    assert session.names().count("New-ServicePrincipal") == 3


def test_without_patience_the_first_refusal_counts() -> None:
    session = Scripted(Exchange(ExchangeError("no such principal", cmdlet="New-ServicePrincipal")))
    with pytest.raises(ExchangeError) as caught:
        ensure(session, [], patience=0.0)
    assert "enterprise application" in (caught.value.remedy or "")
    assert session.pauses == []


def test_a_replacement_removes_first() -> None:
    session = Scripted(Exchange())
    ensure(session, [Pointer("app", "wrong", "Old")])
    writes = [name for name in session.names() if not name.startswith("Get")]
    assert writes == ["Remove-ServicePrincipal", "New-ServicePrincipal"]
    assert session.parameters("Remove-ServicePrincipal") == [{"Identity": "wrong", "Confirm": False}]


def test_a_change_that_never_shows_is_an_error() -> None:
    def reply(call: Call, time: int) -> Reply:
        return Rows([])

    session = Scripted(reply)
    with pytest.raises(ExchangeError) as caught:
        ensure(session, [])
    assert "does not show it" in caught.value.message


def test_the_older_name_of_the_object_id() -> None:
    session = Scripted(lambda call, time: Rows([{"AppId": "app", "ServiceId": "object"}]))
    found = asyncio.run(service_principals.find(session, "app", "object"))
    assert found == [Pointer("app", "object", "")]


def test_removal_takes_absence_for_success() -> None:
    def reply(call: Call, time: int) -> Reply:
        if call.cmdlet == "Get-ServicePrincipal" and "Identity" not in call.parameters:
            return Rows([])
        return ExchangeNotFoundError("no", cmdlet=call.cmdlet)

    session = Scripted(reply)
    asyncio.run(service_principals.remove(session, [WANTED], session.sleep))
    assert session.pauses == []
