"""Mailbox and recipient permissions: what they print, and the warnings in place of errors."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, NOT_FOUND, Exchange, not_found
from graph_client import unknown
from sandbox_fixture import RunningSandbox

SHARED, ADMIN = "shared@contoso.example", "admin@contoso.example"
SELF_SID = "S-1-5-10"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


@pytest.fixture
def app(exchange: Exchange) -> dict[str, Any]:
    """An application that Exchange knows: the row of its pointer."""
    added = exchange.sandbox.control("POST", "/tenant/applications", {"displayName": "CMO mail"})
    row, = exchange.run("New-ServicePrincipal", AppId=added["appId"], ObjectId=added["servicePrincipalId"])
    return row


def entries(exchange: Exchange, collection: str, address: str) -> dict[str, Any]:
    """What the tenant keeps for a mailbox."""
    mailbox, = exchange.run("Get-Mailbox", Identity=address)
    stored: dict[str, Any] = exchange.tenant(collection)[mailbox["ExternalDirectoryObjectId"]]
    return stored


def add(exchange: Exchange, app: dict[str, Any], **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    return exchange.run_warned("Add-MailboxPermission", **{
        "Identity": SHARED, "User": app["ObjectId"], "AccessRights": ["FullAccess"], "AutoMapping": False, **options,
    })


# -- mailboxes --------------------------------------------------------------------------------------------------------


def test_every_mailbox_is_its_owners(exchange: Exchange) -> None:
    assert exchange.run("Get-MailboxPermission", Identity=SHARED) == [{
        "AccessRights": ["FullAccess", "ReadPermission"], "Deny": False, "InheritanceType": "All",
        "User": "NT AUTHORITY\\SELF", "UserSid": SELF_SID,
        "Identity": exchange.run("Get-Mailbox", Identity=SHARED)[0]["Identity"], "IsInherited": False,
        "IsValid": True, "ObjectState": "Unchanged",
    }]


@pytest.mark.parametrize("name", ["ObjectId", "AppId", "Identity", "Sid", "Guid"])
def test_application_gets_full_access(exchange: Exchange, app: dict[str, Any], name: str) -> None:
    (written,), warnings = add(exchange, app, User=app[name])
    assert (written["User"], written["UserSid"], warnings) == (app["ObjectId"], app["Sid"], [])
    read, = [row for row in exchange.run("Get-MailboxPermission", Identity=SHARED) if row["UserSid"] == app["Sid"]]
    # The written row names the object id, the read one does not: only the SID can be compared.
    assert read["User"] != written["User"]
    assert (read["AccessRights"], read["Deny"]) == (["FullAccess"], False)
    assert exchange.run("Get-MailboxPermission", Identity=SHARED, User=app[name]) == [read]
    assert entries(exchange, "mailbox_permissions", SHARED)["entries"] == [{
        "User": app["ObjectId"], "AccessRights": ["FullAccess"], "AutoMapping": False, "InheritanceType": "All",
    }]


def test_a_user_is_read_by_principal_name(exchange: Exchange) -> None:
    exchange.run("Add-MailboxPermission", Identity=SHARED, User="Administrator", AccessRights="FullAccess")
    assert exchange.run("Get-MailboxPermission", Identity=SHARED)[1]["User"] == ADMIN


def test_adding_again_is_a_warning(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app)
    response = exchange.invoke(
        "Add-MailboxPermission", {"Identity": SHARED, "User": app["ObjectId"], "AccessRights": ["FullAccess"]}
    )
    assert (response.status_code, response.json()["value"]) == (200, None)
    warning, = response.json()["@adminapi.warnings"]
    assert warning.startswith("The appropriate access control entry is already present on the object ")
    assert len(entries(exchange, "mailbox_permissions", SHARED)["entries"]) == 1


def test_rights_are_added_to_those_that_are_there(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app)
    (row,), _ = add(exchange, app, AccessRights=["ReadPermission", "FullAccess"])
    assert row["AccessRights"] == ["FullAccess", "ReadPermission"]


def test_removal_and_second_removal(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app)
    parameters = {"Identity": SHARED, "User": app["ObjectId"], "AccessRights": ["FullAccess"], "Confirm": False}
    assert exchange.run("Remove-MailboxPermission", **parameters) == []
    assert len(exchange.run("Get-MailboxPermission", Identity=SHARED)) == 1
    _, (warning,) = exchange.run_warned("Remove-MailboxPermission", **parameters)
    assert warning.startswith("Can't remove the access control entry on the object ")
    assert warning.endswith("because the ACE doesn't exist on the object.")


def test_denied_entries_are_apart(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app, Deny=True)
    stored = entries(exchange, "mailbox_permissions", SHARED)
    assert (stored["entries"], len(stored["denied"])) == ([], 1)
    assert exchange.run("Get-MailboxPermission", Identity=SHARED)[1]["Deny"] is True
    _, warnings = exchange.run_warned(
        "Remove-MailboxPermission", Identity=SHARED, User=app["ObjectId"], AccessRights="FullAccess"
    )
    assert len(warnings) == 1
    exchange.run(
        "Remove-MailboxPermission", Identity=SHARED, User=app["ObjectId"], AccessRights="FullAccess", Deny=True
    )
    assert entries(exchange, "mailbox_permissions", SHARED)["denied"] == []


def test_auto_mapping_and_defaults(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app, AutoMapping=True)
    exchange.run("Remove-MailboxPermission", Identity=SHARED, ClearAutoMapping=True)
    assert entries(exchange, "mailbox_permissions", SHARED)["entries"][0]["AutoMapping"] is False
    exchange.run("Remove-MailboxPermission", Identity=SHARED, ResetDefault=True)
    assert entries(exchange, "mailbox_permissions", SHARED)["entries"] == []


def test_entry_outlives_its_principal(exchange: Exchange, app: dict[str, Any]) -> None:
    add(exchange, app)
    exchange.run("Remove-ServicePrincipal", Identity=app["AppId"])
    assert len(exchange.run("Get-MailboxPermission", Identity=SHARED)) == 1
    orphan = exchange.run("Get-MailboxPermission", Identity=SHARED, IncludeUnresolvedPermissions=True)[1]
    assert (orphan["User"], orphan["UserSid"]) == (app["Sid"], app["Sid"])
    exchange.run("Remove-MailboxPermission", Identity=SHARED, User=app["Sid"], AccessRights="FullAccess")
    assert entries(exchange, "mailbox_permissions", SHARED)["entries"] == []


def test_who_is_not_there(exchange: Exchange) -> None:
    nobody = unknown()
    assert exchange.refusal(
        "Add-MailboxPermission", Identity=nobody, User=ADMIN, AccessRights="FullAccess"
    ) == not_found(nobody)
    assert exchange.refusal(
        "Add-MailboxPermission", Identity="unlicensed@contoso.example", User=ADMIN, AccessRights="FullAccess"
    )[0] == 404
    assert exchange.refusal("Add-MailboxPermission", Identity=SHARED, User=nobody, AccessRights="FullAccess") == (
        404,
        f'Ex6F9304|{NOT_FOUND}|User or group "{nobody}" wasn\'t found. Please make sure you\'ve typed it correctly.',
    )


@pytest.mark.parametrize("identity", [
    "shared", "Shared", "SHARED@contoso.example", "ExchangeGuid", "Guid", "ExternalDirectoryObjectId", "Name",
    "DistinguishedName",
])
def test_mailbox_is_found_by_every_name(exchange: Exchange, identity: str) -> None:
    mailbox, = exchange.run("Get-Mailbox", Identity=SHARED)
    assert exchange.run("Get-Mailbox", Identity=mailbox.get(identity, identity)) == [mailbox]


def test_name_of_two_mailboxes_is_ambiguous(exchange: Exchange) -> None:
    exchange.sandbox.control("POST", "/tenant/users", {
        "userPrincipalName": "shared2@contoso.example", "displayName": "Shared",
    })
    status, text = exchange.refusal("Get-MailboxPermission", Identity="Shared")
    assert (status, text.partition("|")[0]) == (400, "Ex9E65A2")
    assert len(exchange.run("Get-MailboxPermission", Identity=SHARED)) == 1


# -- recipients -------------------------------------------------------------------------------------------------------


def grant(exchange: Exchange, app: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    return exchange.run_warned(
        "Add-RecipientPermission", Identity=SHARED, Trustee=app["ObjectId"], AccessRights=["SendAs"], Confirm=False
    )


def test_application_may_send_as(exchange: Exchange, app: dict[str, Any]) -> None:
    (written,), warnings = grant(exchange, app)
    assert (written["Trustee"], written["TrusteeSidString"], warnings) == (app["ObjectId"], app["Sid"], [])
    itself, read = exchange.run("Get-RecipientPermission", Identity=SHARED)
    assert (itself["Trustee"], itself["AccessRights"]) == ("NT AUTHORITY\\SELF", ["SendAs"])
    assert read == {
        "Identity": itself["Identity"], "Trustee": app["Sid"], "AccessControlType": "Allow", "AccessRights": ["SendAs"],
        "IsInherited": False, "Inherited": False, "InheritanceType": "None", "TrusteeSidString": app["Sid"],
        "IsValid": True, "ObjectState": "Unchanged",
    }
    assert exchange.run("Get-RecipientPermission", Identity=SHARED, Trustee=app["AppId"]) == [read]
    assert exchange.run("Get-RecipientPermission", Trustee=app["AppId"]) == [read]
    assert entries(exchange, "recipient_permissions", SHARED)["entries"] == [
        {"Trustee": app["ObjectId"], "AccessRights": ["SendAs"]},
    ]


def test_granting_and_taking_away_twice(exchange: Exchange, app: dict[str, Any]) -> None:
    grant(exchange, app)
    rows, (warning,) = grant(exchange, app)
    assert rows == []
    assert warning.startswith("The appropriate access control entry is already present on the object ")
    parameters = {"Identity": SHARED, "Trustee": app["ObjectId"], "AccessRights": "SendAs", "Confirm": False}
    exchange.run("Remove-RecipientPermission", **parameters)
    _, (warning,) = exchange.run_warned("Remove-RecipientPermission", **parameters)
    assert warning.endswith("because the ACE isn't present.")
    assert len(exchange.run("Get-RecipientPermission", Identity=SHARED)) == 1


def test_no_such_recipient(exchange: Exchange) -> None:
    for cmdlet, more in (("Get", {}), ("Add", {"Trustee": ADMIN, "AccessRights": "SendAs"}),
                         ("Remove", {"Trustee": ADMIN, "AccessRights": "SendAs"})):
        assert exchange.refusal(f"{cmdlet}-RecipientPermission", Identity="nobody", **more) == (
            404, f"Ex6F9304|{NOT_FOUND}|Couldn't find 'nobody' as a recipient.",
        )
