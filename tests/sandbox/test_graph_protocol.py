"""What holds for every request to Graph: tokens, headers, addresses, methods, content, query options."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from graph_client import (
    ALL,
    DENIED,
    EVENTUAL,
    UNSUPPORTED,
    Graph,
    bad,
    body,
    gateway,
    names,
    refusal,
    token_of,
    unknown,
)
from sandbox_fixture import RunningSandbox


@pytest.fixture
def graph(clean: RunningSandbox) -> Iterator[Graph]:
    with Graph(clean, *ALL) as caller:
        yield caller


def test_token_refusals(graph: Graph) -> None:
    sandbox = graph.sandbox
    expired = token_of(sandbox, graph.app_id, seconds=-60)
    foreign = token_of(sandbox, graph.app_id, resource="https://outlook.office365.com")
    good = token_of(sandbox, graph.app_id)
    header, payload, _ = good.split(".")
    _, _, other_signature = expired.split(".")

    def ask(authorization: str | None) -> tuple[int, str, str]:
        headers = {} if authorization is None else {"Authorization": authorization}
        with Graph(sandbox, token="") as anonymous:
            return refusal(anonymous.get("/applications", headers=headers))

    def invalid(message: str) -> tuple[int, str, str]:
        return 401, "InvalidAuthenticationToken", message

    assert ask(None) == invalid("Access token is empty.")
    assert ask("Bearer") == invalid("Access token is empty.")
    assert ask("Basic eDp5") == invalid("Access token is empty.")
    assert ask("Bearer nonsense") == invalid("CompactToken parsing failed with error code: 80049217")
    assert ask(f"Bearer {expired}") == invalid("Lifetime validation failed, the token is expired.")
    assert ask(f"Bearer {foreign}") == invalid("Access token validation failure. Invalid audience.")
    assert ask(f"Bearer {header}.{payload}.{other_signature}") == invalid("Signing key is invalid.")
    with Graph(sandbox, token=good) as caller:
        assert caller.get("/applications").status_code == 200


def test_response_headers(graph: Graph) -> None:
    identifier = unknown()
    response = graph.get("/applications", headers={"client-request-id": identifier})
    assert response.headers["client-request-id"] == identifier
    assert response.headers["request-id"] != identifier
    assert response.headers["odata-version"] == "4.0"
    assert response.headers["content-type"].startswith("application/json;odata.metadata=minimal;")
    assert json.loads(response.headers["x-ms-ags-diagnostic"])["ServerInfo"]
    assert "date" in response.headers
    application = graph.post("/applications", json={"displayName": "x"})
    assert application.headers["location"] == f"{graph.base_url}applications/{application.json()['id']}"


@pytest.mark.parametrize(("path", "segment"), [
    ("/nonsense", "nonsense"),
    ("/applications/x/nonsense", "nonsense"),
    ("/applications(displayName='x')", "applications"),
    ("/servicePrincipals(uniqueName='x')", "servicePrincipals"),
    ("/directory", "directory"),
])
def test_unknown_path(graph: Graph, path: str, segment: str) -> None:
    assert refusal(graph.get(path)) == gateway(f"Resource not found for the segment '{segment}'.")


def test_unknown_version_method_and_me(graph: Graph) -> None:
    beta = str(graph.base_url).replace("v1.0", "beta")
    assert refusal(graph.get(f"{beta.replace('beta', 'v2.0')}applications")) == gateway("Invalid version: v2.0")
    assert refusal(graph.get(f"{beta}applications")) == gateway("Resource not found for the segment 'applications'.")
    for method in ("PUT", "OPTIONS", "TRACE"):
        assert refusal(graph.request(method, "/applications")) == (
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
        )
    for path in ("/me", "/me/sendMail", "/me/messages"):
        assert refusal(graph.get(path)) == gateway("/me request is only valid with delegated authentication flow.")


@pytest.mark.parametrize(("content", "headers", "message"), [
    (b'{"displayName": "x"}', {},
     "Write requests (excluding DELETE) must contain the Content-Type header declaration."),
    (b"displayName=x", {"Content-Type": "application/x-www-form-urlencoded"},
     "Entity only allows writes with a JSON Content-Type header."),
    (b"", {"Content-Type": "application/json"}, "Empty Payload. JSON content expected."),
    (b"{", {"Content-Type": "application/json"},
     "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
     "format."),
    (b"[]", {"Content-Type": "application/json"},
     "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
     "format."),
])
def test_bad_content(graph: Graph, content: bytes, headers: dict[str, str], message: str) -> None:
    before = len(graph.values("/applications"))
    assert refusal(graph.post("/applications", content=content, headers=headers)) == gateway(message)
    assert len(graph.values("/applications")) == before


def test_a_missing_role_is_refused(clean: RunningSandbox) -> None:
    with Graph(clean, "User.Read.All") as caller:
        for method, path in (
            ("GET", "/applications"), ("POST", "/applications"), ("GET", "/servicePrincipals"),
            ("GET", "/oauth2PermissionGrants"), ("GET", "/directory/deletedItems/microsoft.graph.application"),
            ("POST", f"/servicePrincipals/{unknown()}/appRoleAssignments"),
        ):
            assert refusal(caller.request(method, path, json={})) == DENIED
        assert caller.get("/organization").status_code == 200
    with Graph(clean) as nobody:
        assert refusal(nobody.get("/users")) == DENIED
        assert refusal(nobody.get("/organization")) == DENIED


def test_paging_and_select(graph: Graph) -> None:
    created = [graph.application(displayName=f"Page {number}") for number in range(5)]
    first = body(graph.get("/applications?$top=2&$select=id,displayName&$filter=startswith(displayName,'Page ')"))
    assert first["@odata.context"] == f"{graph.base_url}$metadata#applications(id,displayName)"
    seen = first["value"]
    pages = 1
    while "@odata.nextLink" in first:
        first = body(graph.get(first["@odata.nextLink"]))
        seen += first["value"]
        pages += 1
    assert pages == 3
    assert seen == [{"id": one["id"], "displayName": one["displayName"]} for one in created]


def test_default_page_is_100(graph: Graph) -> None:
    seeded = len(graph.sandbox.control("GET", "/tenant")["collections"]["users"])
    for number in range(101):
        graph.sandbox.control("POST", "/tenant/users", {
            "userPrincipalName": f"crowd{number}@contoso.example", "licensed": False,
        })
    page = body(graph.get("/users"))
    assert len(page["value"]) == 100
    assert len(body(graph.get(page["@odata.nextLink"]))["value"]) == seeded + 1


@pytest.mark.parametrize(("query", "expected"), [
    ("$top=0", (400, "Request_UnsupportedQuery",
                "Invalid page size specified: '0'. Must be between 1 and 999 inclusive.")),
    ("$top=1000", (400, "Request_UnsupportedQuery",
                   "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive.")),
    ("$skip=1", bad("'$skip' is not supported by the service.")),
    ("filter=x", bad("'filter' is not supported by the service.")),
    ("$select=nonsense", gateway("Parsing OData Select and Expand failed: Could not find a property named 'nonsense' "
                                 "on type 'microsoft.graph.application'.")),
    ("$expand=nonsense", gateway("Parsing OData Select and Expand failed: Could not find a property named 'nonsense' "
                                 "on type 'microsoft.graph.application'.")),
    ("$orderby=nonsense", gateway("Could not find a property named 'nonsense' on type "
                                  "'microsoft.graph.application'.")),
    ("$orderby=notes", UNSUPPORTED),
    ("$skiptoken=nonsense", (400, "Directory_ExpiredPageToken", "The specified page token value has expired and can "
                             "no longer be included in your request.")),
    ("$skiptoken=b2Zmc2V0Oi0x", (400, "Directory_ExpiredPageToken", "The specified page token value has expired and "
                                 "can no longer be included in your request.")),
    ("$top=1&$top=2", gateway("Query option '$top' was specified more than once, but it must be specified at most "
                              "once.")),
    ("$search=%22displayName:x%22", (400, "Request_UnsupportedQuery", "Request with $search query parameter only works "
                                     "through MSGraph with a special request header: 'ConsistencyLevel: eventual'")),
    ("$filter=nonsense eq 'x'", gateway("Invalid filter clause: Could not find a property named 'nonsense' on type "
                                        "'microsoft.graph.application'.")),
    ("$filter=displayName eq", gateway("Invalid filter clause: Syntax error at position 14 in 'displayName eq'.")),
    ("$filter=notes eq 'x'", (400, "Request_UnsupportedQuery",
                              "The request uses a filter property that is not indexed")),
    ("$filter=displayName eq 1", gateway(
        "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types "
        "'Edm.String' and 'Edm.Int32' for operator kind 'Equal'.")),
])
def test_query_refusals(graph: Graph, query: str, expected: tuple[int, str, str]) -> None:
    graph.application()
    assert refusal(graph.get(f"/applications?{query}")) == expected


@pytest.mark.parametrize("condition", [
    "displayName ne 'Mail reader'", "not(displayName eq 'Mail reader')", "createdDateTime ge 2020-01-01T00:00:00Z",
])
def test_advanced_filters_need_header_and_count(graph: Graph, condition: str) -> None:
    path = f"/applications?$filter={condition}"
    assert refusal(graph.get(path)) == UNSUPPORTED
    assert refusal(graph.get(path, headers=EVENTUAL)) == UNSUPPORTED
    assert refusal(graph.get(f"{path}&$count=true")) == UNSUPPORTED
    found = body(graph.get(f"{path}&$count=true", headers=EVENTUAL))
    assert found["@odata.count"] == len(found["value"]) > 0


def test_filter_with_order_is_advanced(graph: Graph) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        graph.application(displayName=name)
    path = "/applications?$orderby=displayName desc&$filter=displayName in ('Alpha','Beta','Gamma')"
    assert refusal(graph.get(path)) == UNSUPPORTED
    assert names(graph.values(f"{path}&$count=true", headers=EVENTUAL)) == ["Gamma", "Beta", "alpha"]
    assert names(graph.values("/applications?$orderby=displayName&$top=2")) == ["alpha", "Beta"]


def test_count(graph: Graph) -> None:
    graph.application(displayName="Only")
    assert "@odata.count" not in body(graph.get("/applications?$count=true"))
    assert body(graph.get("/applications?$count=true", headers=EVENTUAL))["@odata.count"] == 4
    assert refusal(graph.get("/applications/$count")) == bad("$count is not currently supported.")
    counted = graph.get("/applications/$count?$filter=displayName ne 'Only'", headers=EVENTUAL)
    assert (counted.text, counted.headers["content-type"]) == ("3", "text/plain; charset=utf-8")


def test_caller_is_logged(graph: Graph) -> None:
    graph.sandbox.control("DELETE", "/requests")
    graph.get("/users")
    assert [entry["app_id"] for entry in graph.sandbox.requests("graph")] == [graph.app_id]
