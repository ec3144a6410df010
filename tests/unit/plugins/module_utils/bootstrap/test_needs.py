# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The caller's permissions follow from the plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import Needs, lacking, needs, reading
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.grants import EXCHANGE, GRAPH

LEAST = ["Application.ReadWrite.OwnedBy", "Application.Read.All"]
ASSIGN = "AppRoleAssignment.ReadWrite.All"


def application(**different: Any) -> dict[str, Any]:
    return {"identity": "entra", "permissions": [], "exclusive": False, "exchange": None, **different}


def permissions(*application_: str, delegated: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [{"resource": GRAPH, "application": list(application_), "delegated": list(delegated)}]


@pytest.mark.parametrize(("different", "host", "needed", "exchange"), [
    ({"permissions": permissions("Mail.Send")}, {}, [*LEAST, ASSIGN], False),
    ({"permissions": permissions("Mail.Send"), "exchange": {"full_access": []}}, {}, [*LEAST, ASSIGN], True),
    # What Exchange grants, nobody has to consent to; but nothing must defeat it.
    ({"exclusive": True, "exchange": {"scope": 1}}, {}, [*LEAST, "DelegatedPermissionGrant.Read.All"], True),
    (
        {"exclusive": True, "permissions": permissions(delegated=("Mail.Send",))}, {},
        [*LEAST, "DelegatedPermissionGrant.ReadWrite.All"], False,
    ),
    # The person who signs in consents.
    ({"permissions": permissions(delegated=("Mail.Send",)), "consent": "account"}, {}, LEAST, False),
    ({}, {"foreign": "director@contoso.example"}, [*LEAST, "User.ReadBasic.All"], False),
    ({}, {"users": ["cmo@contoso.example"]}, [*LEAST, "User.ReadBasic.All"], False),
    (
        {"owners": ["somebody"], "exclusive": True}, {"foreign": "director@contoso.example"},
        ["Application.ReadWrite.OwnedBy", "Directory.Read.All"], False,
    ),
    ({"adopt": True, "permissions": permissions("Mail.Send")}, {}, ["Application.ReadWrite.All", ASSIGN], False),
])
def test_what_an_application_makes_the_caller_need(
    different: dict[str, Any], host: dict[str, Any], needed: list[str], exchange: bool
) -> None:
    found = needs([application(**different)], [host])
    assert (sorted(found.permissions), found.exchange) == (sorted(needed), exchange)
    assert all(found.permissions.values())


def test_a_permission_that_contains_another_stands_for_it() -> None:
    needed = needs([application(exclusive=True)], [{"foreign": "director@contoso.example"}])
    assert list(lacking(needed, LEAST)) == ["DelegatedPermissionGrant.Read.All", "User.ReadBasic.All"]
    assert list(lacking(needed, [*LEAST, "User.Read.All"])) == ["DelegatedPermissionGrant.Read.All"]
    assert lacking(needed, [*LEAST, "Directory.ReadWrite.All"]) == {}


def test_several_applications_add_up() -> None:
    reads = application(permissions=permissions("Mail.Read"), exchange={"imap": 1})
    found = needs([application(permissions=permissions("Mail.Send")), reads], [])
    assert found.permissions[ASSIGN] == "grant them Mail.Send, Mail.Read"
    assert found.declared == [
        {"resource": GRAPH, "application": [*LEAST, ASSIGN], "delegated": []},
        {"resource": EXCHANGE, "application": ["Exchange.ManageAsApp"], "delegated": []},
    ]


def test_who_is_at_google_or_signs_in_nowhere_needs_no_caller() -> None:
    assert needs([application(identity="google", exclusive=True)], [{"foreign": None}]) == Needs({}, False)
    assert needs([], [{}]).declared == []


def test_a_reader_is_limited_to_the_mailboxes_of_the_proofs() -> None:
    found = reading([
        {"reads": {"transport": "graph", "mailbox": "proof@contoso.example"}},
        {"reads": {"transport": "graph", "mailbox": "proof@contoso.example"}},
        {"reads": {"transport": "imap", "mailbox": "test-proof@contoso.example"}}, {"reads": None}, {},
    ])
    assert found is not None
    assert found.exchange is not None
    assert found.permissions == [{"resource": EXCHANGE, "application": ["IMAP.AccessAsApp"], "delegated": []}]
    assert found.exchange["scope"] == {
        "roles": ["Application Mail.ReadWrite"], "mailboxes": ["proof@contoso.example"],
    }
    assert found.exchange["full_access"] == found.exchange["imap"] == ["test-proof@contoso.example"]
    assert reading([{"reads": None}]) is None
