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


def mailboxes(modules: ExchangeModules, number: int) -> list[str]:
    """New mailboxes, by address."""
    addresses = [f"mailbox{one}@contoso.example" for one in range(number)]
    for address in addresses:
        modules.sandbox.control("POST", "/tenant/users", {"userPrincipalName": address})
    return addresses


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


def test_one_right_on_fifty_mailboxes_takes_two_requests_each_in_batches(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    given = {"app_id": app["appId"], "mailboxes": mailboxes(exchange_rest, 50), "rights": ["full_access"]}
    exchange_rest.sandbox.control("DELETE", "/requests")
    exchange_rest.ok(MODULE, **given)
    requests = exchange_rest.sandbox.requests("outlook")
    assert [len(one["batch"]) for one in requests if one["batch"]] == [10] * 10
    assert len(requests) == 1 + 10
    assert exchange_rest.cmdlets() == [
        "Get-ServicePrincipal", *["Get-MailboxPermission"] * 50, *["Add-MailboxPermission"] * 50,
    ]
    exchange_rest.ok(MODULE, **given)
    assert exchange_rest.cmdlets() == ["Get-ServicePrincipal", *["Get-MailboxPermission"] * 50]


def test_both_rights_on_fifty_mailboxes_take_two_requests_each(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    addresses = mailboxes(exchange, 50)
    given = {"app_id": app["appId"], "mailboxes": addresses, "rights": BOTH}
    look = ["Get-ServicePrincipal", *["Get-Mailbox"] * 3, "Get-RecipientPermission"]
    read = ["Get-MailboxPermission"] * 50

    def cmdlets(outcome: bool, **more: Any) -> list[str]:
        """The cmdlets of a run that changes something, or does not."""
        exchange.sandbox.control("DELETE", "/requests")
        done = exchange.ok(MODULE, **given, **more)
        assert done["changed"] is outcome
        assert (done["diff"]["before"] != done["diff"]["after"]) is outcome
        requests = exchange.sandbox.requests("outlook")
        connections = sum(one["path"].endswith("EXOModuleFile") for one in requests)
        assert connections == (0 if exchange.transport == "rest" else 1)
        return exchange.cmdlets()

    wrong = exchange.run(MODULE, **{**given, "mailboxes": [*addresses, "x@y.example"]})
    assert wrong["code"] == "no_mailbox"
    assert not entries(exchange, "mailbox", addresses[0])
    first = cmdlets(True)
    assert first[:5] == look
    assert sorted(first[5:]) == [*["Add-MailboxPermission"] * 50, *["Add-RecipientPermission"] * 50]
    for address in (addresses[0], addresses[-1]):
        assert rights(exchange, "mailbox", address, app["servicePrincipalId"]) == ["FullAccess"]
        assert rights(exchange, "recipient", address, app["servicePrincipalId"]) == ["SendAs"]
    assert cmdlets(False) == [*look, *read]
    gone = cmdlets(True, state="absent")
    assert sorted(gone[5:]) == [*["Remove-MailboxPermission"] * 50, *["Remove-RecipientPermission"] * 50]
    assert not entries(exchange, "mailbox", addresses[0])


def test_rights_that_stood_before_are_told_apart_though_they_were_not_read(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    addresses = mailboxes(exchange_rest, 6)
    given = {"app_id": app["appId"], "rights": BOTH}
    exchange_rest.ok(MODULE, **{**given, "mailboxes": addresses[:2], "rights": ["full_access"]})
    exchange_rest.ok(MODULE, **{**given, "mailboxes": addresses[1:3], "rights": ["send_as"]})
    predicted = exchange_rest.ok(MODULE, check=True, **given, mailboxes=addresses)
    done = exchange_rest.ok(MODULE, **given, mailboxes=addresses)
    assert predicted["diff"] == done["diff"]
    assert [tuple(one.values())[1:] for one in done["diff"]["before"]["permissions"][:4]] == [
        (True, False), (True, True), (False, True), (False, False),
    ]
    exchange_rest.ok(MODULE, **{**given, "mailboxes": addresses[:1], "rights": ["full_access"]}, state="absent")
    exchange_rest.ok(MODULE, **{**given, "mailboxes": addresses[1:2], "rights": ["send_as"]}, state="absent")
    predicted = exchange_rest.ok(MODULE, check=True, **given, mailboxes=addresses, state="absent")
    done = exchange_rest.ok(MODULE, **given, mailboxes=addresses, state="absent")
    assert predicted["diff"] == done["diff"]
    assert not any(
        entries(exchange_rest, kind, address) for kind in ("mailbox", "recipient") for address in addresses
    )
