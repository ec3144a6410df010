"""Parameters of cmdlets: unknown, missing and incompatible ones, and values that are not of their type."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange
from m365_sandbox.exchange.catalog import CMDLETS
from sandbox_fixture import RunningSandbox

UNRESOLVED = "Parameter set cannot be resolved using the specified named parameters."
MAILBOX_ID = "Microsoft.Exchange.Configuration.Tasks.MailboxIdParameter"


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


def test_unknown_parameter_has_the_recorded_shape(exchange: Exchange) -> None:
    kind = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException"
    text = f"{UNRESOLVED} Invalid cmdlet parameters specified. BogusParameter"
    response = exchange.invoke("Get-Mailbox", {"BogusParameter": 1})
    assert (response.status_code, response.json()) == (400, {"error": {
        "code": "BadRequest", "message": "Invalid Operation",
        "details": [{"code": "Client", "target": "", "message": f"|{kind}|{text}"}],
        "innererror": {
            "message": "Invalid Operation", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "", "internalexception": {"message": text, "type": kind, "stacktrace": ""},
        },
    }})


def test_wrong_member_of_an_enumeration_has_the_recorded_shape(exchange: Exchange) -> None:
    response = exchange.invoke(
        "Add-MailboxPermission", {"Identity": "probe", "User": "admin", "AccessRights": ["Nonsense"]}
    )
    assert (response.status_code, response.json()) == (400, {"error": {
        "code": "BadRequest", "message": "Invalid Operation",
        "innererror": {
            "message": "Invalid Operation", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "", "internalexception": {
                "message": (
                    "Cannot process argument transformation on parameter 'AccessRights'. Cannot convert value "
                    '"Nonsense" to type "Microsoft.Exchange.Management.RecipientTasks.MailboxRights[]". Error: '
                    '"Unable to match the identifier name Nonsense to a valid enumerator name. Specify one of the '
                    "following enumerator names and try again: ChangeOwner, ChangePermission, DeleteItem, "
                    'ExternalAccount, FullAccess, ReadPermission"'
                ),
                "type": "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
                "stacktrace": "",
            },
        },
        "adminapi.warnings@odata.type": "#Collection(String)", "@adminapi.warnings": [],
    }})


@pytest.mark.parametrize(("given", "granted"), [
    ("FullAccess", ["FullAccess"]), (["fullaccess"], ["FullAccess"]), ("Full", ["FullAccess"]),
    ("Full, Read", ["FullAccess", "ReadPermission"]), (["ChangeO", "ChangeOwner"], ["ChangeOwner"]),
])
def test_beginning_of_a_member_will_do(exchange: Exchange, given: Any, granted: list[str]) -> None:
    row, = exchange.run("Add-MailboxPermission", Identity="probe", User="admin@contoso.example", AccessRights=given)
    assert row["AccessRights"] == granted


def test_a_wrong_value_that_begins_like_a_right_one_finds_nothing(exchange: Exchange) -> None:
    assert exchange.run("Get-Mailbox", RecipientTypeDetails="Room") == []


def test_ambiguous_beginning(exchange: Exchange) -> None:
    status, text = exchange.refusal(
        "Add-MailboxPermission", Identity="probe", User="admin@contoso.example", AccessRights="Change"
    )
    assert (status, text.partition("Error: ")[2]) == (400, (
        '"The identifier name Change cannot be processed because it is either too similar or identical to the '
        'following enumerator names: ChangeOwner, ChangePermission. Use a more specific identifier name."'
    ))


@pytest.mark.parametrize(("parameters", "reason"), [
    (
        {"SmtpClientAuthenticationDisabled": "maybe"},
        "'SmtpClientAuthenticationDisabled'. Cannot convert value \"System.String\" to type "
        '"System.Nullable`1[System.Boolean]". Boolean parameters accept only Boolean values and numbers, such as '
        "$True, $False, 1 or 0.",
    ),
    (
        {"ImapEnabled": "false"},
        "'ImapEnabled'. Cannot convert value \"System.String\" to type \"System.Boolean\". Boolean parameters accept "
        "only Boolean values and numbers, such as $True, $False, 1 or 0.",
    ),
    (
        {"Identity": ""},
        f"'Identity'. Cannot convert value \"\" to type \"{MAILBOX_ID}\". Error: \"Parameter values of type "
        f"{MAILBOX_ID} can't be empty. Specify a value, and try again.\r\nParameter name: identity\"",
    ),
    (
        {"Identity": {"a": 1}},
        "'Identity'. Cannot convert the \"System.Collections.Hashtable\" value of type "
        f'"System.Collections.Hashtable" to type "{MAILBOX_ID}".',
    ),
    (
        {"EwsAllowList": {"Add": ["x"]}},
        "'EwsAllowList'. Cannot convert the \"System.Collections.Hashtable\" value of type "
        '"System.Collections.Hashtable" to type "Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]".',
    ),
])
def test_values_of_another_type(exchange: Exchange, parameters: dict[str, Any], reason: str) -> None:
    status, text = exchange.refusal("Set-CASMailbox", **{"Identity": "probe", **parameters})
    assert (status, text) == (400, f"Cannot process argument transformation on parameter {reason}")


@pytest.mark.parametrize(("cmdlet", "parameters"), [
    ("Get-Mailbox", {"ResultSize": "many"}), ("Get-Mailbox", {"ResultSize": -1}),
    ("Get-EXOMailbox", {"ExternalDirectoryObjectId": "x"}), ("New-ManagementScope", {"Name": ["a"]}),
    ("Remove-ManagementScope", {"Identity": "x", "Force": "yes"}),
])
def test_more_values_of_another_type(exchange: Exchange, cmdlet: str, parameters: dict[str, Any]) -> None:
    status, text = exchange.refusal(cmdlet, **parameters)
    assert status == 400
    assert text.startswith(
        f"Cannot process argument transformation on parameter '{list(parameters)[-1]}'. Cannot convert"
    )


def test_numbers_are_booleans_too(exchange: Exchange) -> None:
    exchange.run("Set-CASMailbox", Identity="probe", PopEnabled=0)
    assert exchange.run("Get-CASMailbox", Identity="probe")[0]["PopEnabled"] is False


@pytest.mark.parametrize(("cmdlet", "parameters", "missing"), [
    ("New-ServicePrincipal", {}, "AppId ObjectId"), ("New-ServicePrincipal", {"AppId": "a"}, "ObjectId"),
    ("New-ServicePrincipal", {"AppId": "a", "ObjectId": None}, "ObjectId"),
    ("Add-MailboxPermission", {"Identity": "probe"}, "AccessRights User"),
    ("Remove-MailboxPermission", {"Identity": "probe"}, "AccessRights User"),
    ("Remove-MailboxPermission", {"Identity": "probe", "User": "admin"}, "AccessRights"),
    ("New-ManagementRoleAssignment", {"Role": "Application Mail.Send"}, "App"),
    ("Get-DistributionGroupMember", {}, "Identity"),
])
def test_missing_parameters(exchange: Exchange, cmdlet: str, parameters: dict[str, Any], missing: str) -> None:
    assert exchange.refusal(cmdlet, **parameters) == (
        400, f"Cannot process command because of one or more missing mandatory parameters: {missing}.",
    )


@pytest.mark.parametrize(("cmdlet", "parameters"), [
    ("Remove-MailboxPermission", {"Identity": "probe", "ResetDefault": True, "User": "admin"}),
    ("Get-ManagementRoleAssignment", {"Identity": "x", "Role": "Application Mail.Send"}),
    ("New-ServicePrincipal", {"AppId": "a", "ObjectId": "b", "ServiceId": "c"}),
    ("Get-Mailbox", {"Identity": "probe", "identity": "shared"}),
])
def test_parameters_that_do_not_go_together(exchange: Exchange, cmdlet: str, parameters: dict[str, Any]) -> None:
    assert exchange.refusal(cmdlet, **parameters) == (400, UNRESOLVED)


def test_documented_parameters_beyond_the_sandbox_are_errors(exchange: Exchange) -> None:
    status, text = exchange.refusal("Get-Mailbox", Archive=True)
    assert (status, text.rpartition("|")[2]) == (400, "The sandbox does not know what Get-Mailbox does with Archive.")


def test_powershells_own_parameters_pass(exchange: Exchange) -> None:
    rows = exchange.run(
        "Get-Mailbox", Identity="probe", ErrorAction="Stop", WarningAction="SilentlyContinue", Verbose=True
    )
    assert len(rows) == 1


def test_reading_cmdlets_have_no_confirm(exchange: Exchange) -> None:
    assert exchange.refusal("Get-Mailbox", Confirm=False)[1].endswith("Invalid cmdlet parameters specified. Confirm")


def test_tables_are_sound() -> None:
    for cmdlet in CMDLETS.values():
        names = [name.casefold() for one in cmdlet.parameters for name in (one.name, one.former_name) if name]
        assert len(names) == len(set(names)), cmdlet.name
        assert cmdlet.reads_only == (cmdlet.verb in ("Get", "Test")), cmdlet.name
        if cmdlet.output is not None:
            properties = [one.name for one in cmdlet.output]
            assert len(properties) == len(set(properties)), cmdlet.name
