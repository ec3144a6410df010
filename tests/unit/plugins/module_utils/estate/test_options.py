# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What steps are given: a plan's applications are taken as they are, and a person's are completed or refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.options import applications, deliveries
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw

VARIABLES: dict[str, Any] = {
    "mail_product": "team_assistant", "mail_environment": "prod",
    "mail_app": {"unique_name": "tickets", "name": "Tickets mail", "tags": ["mail"]},
    "mail_send": {"transport": "smtp", "from": "tickets@contoso.example"},
    "mail_team_assistant": {"backends": ["/srv/tas"], "environment_file": "environment"},
    "mail_entra": {"tenant_id": "contoso.example", "client_id": "caller", "client_secret": "s3cret"},
    "mail_verify": {
        "recipient": "probe@contoso.example", "receive": {"transport": "graph", "client_id": "r", "client_secret": "s"},
    },
}


def drawn(**changes: Any) -> dict[str, Any]:
    host = Host({**VARIABLES, **changes}, (), {"kind": "ansible_vault", "path": "/srv/credentials.yml"}, "one")
    return draw({"tas-1": host}, {"tas-1": host}, {})


@pytest.mark.parametrize("access", [{}, {"model": "rbac"}])
def test_what_a_plan_says_is_taken_as_it_is(access: dict[str, str]) -> None:
    (planned,) = drawn(mail_access=access)["applications"]
    [taken] = list(applications([planned], {"cloud": "global", "tenant_id": "another"}).values())
    assert taken == {**planned, "entra": {"cloud": "global", **planned["entra"]}}


def test_what_a_plan_says_of_mails_is_taken_as_it_is() -> None:
    planned = drawn()["deliveries"]
    assert deliveries(planned, {"token_cache": "/tmp/tokens"}) == [{"proves": "mailbox", **one} for one in planned]


def test_a_name_is_all_that_a_person_has_to_give() -> None:
    [one] = list(applications([{"unique_name": "contracts"}], {"tenant_id": "contoso.example"}).values())
    assert (one["name"], one["display_name"], one["environment"]) == ("contracts", "contracts", "mail")
    assert (one["permissions"], one["exclusive"], one["exchange"], one["hosts"]) == ([], False, None, [])
    assert one["secret"] == {"lifetime": "180d", "renew_within": "30d"}
    assert one["entra"] == {"tenant_id": "contoso.example"}
    assert "store" not in one


def test_rights_that_are_not_named_are_none() -> None:
    given = {"unique_name": "contracts", "exchange": {"imap": ["a@b.example"]}}
    assert applications([given], {})["contracts"]["exchange"] == {
        "full_access": [], "send_as": [], "smtp_auth": [], "imap": ["a@b.example"], "pop3": [], "scope": None,
        "unwanted": {"full_access": [], "send_as": [], "scope": []},
    }


@pytest.mark.parametrize(("given", "problem"), [
    ("contracts", "applications[0]: is no dictionary"),
    ({}, "applications[0].unique_name: is required"),
    ({"unique_name": "a", "exchange": {"scope": {}}}, "applications[0].exchange.scope.roles: is required"),
    ({"unique_name": "a", "exchange": {"imap": ["a"]}}, "applications[0].exchange.imap: 'a' is no e-mail address"),
    ({"unique_name": "a", "identity": "entre"}, "did you mean entra?"),
    ({"unique_name": "a", "permissions": [{}]}, "applications[0].permissions[0].resource: is required"),
])
def test_what_makes_no_sense_is_told_with_its_place(given: Any, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        applications([given], {})
    assert problem in refused.value.message


def test_two_of_a_name_are_refused() -> None:
    with pytest.raises(InputError, match=r"applications\[1\]\.name: 'a' is another one's name already"):
        applications([{"unique_name": "a"}, {"unique_name": "b", "name": "a"}], {})


def test_a_mail_finds_the_services_where_the_environment_says() -> None:
    said = {"cloud": "china", "tenant_id": "t", "token_cache": "/tmp/tokens"}
    assert deliveries([{"name": "one", "to": "a@b.example"}], said) == [
        {"cloud": "china", "proves": "mailbox", "to": "a@b.example", "name": "one"}
    ]
