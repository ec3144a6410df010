"""exchange_application_scope and its read-only twin against the sandbox, judged by scopes and role assignments."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_world import CONTRACTS, PROBE, SHARED, ExchangeModules, on_every_transport
from sandbox_fixture import RunningSandbox

MODULE, INFO = "exchange_application_scope", "exchange_application_scope_info"
SEND, READ = "Application Mail.Send", "Application Mail.Read"


def assigned(modules: ExchangeModules, object_id: str) -> set[tuple[str, str | None]]:
    """(role, scope name) of everything that is assigned to an application."""
    tenant = modules.tenant()
    scopes = {guid: scope["Name"] for guid, scope in tenant["management_scopes"].items()}
    return {
        (one["Role"], scopes.get(one["CustomResourceScope"] or ""))
        for one in tenant["management_role_assignments"].values() if one["App"] == object_id and one["Enabled"]
    }


def powershell(modules: ExchangeModules, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = modules.ok("exchange_powershell", cmdlet=cmdlet, parameters=parameters)["rows"]
    return rows


def test_roles_in_named_mailboxes_and_their_removal(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    given = {"app_id": app["appId"], "roles": ["Mail.Send", READ]}
    predicted, done = exchange.four_runs(MODULE, **given, mailboxes=[SHARED, CONTRACTS])
    name = f"mailops {app['appId']}"
    assert predicted["diff"] == done["diff"]
    assert assigned(exchange, app["servicePrincipalId"]) == {(SEND, name), (READ, name)}
    assert done["scope"] == {"name": name, "mailboxes": [CONTRACTS, SHARED], "group": None, "filter": None}
    assert done["roles"] == [READ, SEND]
    assert done["defeated_by"] == done["other_assignments"] == done["access_policies"] == []
    info = exchange.ok(INFO, app_id=app["appId"], mailboxes=[CONTRACTS, PROBE])
    assert info["mailboxes"] == [
        {"mailbox": CONTRACTS, "roles": [READ, SEND], "permissions": ["Mail.Read", "Mail.Send"]},
        {"mailbox": PROBE, "roles": [], "permissions": []},
    ]
    _, gone = exchange.four_runs(MODULE, app_id=app["appId"], state="absent")
    assert gone["scope"] is None
    tenant = exchange.tenant()
    assert tenant["management_scopes"] == tenant["management_role_assignments"] == {}


def test_mailboxes_and_roles_are_set_anew(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    exchange.ok(MODULE, app_id=app["appId"], roles=[SEND, READ], mailboxes=[CONTRACTS, SHARED])
    _, done = exchange.four_runs(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[PROBE])
    assert done["diff"]["before"]["scope"]["mailboxes"] == [CONTRACTS, SHARED]
    assert done["scope"]["mailboxes"] == [PROBE]
    assert {role for role, _scope in assigned(exchange, app["servicePrincipalId"])} == {SEND, READ}
    _, purged = exchange.four_runs(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[PROBE], purge=True)
    assert purged["roles"] == [SEND]
    assert {role for role, _scope in assigned(exchange, app["servicePrincipalId"])} == {SEND}
    (scope,) = exchange.objects("management_scopes")
    assert scope["RecipientFilter"] == f"PrimarySmtpAddress -eq '{PROBE}'"


def test_members_of_a_group(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    powershell(exchange, "New-DistributionGroup", Name="Senders, 'all'", Alias="senders", Members=[CONTRACTS])
    _, done = exchange.four_runs(
        MODULE, app_id=app["appId"], roles=["SMTP.SendAsApp"], group="senders@contoso.example", scope_name="It's $(x)"
    )
    assert done["scope"]["name"] == "It's $(x)"
    assert done["scope"]["mailboxes"] is None
    assert done["scope"]["group"].startswith("cn=senders")
    info = exchange.ok(INFO, app_id=app["appId"], mailboxes=[CONTRACTS, SHARED])
    assert [one["roles"] for one in info["mailboxes"]] == [["Application SMTP.SendAsApp"], []]


def test_an_equal_scope_is_taken_over_and_stays(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    equal = f"((PrimarySmtpAddress -eq '{SHARED}') -or (PrimarySmtpAddress -eq '{CONTRACTS.upper()}'))"
    powershell(exchange, "New-ManagementScope", Name="By hand", RecipientRestrictionFilter=equal)
    given = {"app_id": app["appId"], "roles": [SEND], "mailboxes": [CONTRACTS, SHARED]}
    _, done = exchange.four_runs(MODULE, **given)
    assert done["scope"]["name"] == "By hand"
    assert assigned(exchange, app["servicePrincipalId"]) == {(SEND, "By hand")}
    exchange.four_runs(MODULE, **given, state="absent")
    assert assigned(exchange, app["servicePrincipalId"]) == set()
    assert len(exchange.objects("management_scopes", Name="By hand")) == 1


def test_results_are_the_same_on_every_transport(sandbox: RunningSandbox) -> None:
    app_id = sandbox.env["M365_SANDBOX_READER_CLIENT_ID"]

    def runs(modules: ExchangeModules) -> Any:
        given = {"app_id": app_id, "roles": [SEND]}
        return [
            modules.four_runs(MODULE, **given, mailboxes=[CONTRACTS]),
            modules.four_runs(MODULE, **given, mailboxes=[CONTRACTS, PROBE], purge=True),
            {**modules.ok(INFO, app_id=app_id, mailboxes=[CONTRACTS, SHARED])},
            modules.run(MODULE, **given, mailboxes=["nobody@contoso.example"]),
            modules.four_runs(MODULE, **given, state="absent"),
        ]

    on_every_transport(sandbox, runs)


def test_an_entra_grant_that_defeats_the_scope_is_reported(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application(graph=["Mail.Send", "Mail.ReadWrite", "User.Read.All"])
    result = exchange_rest.ok(MODULE, app_id=app["appId"], roles=[SEND, READ], mailboxes=[CONTRACTS])
    assert [(one["granted_in"], one["permission"]) for one in result["defeated_by"]] == [
        ("entra", "Mail.Send"), ("entra", "Mail.ReadWrite"),
    ]
    assert "entra_admin_consent" in str(result["warnings"])
    silent = exchange_rest.ok(
        MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS], check_entra_grants=False
    )
    assert silent["defeated_by"] == []
    assert "warnings" not in silent


def test_smtp_send_as_app_in_entra_defeats_the_role_of_that_name(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application(exchange=["SMTP.SendAsApp"])
    result = exchange_rest.ok(MODULE, app_id=app["appId"], roles=["SMTP.SendAsApp"], mailboxes=[CONTRACTS])
    assert result["defeated_by"] == [{
        "granted_in": "entra", "permission": "SMTP.SendAsApp", "resource": "Office 365 Exchange Online", "scope": None,
    }]


def test_a_role_without_a_scope_is_reported_and_purged(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    powershell(exchange_rest, "New-ManagementRoleAssignment", Role="Application Mail Full Access",
               App=app["servicePrincipalId"])
    given = {"app_id": app["appId"], "roles": [SEND], "mailboxes": [CONTRACTS]}
    result = exchange_rest.ok(MODULE, **given)
    assert result["defeated_by"] == [{
        "granted_in": "exchange", "permission": "Application Mail Full Access", "resource": None, "scope": None,
    }]
    assert "every mailbox" in str(result["warnings"])
    purged = exchange_rest.ok(MODULE, **given, purge=True)
    assert purged["defeated_by"] == purged["other_assignments"] == []
    assert {role for role, _scope in assigned(exchange_rest, app["servicePrincipalId"])} == {SEND}


def test_a_disabled_assignment_is_enabled(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    given = {"app_id": app["appId"], "roles": [SEND], "mailboxes": [CONTRACTS]}
    exchange_rest.ok(MODULE, **given)
    (one,) = exchange_rest.objects("management_role_assignments")
    powershell(exchange_rest, "Set-ManagementRoleAssignment", Identity=one["Name"], Enabled=False)
    predicted, done = exchange_rest.four_runs(MODULE, **given)
    assert predicted["diff"] == done["diff"]
    assert exchange_rest.objects("management_role_assignments")[0]["Enabled"] is True


def test_access_policies_are_reported_and_left_alone(exchange: ExchangeModules) -> None:
    app = exchange.known_application()
    powershell(exchange, "New-DistributionGroup", Name="Allowed", Type="Security")
    powershell(exchange, "New-ApplicationAccessPolicy", AppId=app["appId"], AccessRight="RestrictAccess",
               PolicyScopeGroupId="Allowed")
    policies = exchange.tenant()["application_access_policies"]
    result = exchange.ok(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS])
    (policy,) = result["access_policies"]
    assert policy["access_right"] == "RestrictAccess"
    assert "Remove-ApplicationAccessPolicy" in str(result["warnings"])
    assert exchange.tenant()["application_access_policies"] == policies
    assert exchange.ok(INFO, app_id=app["appId"])["access_policies"] == result["access_policies"]


def test_a_scope_that_others_use_stays(exchange_rest: ExchangeModules) -> None:
    apps = [exchange_rest.known_application(), exchange_rest.application("Other")]
    exchange_rest.pointer(apps[1]["appId"], apps[1]["servicePrincipalId"], "Other")
    for app in apps:
        exchange_rest.ok(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS], scope_name="Shared scope")
    given = {"scope_name": "Shared scope", "state": "absent"}
    _, first = exchange_rest.four_runs(MODULE, app_id=apps[0]["appId"], **given)
    assert first["scope"]["name"] == "Shared scope"
    assert assigned(exchange_rest, apps[1]["servicePrincipalId"]) == {(SEND, "Shared scope")}
    exchange_rest.four_runs(MODULE, app_id=apps[1]["appId"], **given)
    assert exchange_rest.objects("management_scopes") == []


def test_the_scope_that_an_application_left_behind_is_removed(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    exchange_rest.ok(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS])
    exchange_rest.ok("exchange_service_principal", app_id=app["appId"], state="absent")
    assert len(exchange_rest.objects("management_scopes")) == 1
    exchange_rest.four_runs(MODULE, app_id=app["appId"], state="absent")
    assert exchange_rest.objects("management_scopes") == []


def test_an_application_that_exchange_does_not_know(exchange: ExchangeModules) -> None:
    app = exchange.application()
    given = {"app_id": app["appId"], "roles": [SEND], "mailboxes": [CONTRACTS]}
    refused = exchange.run(MODULE, **given)
    assert refused["code"] == "no_service_principal"
    assert "exchange_service_principal" in refused["remedy"]
    predicted = exchange.ok(MODULE, check=True, **given)
    assert predicted["changed"] is True
    assert predicted["roles"] == [SEND]
    info = exchange.ok(INFO, app_id=app["appId"], mailboxes=[CONTRACTS])
    assert info["service_principal"] is None
    assert info["mailboxes"] == [{"mailbox": CONTRACTS, "roles": [], "permissions": []}]


def test_a_wrong_object_id_is_noticed(exchange: ExchangeModules) -> None:
    app = exchange.application()
    exchange.pointer(app["appId"], app["id"])
    result = exchange.run(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS])
    assert result["code"] == "wrong_object_id"
    assert "repairs" in result["remedy"]
    assert exchange.tenant()["management_scopes"] == {}


@pytest.mark.parametrize(("arguments", "message", "remedy"), [
    ({"roles": ["Mail.Sent"], "mailboxes": [CONTRACTS]}, "no application role Mail.Sent", "Application Mail.Send"),
    ({"roles": ["IMAP.AccessAsApp"], "mailboxes": [CONTRACTS]}, "no application role", "exchange_mailbox_permission"),
    ({"roles": [SEND], "mailboxes": []}, "mailboxes is empty", "state absent"),
    ({"roles": [], "mailboxes": [CONTRACTS]}, "roles is empty", "state absent"),
    ({"roles": [SEND], "mailboxes": ["unlicensed@contoso.example"]}, "no mailbox unlicensed@", "licence"),
    ({"roles": [SEND], "group": "nothing@contoso.example"}, "no group nothing@", "name or address"),
    ({"roles": [SEND], "group": CONTRACTS}, "is no group", "Microsoft 365 group"),
])
def test_bad_input_touches_nothing(
    exchange_rest: ExchangeModules, arguments: dict[str, Any], message: str, remedy: str
) -> None:
    app = exchange_rest.known_application()
    before = exchange_rest.tenant()
    result = exchange_rest.run(MODULE, app_id=app["appId"], **arguments)
    assert message in result["msg"]
    assert remedy in result["remedy"]
    assert exchange_rest.tenant() == before


def test_two_scopes_that_cannot_be_one(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    for name, address in (("One", CONTRACTS), ("Two", SHARED)):
        powershell(exchange_rest, "New-ManagementScope", Name=name,
                   RecipientRestrictionFilter=f"PrimarySmtpAddress -eq '{address}'")
    result = exchange_rest.run(
        MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[SHARED], scope_name="One"
    )
    assert "scope_name: Two" in result["remedy"]


def test_a_scope_lets_graph_send_as_its_mailboxes_only(exchange_rest: ExchangeModules) -> None:
    modules = exchange_rest
    app = modules.sandbox.control("POST", "/tenant/applications", {"displayName": "Contracts mail", "secret": True})
    modules.pointer(app["appId"], app["servicePrincipalId"])
    modules.ok(MODULE, app_id=app["appId"], roles=[SEND], mailboxes=[CONTRACTS])
    env = modules.sandbox.env
    credentials = {"client_id": app["appId"], "client_secret": app["secret"], "tenant_id": env["AZURE_TENANT_ID"]}
    receive = {
        "transport": "graph", "mailbox": PROBE, "tenant_id": env["AZURE_TENANT_ID"],
        "client_id": env["M365_SANDBOX_READER_CLIENT_ID"],
        "client_secret": env["M365_SANDBOX_READER_CLIENT_SECRET"],
    }
    for mailbox, expect in ((CONTRACTS, "delivered"), (SHARED, "refused")):
        modules.ok(
            "mail_delivery", expect=expect, to=PROBE, receive=receive,
            send={"transport": "graph", "mailbox": mailbox, **credentials},
        )


def test_requests_over_rest(exchange_rest: ExchangeModules) -> None:
    app = exchange_rest.known_application()
    given = {"app_id": app["appId"], "roles": [SEND, READ], "mailboxes": [CONTRACTS, SHARED]}
    exchange_rest.ok(MODULE, **given)
    exchange_rest.count("outlook")
    exchange_rest.ok(MODULE, **given)
    assert exchange_rest.count("outlook") == 3  # the service principal, the mailboxes, what is there
    exchange_rest.ok(INFO, app_id=app["appId"], mailboxes=[CONTRACTS] * 3 + [SHARED])
    assert exchange_rest.cmdlets() == [
        "Get-ServicePrincipal", "Get-ManagementScope", "Get-ManagementRoleAssignment", "Get-ApplicationAccessPolicy",
        *["Test-ServicePrincipalAuthorization"] * 2,
    ]
