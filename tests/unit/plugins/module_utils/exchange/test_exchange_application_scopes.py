from __future__ import annotations

import asyncio

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
    LostAnswerError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import (
    application_access,
    application_scopes,
    recipient_filters,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.application_scopes import (
    Assignment,
    Change,
    Scope,
    State,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.service_principals import Pointer
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import Call, Rows
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.exchange_script import Reply, Scripted
from hypothesis import given
from hypothesis import strategies as st

SEND, READ = "Application Mail.Send", "Application Mail.Read"
TEXT = recipient_filters.of_mailboxes(["a@x"])
OTHER = recipient_filters.of_mailboxes(["b@x"])
POINTER = Pointer("app", "object", "Contracts")

ASSIGNMENTS = st.lists(
    st.builds(
        Assignment, st.uuids().map(str), st.sampled_from([SEND, READ]), st.sampled_from([None, "S", "T"]),
        st.sampled_from([None, "group"]), st.booleans(),
    ),
    max_size=4,
)
SCOPES = st.sampled_from([
    [], [Scope("S", TEXT)], [Scope("s", OTHER)], [Scope("T", TEXT)], [Scope("T", OTHER)],
    [Scope("T", TEXT, is_exclusive=True)], [Scope("S", TEXT), Scope("T", OTHER)],
])
STATES = st.builds(State, SCOPES, ASSIGNMENTS, st.sampled_from([set(), {"S"}]))


@given(STATES, st.booleans())
def test_after_the_change_nothing_is_left_to_change(state: State, purge: bool) -> None:
    def plan(now: State) -> Change:
        return application_scopes.plan(now, [SEND], "S", TEXT, purge=purge)

    change = plan(state)
    after = application_scopes.predicted(state, change)
    assert not plan(after)
    assert SEND in application_scopes.shown(after, change.scope)["roles"]
    assert not purge or application_scopes.shown(after, change.scope)["other_assignments"] == []


@given(STATES, st.booleans(), st.sampled_from([None, TEXT]), st.sampled_from([[], [SEND]]))
def test_after_the_removal_nothing_is_left_to_remove(
    state: State, purge: bool, text: str | None, roles: list[str]
) -> None:
    def plan(now: State) -> Change:
        return application_scopes.plan_removal(now, roles, "S", text, purge=purge)

    after = application_scopes.predicted(state, plan(state))
    assert not plan(after)
    assert not purge or after.assignments == []
    assert len(state.scopes) - len(after.scopes) in (0, 1)
    assert "S" not in state.used or len(after.scopes) == len(state.scopes)


def test_an_exclusive_scope_is_no_limit() -> None:
    with pytest.raises(InputError, match="exclusive"):
        application_scopes.plan(State([Scope("S", TEXT, True)], []), [SEND], "S", TEXT, purge=False)


def test_a_role_in_another_scope_reaches_further() -> None:
    state = State([], [Assignment("1", "Application Mail Full Access", "Old"), Assignment("2", SEND, "S")])
    found = application_scopes.defeats(state, [SEND], Scope("S", TEXT), [])
    assert found == [{
        "granted_in": "exchange", "permission": "Application Mail Full Access", "resource": None, "scope": "Old",
    }]
    assert "(Old)" in application_scopes.advice(found, [])[0]


def apply(session: Scripted, state: State) -> State:
    def remaining(now: State) -> Change:
        return application_scopes.plan(now, [SEND], "S", TEXT, purge=False)

    async def run() -> State:
        async def look() -> State:
            return await application_access.read(session, "app", POINTER)

        return await application_access.apply(session, POINTER, remaining(state), look, remaining, session.sleep)

    return asyncio.run(run())


class Exchange:
    """Shows the scope and the assignment once they were made."""

    def __init__(self, *refusals: Reply) -> None:
        self.refusals = list(refusals)
        self.made: set[str] = set()

    def __call__(self, call: Call, time: int) -> Reply:
        if call.cmdlet == "Get-ManagementScope":
            rows = [{"Name": "S", "RecipientFilter": TEXT}]
            return Rows(rows if "New-ManagementScope" in self.made else [])
        if call.cmdlet == "Get-ManagementRoleAssignment":
            rows = [{"Name": "1", "Role": SEND, "RoleAssigneeName": "OBJECT", "CustomResourceScope": "S"}]
            return Rows(rows if "New-ManagementRoleAssignment" in self.made else [])
        if call.cmdlet == "New-ManagementRoleAssignment" and self.refusals:
            return self.refusals.pop(0)
        self.made.add(call.cmdlet)
        return Rows()


def test_a_scope_made_a_moment_ago_is_waited_for() -> None:
    session = Scripted(Exchange(ExchangeNotFoundError("no S", cmdlet="New-ManagementRoleAssignment")))
    apply(session, State([], []))
    assert session.names().count("New-ManagementRoleAssignment") == 2
    assert len(session.pauses) == 1


def test_any_other_refusal_is_final() -> None:
    session = Scripted(Exchange(ExchangeError("no", cmdlet="New-ManagementRoleAssignment")))
    with pytest.raises(ExchangeError, match="no"):
        apply(session, State([], []))
    assert session.pauses == []


def test_a_lost_answer_without_effect_is_an_error() -> None:
    session = Scripted(Exchange(LostAnswerError("gone", cmdlet="New-ManagementRoleAssignment")))
    with pytest.raises(LostAnswerError):
        apply(session, State([], []))


def test_nothing_is_thrown_away_between_scopes_and_people() -> None:
    rows = [
        {"Name": "1", "Role": "Mail Recipients", "RoleAssigneeName": "Organization Management"},
        {"Name": "2", "Role": SEND, "App": "object", "CustomRecipientWriteScope": "S", "Enabled": True},
        {"Name": "3", "Role": SEND, "RoleAssigneeName": "someone else", "CustomResourceScope": "T"},
    ]

    def reply(call: Call, time: int) -> Reply:
        return Rows(rows if call.cmdlet == "Get-ManagementRoleAssignment" else [])

    state = asyncio.run(application_access.read(Scripted(reply), "app", POINTER))
    assert state.assignments == [Assignment("2", SEND, "S")]
    assert state.used == {"T"}
