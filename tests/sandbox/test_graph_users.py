"""/users and /organization."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graph_client import ALL, EVENTUAL, UNSUPPORTED, Graph, body, not_found, refusal, unknown
from sandbox_fixture import RunningSandbox

DEFAULT_PROPERTIES = {
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
}


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def test_addresses_and_default_properties(graph: Graph) -> None:
    graph.sandbox.control("POST", "/tenant/users", {"userPrincipalName": "a#b@contoso.example"})
    graph.sandbox.control("POST", "/tenant/users", {"userPrincipalName": "$c@contoso.example"})
    user = body(graph.get("/users/A%23b@contoso.example"))
    assert set(user) == DEFAULT_PROPERTIES | {"@odata.context"}
    assert user["@odata.context"] == f"{graph.base_url}$metadata#users/$entity"
    assert body(graph.get(f"/users/{user['id']}")) == user
    assert body(graph.get("/users('$c@contoso.example')"))["userPrincipalName"] == "$c@contoso.example"
    missing = unknown()
    assert refusal(graph.get(f"/users/{missing}")) == not_found(missing)
    assert refusal(graph.get("/users/nobody@contoso.example")) == not_found("nobody@contoso.example")


@pytest.mark.parametrize(("condition", "count"), [
    ("userPrincipalName eq 'PROBE@contoso.example'", 1),
    ("mail eq 'probe@contoso.example'", 1),
    ("mail eq null", 1),
    ("startswith(userPrincipalName,'contracts')", 2),
    ("startsWith(displayName,'contracts') or startsWith(displayName,'mail')", 3),
    ("accountEnabled eq true and mail eq 'shared@contoso.example'", 0),
    ("proxyAddresses/any(a:startswith(a,'SMTP:probe'))", 1),
])
def test_filters(graph: Graph, condition: str, count: int) -> None:
    assert len(graph.values("/users", params={"$filter": condition})) == count


def test_a_basic_profile_is_all_that_user_readbasic_shows_and_takes_into_a_filter(clean: RunningSandbox) -> None:
    with Graph(clean, "User.ReadBasic.All") as basic:
        shown = body(basic.get("/users/shared@contoso.example?$select=mail,proxyAddresses,assignedLicenses"))
        assert (shown["mail"], shown["proxyAddresses"], shown["assignedLicenses"]) == ("shared@contoso.example", [], [])
        assert len(basic.values("/users", params={"$filter": "mail eq 'shared@contoso.example'"})) == 1
        for condition in ("proxyAddresses/any(one:one eq 'smtp:shared@contoso.example')", "accountEnabled eq false"):
            refused = refusal(basic.get("/users", params={"$filter": condition}))
            assert refused[:2] == (403, "Authorization_RequestDenied")


def test_ends_with_is_advanced(graph: Graph) -> None:
    query = {"$filter": "endsWith(mail,'@contoso.example')"}
    assert refusal(graph.get("/users", params=query)) == UNSUPPORTED
    found = graph.values("/users", params={**query, "$count": "true"}, headers=EVENTUAL)
    seeded = graph.sandbox.control("GET", "/tenant")["collections"]["users"].values()
    assert {user["id"] for user in found} == {user["id"] for user in seeded if user["mail"]}


def test_select_shows_more(graph: Graph) -> None:
    shown = body(graph.get("/users/shared@contoso.example?$select=id,accountEnabled,proxyAddresses,assignedLicenses"))
    assert {name: value for name, value in shown.items() if not name.startswith("@") and name != "id"} == {
        "accountEnabled": False, "proxyAddresses": ["SMTP:shared@contoso.example"], "assignedLicenses": [],
    }


def test_organization(graph: Graph) -> None:
    [organization] = graph.values("/organization")
    assert organization["id"] == graph.sandbox.env["AZURE_TENANT_ID"]
    assert organization["displayName"] == "Contoso"
    assert [domain["name"] for domain in organization["verifiedDomains"] if domain["isInitial"]] == [
        "contoso.onmicrosoft.com"
    ]
    assert body(graph.get(f"/organization/{organization['id']}?$select=id"))["id"] == organization["id"]
    missing = unknown()
    assert refusal(graph.get(f"/organization/{missing}")) == not_found(missing)
