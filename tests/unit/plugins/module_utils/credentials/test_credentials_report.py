# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report about credentials: what is joined, and what counts as due."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.report import STATES, report
from ansible_collections.mailops.modern_auth.plugins.module_utils._credentials.table import COLUMNS, table
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import SignIn
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.credentials.credentials_world import (
    APP_ID,
    VALUE,
    application,
    credential,
    report_of,
    slot,
    stamp,
    world,
)
from hypothesis import given
from hypothesis import strategies as st


def only(told: dict[str, Any]) -> dict[str, Any]:
    (one,) = told["applications"]
    return one


def test_joins_the_tenant_the_store_and_the_inventory() -> None:
    entry = {
        "current": slot("C", 100), "previous": slot("P", 20, remove_after=stamp(3)), "awaiting": ["web-2", "gone"],
        "lock": {"run": "r1", "host": "runner boot pid", "process": "7 8", "until": stamp(0.1), "key_ids": []},
    }
    told = report_of(entry, credential("p", 20), credential("o", 90), credential("c", 100), credential("h", 300, None))
    one = only(told)
    assert [(key["key_id"], key["slot"], key["origin"], key["next"]) for key in one["credentials"]] == [
        ("p", "previous", "store", {"what": "remove it", "when": stamp(3)}),
        ("o", None, "nobody", {"what": "remove it once every host was proven with another one", "when": None}),
        ("c", "current", "store", {"what": "replace it", "when": stamp(70)}),
        ("h", None, "by hand", None),
    ]
    assert (one["hosts"], one["awaiting"]) == (["web-1", "web-2"], ["web-2", "gone"])
    assert one["lock"] == {"run": "r1", "host": "runner", "until": stamp(0.1)}
    assert (told["state"], told["moment"], one["reasons"]) == ("ok", stamp(0), [])


CURRENT = {"current": slot("c", 100)}


@pytest.mark.parametrize(("entry", "credentials", "state", "reason"), [
    (CURRENT, [credential("c", 100)], "ok", None),
    (CURRENT, [credential("c", 9)], "due", "The current secret ends in 9 days, on 2031-05-10."),
    (CURRENT, [credential("c", 1)], "due", "The current secret ends in 1 day, on 2031-05-02."),
    (CURRENT, [credential("c", -3)], "expired", "The current secret expired on 2031-04-28."),
    (CURRENT, [credential("x", 90)], "expired", "The current credential c is not in the tenant (any more)."),
    # A secret that nobody uses any more may end; one that a host may still hold may not.
    ({**CURRENT, "previous": slot("p", 1)}, [credential("c", 100), credential("p", 1)], "ok", None),
    (
        {**CURRENT, "previous": slot("p", 1), "awaiting": ["web-1"]}, [credential("c", 100), credential("p", 1)],
        "due", "The previous secret ends in 1 day, on 2031-05-02.",
    ),
    (CURRENT, [credential("c", 100), credential("orphan", 1)], "ok", None),
    # Those of others warn before their end, and are history after it.
    (
        CURRENT, [credential("c", 100), credential("h", 5, None)], "due",
        'The secret "portal" made by hand ends in 5 days, on 2031-05-06.',
    ),
    (CURRENT, [credential("c", 100), credential("h", -5, None)], "ok", None),
    (
        CURRENT, [credential("c", 100), credential("t", 5, "test")], "due",
        'The secret "mailops.modern_auth: test (0123abcd)" of another environment ends in 5 days, on 2031-05-06.',
    ),
    # The key of a certificate is a file that no store knows of.
    (
        CURRENT, [credential("c", 100), credential("k", 5, kind="certificate", display_name="mail")], "due",
        'The certificate "mail" ends in 5 days, on 2031-05-06.',
    ),
    (
        {**CURRENT, "pending": slot("n", 170, failure="SMTP refused it")}, [credential("c", 100), credential("n", 170)],
        "due", "The new secret was taken back from the servers: SMTP refused it",
    ),
    # A pending one that was taken back is on no server.
    (
        {**CURRENT, "pending": slot("n", 3, failure="x")}, [credential("c", 100), credential("n", 3)],
        "due", "The new secret was taken back from the servers: x",
    ),
])
def test_what_counts(
    entry: dict[str, Any], credentials: list[dict[str, Any]], state: str, reason: str | None
) -> None:
    told = report_of(entry, *credentials)
    assert (told["state"], only(told)["reasons"]) == (state, [reason] if reason else [])


@pytest.mark.parametrize(("entry", "state", "reason"), [
    (CURRENT, "expired", f"There is no application {APP_ID} in the tenant (any more)."),
    ({}, "due", "The store has no credential of it yet; run mailops.modern_auth.setup_mail."),
])
def test_an_application_that_is_not_there(entry: dict[str, Any], state: str, reason: str) -> None:
    told = report(**world(entry))
    assert (told["state"], only(told)["reasons"]) == (state, [reason])
    assert "Contracts mail" in table(told)[2]


