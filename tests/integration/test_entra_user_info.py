"""entra_user_info against the sandbox's users."""

from __future__ import annotations

from module_runner import Modules
from sandbox_fixture import RunningSandbox

ADDRESSES = {
    "contracts@contoso.example": (True, True),
    "SHARED@contoso.example": (True, True),
    "unlicensed@contoso.example": (True, False),
    "o'nobody@contoso.example": (False, False),
}


def test_who_has_a_mailbox(clean: RunningSandbox) -> None:
    modules = Modules(clean)
    users = modules.ok("entra_user_info", addresses=list(ADDRESSES))["users"]
    assert {user["address"]: (user["found"], user["has_mailbox"]) for user in users} == ADDRESSES
    shared = modules.tenant()["users"][users[1]["object_id"]]
    assert shared["userPrincipalName"] == users[1]["user_principal_name"] == "shared@contoso.example"
    assert [len(entry["batch"]) for entry in clean.requests("graph")] == [2]


def test_many_addresses_are_few_requests(clean: RunningSandbox) -> None:
    addresses = [f"nobody.{number}@contoso.example" for number in range(40)] + ["contracts@contoso.example"]
    users = Modules(clean).ok("entra_user_info", addresses=addresses)["users"]
    assert [user["address"] for user in users] == addresses
    assert [user["found"] for user in users] == [False] * 40 + [True]
    assert [len(entry["batch"]) for entry in clean.requests("graph")] == [6]


def test_the_mailbox_goes_before_another_users_principal_name(clean: RunningSandbox) -> None:
    address = "both@contoso.example"
    for user in (
        {"userPrincipalName": address, "mail": "elsewhere@contoso.example", "licensed": True},
        {"userPrincipalName": "owner@contoso.example", "mail": address, "licensed": True},
    ):
        clean.control("POST", "/tenant/users", user)
    (found,) = Modules(clean).ok("entra_user_info", addresses=[address])["users"]
    assert found["user_principal_name"] == "owner@contoso.example"


def test_an_alias_is_its_mailboxs_unless_it_is_the_principal_name_of_another(clean: RunningSandbox) -> None:
    alias, name, owner = "j.doe@contoso.example", "doe@contoso.example", "jane@contoso.example"
    for user in (
        {"userPrincipalName": owner, "aliases": [alias, name], "licensed": True},
        {"userPrincipalName": name, "mail": "john@contoso.example", "licensed": True},
    ):
        clean.control("POST", "/tenant/users", user)
    modules = Modules(clean)
    (found,) = modules.ok("entra_user_info", addresses=[alias.upper()])["users"]
    assert (found["user_principal_name"], found["mail"], found["has_mailbox"]) == (owner, owner, True)
    failed = modules.run("entra_user_info", addresses=[name])
    assert owner in failed["msg"]
    assert f"{name} (" in failed["msg"]
    roles = {"https://graph.microsoft.com": ["User.ReadBasic.All"]}
    basic = clean.control("POST", "/tenant/applications", {"displayName": "Basic", "secret": True, "roles": roles})
    caller = {"client_id": basic["appId"], "client_secret": basic["secret"]}
    users = modules.ok("entra_user_info", addresses=[alias, owner], **caller)["users"]
    assert [user["found"] for user in users] == [False, True]


def test_a_caller_who_may_not_read_users_is_told(clean: RunningSandbox) -> None:
    weak = clean.control("POST", "/tenant/applications", {"displayName": "Weak caller", "secret": True})
    failed = Modules(clean).run(
        "entra_user_info", addresses=list(ADDRESSES), client_id=weak["appId"], client_secret=weak["secret"],
    )
    assert failed["code"] == "Authorization_RequestDenied"
    assert "User.ReadBasic.All" in failed["msg"]
