"""exchange_mailbox_permission against the sandbox, judged by the mailboxes' entries."""

from __future__ import annotations

from typing import Any

from exchange_world import CONTRACTS, PROBE, SHARED, ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE = "exchange_mailbox_permission"
BOTH = ["full_access", "send_as"]


def entries(modules: ExchangeModules, kind: str, address: str) -> list[dict[str, Any]]:
    """The entries on a mailbox: kind "mailbox" or "recipient"."""
    found: dict[str, Any] = modules.tenant()[f"{kind}_permissions"].get(modules.mailbox_id(address), {})
    listed: list[dict[str, Any]] = found.get("entries", [])
    return listed


def rights(modules: ExchangeModules, kind: str, address: str, holder: str) -> list[str]:
    """What somebody may do, by object id."""
    who = "User" if kind == "mailbox" else "Trustee"
    return [right for one in entries(modules, kind, address) if one[who] == holder for right in one["AccessRights"]]


def test_an_application_is_given_both_rights_and_they_are_taken_away(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    given = {"app_id": app["appId"], "mailboxes": [CONTRACTS, SHARED], "rights": BOTH}
    predicted, done = exchange.four_runs(MODULE, **given)
    assert predicted["diff"] == done["diff"]
    for address in (CONTRACTS, SHARED):
        assert rights(exchange, "mailbox", address, app["servicePrincipalId"]) == ["FullAccess"]
        assert rights(exchange, "recipient", address, app["servicePrincipalId"]) == ["SendAs"]
        assert entries(exchange, "mailbox", address)[0]["AutoMapping"] is False
    assert done["permissions"] == [
        {"mailbox": CONTRACTS, "full_access": True, "send_as": True},
        {"mailbox": SHARED, "full_access": True, "send_as": True},
    ]
    _, gone = exchange.four_runs(MODULE, **given, state="absent")
    assert gone["permissions"][0] == {"mailbox": CONTRACTS, "full_access": False, "send_as": False}
    for address in (CONTRACTS, SHARED):
        assert entries(exchange, "mailbox", address) == entries(exchange, "recipient", address) == []


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    app_id = sandbox.env["M365_SANDBOX_READER_CLIENT_ID"]

    def runs(modules: ExchangeModules) -> Any:
        given = {"app_id": app_id, "mailboxes": [CONTRACTS, PROBE], "rights": BOTH}
        return [
            modules.four_runs(MODULE, **given), modules.four_runs(MODULE, **given, state="absent"),
            modules.run(MODULE, **{**given, "mailboxes": [CONTRACTS, "nobody@contoso.example", "x'$(1)"]}),
        ]

    on_every_transport(sandbox, runs)


def test_a_user_is_given_one_right(exchange: ExchangeModules) -> None:
    _, done = exchange.four_runs(MODULE, user="Admin@contoso.example", mailboxes=[SHARED], rights=["send_as"])
    assert done["principal"]["name"] == "admin@contoso.example"
    assert done["permissions"] == [{"mailbox": SHARED, "send_as": True}]
    assert rights(exchange, "recipient", SHARED, exchange.mailbox_id("admin@contoso.example")) == ["SendAs"]
    assert entries(exchange, "mailbox", SHARED) == []


def test_what_others_have_is_left_alone(exchange_rest: ExchangeModules) -> None:
    app, other = exchange_rest.known_application(), exchange_rest.application("Other")
    exchange_rest.pointer(other["appId"], other["servicePrincipalId"], "Other")
    for one in (app, other):
        exchange_rest.sandbox.control("POST", "/tenant/mailbox-permissions", {
            "Identity": SHARED, "User": one["servicePrincipalId"], "AccessRights": ["FullAccess", "ReadPermission"],
        })
    exchange_rest.four_runs(MODULE, app_id=app["appId"], mailboxes=[SHARED], rights=["full_access"], state="absent")
    assert rights(exchange_rest, "mailbox", SHARED, app["servicePrincipalId"]) == ["ReadPermission"]
    assert rights(exchange_rest, "mailbox", SHARED, other["servicePrincipalId"]) == ["FullAccess", "ReadPermission"]


def test_a_mailbox_that_is_not_there_is_named_and_nothing_is_changed(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    before = exchange_rest.tenant()
    result = exchange_rest.run(
        MODULE, app_id=app["appId"], rights=BOTH, mailboxes=[CONTRACTS, "unlicensed@contoso.example", "x@y.example"]
    )
    assert result["msg"].startswith("Exchange has no mailbox unlicensed@contoso.example, x@y.example.")
    assert "licence" in result["remedy"]
    assert exchange_rest.tenant() == before


def test_an_application_without_a_service_principal_is_told_how_to_get_one(exchange: ExchangeModules) -> None:
    app = exchange.application()
    given = {"app_id": app["appId"], "mailboxes": [CONTRACTS], "rights": BOTH}
    result = exchange.run(MODULE, **given)
    assert result["code"] == "no_service_principal"
    assert "exchange_service_principal" in result["remedy"]
    predicted = exchange.ok(MODULE, check=True, **given)
    assert predicted["changed"] is True
    assert predicted["principal"] is None
    gone = exchange.ok(MODULE, **given, state="absent")
    assert gone["changed"] is False


def test_a_wrong_object_id_is_noticed(exchange: ExchangeModules) -> None:
    app = exchange.application()
    exchange.pointer(app["appId"], app["id"])
    result = exchange.run(
        MODULE, app_id=app["appId"], object_id=app["servicePrincipalId"], mailboxes=[CONTRACTS], rights=BOTH
    )
    assert result["code"] == "wrong_object_id"
    assert "repairs" in result["remedy"]
    assert entries(exchange, "mailbox", CONTRACTS) == []


def test_an_unknown_user_is_refused(exchange_rest: ExchangeModules) -> None:
    result = exchange_rest.run(MODULE, user="nobody@contoso.example", mailboxes=[SHARED], rights=BOTH)
    assert result["code"] == "no_user"


def test_what_a_stale_read_hid_is_no_change(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    given = {"app_id": app["appId"], "mailboxes": [CONTRACTS], "rights": BOTH}
    exchange_rest.ok(MODULE, **given)
    exchange_rest.sandbox.control("POST", "/faults", {
        "face": "outlook", "kind": "replication_lag", "rate": 1, "seconds": 3600,
        "path": ".*/Get-(Mailbox|Recipient)Permission",
    })
    exchange_rest.cmdlets()
    again = exchange_rest.ok(MODULE, **given)
    assert "Add-MailboxPermission" in exchange_rest.cmdlets()
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]


def test_fifty_mailboxes_take_two_requests_each_on_one_connection(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    addresses = [f"mailbox{number}@contoso.example" for number in range(50)]
    for address in addresses:
        exchange.sandbox.control("POST", "/tenant/users", {"userPrincipalName": address})
    given = {"app_id": app["appId"], "mailboxes": addresses, "rights": ["full_access"]}
    exchange.sandbox.control("DELETE", "/requests")
    exchange.ok(MODULE, **given)
    requests = exchange.sandbox.requests("outlook")
    assert sum(one["path"].endswith("EXOModuleFile") for one in requests) == (0 if exchange.transport == "rest" else 1)
    if exchange.transport == "rest":
        assert [len(one["batch"]) for one in requests if one["batch"]] == [10] * 10
        assert len(requests) == 1 + 10
    assert exchange.cmdlets() == [
        "Get-ServicePrincipal", *["Get-MailboxPermission"] * 50, *["Add-MailboxPermission"] * 50,
    ]
    assert all(
        rights(exchange, "mailbox", address, app["servicePrincipalId"]) == ["FullAccess"]
        for address in (addresses[0], addresses[-1])
    )
    exchange.ok(MODULE, **given)
    assert exchange.cmdlets() == ["Get-ServicePrincipal", *["Get-MailboxPermission"] * 50]


def test_both_rights_on_fifty_mailboxes_stay_below_two_requests_each(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    addresses = [f"mailbox{number}@contoso.example" for number in range(50)]
    for address in addresses:
        exchange_rest.sandbox.control("POST", "/tenant/users", {"userPrincipalName": address})
    exchange_rest.count("outlook")
    exchange_rest.ok(MODULE, app_id=app["appId"], mailboxes=addresses, rights=BOTH)
    assert exchange_rest.count("outlook") == 1 + 10 + 10