@pytest.mark.parametrize(("key_id", "state"), [("unknown", "due"), (APP_ID, "ok")])
def test_a_store_that_is_only_read(key_id: str, state: str) -> None:
    told = report_of(
        {"current": slot(key_id, 100)}, credential(APP_ID, 100), credential("o", 90), store="environment"
    )
    assert told["state"] == state
    assert [one["next"] for one in only(told)["credentials"]] == [None, None]


def test_applications_that_no_host_uses_are_shown_when_they_were_read() -> None:
    other = application(credential("h", -5, None), app_id="other", name="Payroll")
    told = report(**world(CURRENT, application(credential("c", 100)), other))
    assert [(one["name"], one["state"], one["hosts"]) for one in told["applications"]] == [
        ("Payroll", "expired", []), ("Contracts mail", "ok", ["web-1", "web-2"]),
    ]


@given(st.lists(st.sampled_from(["current", "pending", "previous"]), unique=True), st.integers(-400, 800))
def test_no_value_of_a_secret_gets_into_a_report(slots: list[str], days: int) -> None:
    entry: dict[str, Any] = {name: slot(name, days) for name in slots}
    entry["encrypted"] = {"web-1": {"current": VALUE}}
    told = report_of(entry, *(credential(name, days) for name in slots))
    assert VALUE not in json.dumps(told) + "\n".join(table(told))
    assert told["state"] in STATES


@pytest.mark.parametrize(("enabled", "reason"), [
    (False, "Its service principal is disabled, so nobody can sign in as it."),
    (None, "It has no service principal in the tenant, so nobody can sign in as it."),
])
def test_an_application_that_nobody_can_sign_in_as_is_no_ok(enabled: bool | None, reason: str) -> None:
    told = report_of(CURRENT, credential("c", 100), enabled=enabled)
    assert (told["state"], only(told)["reasons"], only(told)["enabled"]) == ("expired", [reason], enabled)
    assert f"Contracts mail (prod): {reason}" in table(told)
    assert only(report_of(CURRENT, credential("c", 100)))["enabled"] is True


def test_the_table() -> None:
    entry = {"current": slot("c", 9), "previous": slot("p", 2, remove_after=stamp(3)), "awaiting": ["web-2", "gone"]}
    lines = table(report_of(entry, credential("c", 9, end=stamp(9)), name="Contracts\x1b[31m mail"))
    assert all(column in lines[0] for column in COLUMNS)
    assert lines[2].startswith("prod ")
    assert "Contracts\\x1b[31m mail" in lines[2]
    assert "web-1, web-2 (awaiting), gone (awaiting, not in the inventory)" in lines[2]
    assert lines[2].endswith("replace it from 2031-04-10")
    assert lines[3] == "Contracts\\x1b[31m mail (prod): The current secret ends in 9 days, on 2031-05-10."


def test_the_table_names_some_hosts_and_counts_the_others() -> None:
    lines = table(report_of(CURRENT, credential("c", 100), hosts=tuple(f"web-{number}" for number in range(20))))
    assert "  web-0, web-1, web-2 and 17 more  " in lines[2]


def test_a_short_lived_secret_is_replaced_after_half_of_its_life() -> None:
    told = report_of(CURRENT, credential("c", 100, start=stamp(60)))
    assert only(told)["credentials"][0]["next"] == {"what": "replace it", "when": stamp(80)}


@pytest.mark.parametrize(("sign_in", "state", "line", "days"), [
    (
        SignIn("the token cache", "C:\\cmo.dat", "cmo@contoso.example", since="2031-04-20T07:00:00Z"), "ok",
        "web-1: the token cache C:\\cmo.dat of cmo@contoso.example is authorized, last on 2031-04-20 "
        "(11 days ago).", 11,
    ),
    (
        SignIn("the port", "is-1", "is@contoso.example", since="2031-04-30T11:59:59Z"), "ok",
        "web-1: the port is-1 of is@contoso.example is authorized, last on 2031-04-30 (1 day ago).", 1,
    ),
    (
        SignIn("the port", "is-1", "is@contoso.example"), "ok",
        "web-1: the port is-1 of is@contoso.example is authorized.", None,
    ),
    (
        SignIn("the token cache", "C:\\cmo.dat", "cmo@contoso.example", "Run the tool."), "due",
        "web-1: authorization required for the token cache C:\\cmo.dat of cmo@contoso.example: Run the tool.",
        None,
    ),
])
def test_a_sign_in_that_is_missing_is_due(sign_in: SignIn, state: str, line: str, days: int | None) -> None:
    given = world(CURRENT, application(credential("c", 100)))
    told = report(**{**given, "sign_ins": {"web-1": [asdict(sign_in)], "web-2": []}})
    assert (told["state"], table(told)[-1]) == (state, line)
    assert told["sign_ins"] == [{"host": "web-1", "told": line, **asdict(sign_in), "age_days": days}]
