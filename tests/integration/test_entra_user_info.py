"""entra_user_info against the sandbox's users."""

from __future__ import annotations

from module_runner import Modules
from sandbox_fixture import RunningSandbox


def test_who_has_a_mailbox(clean: RunningSandbox) -> None:
    addresses = ["contracts@contoso.example", "SHARED@contoso.example", "unlicensed@contoso.example", "o'nobody@contoso.example"]
    users = Modules(clean).ok("entra_user_info", addresses=addresses)["users"]
    assert [user["address"] for user in users] == addresses
    assert [(user["found"], user["has_mailbox"]) for user in users] == [
        (True, True), (True, True), (True, False), (False, False),
    ]
    tenant = Modules(clean).tenant()["users"]
    assert tenant[users[1]["object_id"]]["userPrincipalName"] == users[1]["user_principal_name"] == "shared@contoso.example"
    assert [len(entry["batch"]) for entry in clean.requests("graph")] == [4]


def test_a_caller_who_may_not_read_users_is_told(clean: RunningSandbox) -> None:
    weak = clean.control("POST", "/tenant/applications", {"displayName": "Weak caller", "secret": True})
    failed = Modules(clean).run(
        "entra_user_info", addresses=["contracts@contoso.example"], client_id=weak["appId"], client_secret=weak["secret"],
    )
    assert failed["code"] == "Authorization_RequestDenied"
    assert "User.ReadBasic.All" in failed["msg"]
