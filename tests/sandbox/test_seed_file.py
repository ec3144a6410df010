"""What a file says is so afterwards, as often as it is seeded; or nothing of it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange
from sandbox_fixture import RunningSandbox, run_cli

GRAPH, OUTLOOK = "https://graph.microsoft.com", "https://outlook.office365.com"
APP_ID = "11111111-2222-3333-4444-555555555555"
WHOLE = f"""
users:
  - userPrincipalName: orders@fabrikam.example
    displayName: Orders
    mail: orders2@fabrikam.example
    aliases: [o@fabrikam.example]
    password: "a password"
  - {{userPrincipalName: guest@fabrikam.example, licensed: false}}
  - {{userPrincipalName: team@fabrikam.example, licensed: false, shared: true}}
  # Of the seeded people.
  - {{userPrincipalName: contracts@contoso.example, licensed: false, accountEnabled: false}}
  - {{userPrincipalName: unlicensed@contoso.example, licensed: true}}
applications:
  - displayName: Old mailer
    appId: {APP_ID}
    uniqueName: old-mailer
    owners: [Mail operations, guest@fabrikam.example]
    redirectUris: {{web: ["https://mailer.example/callback"]}}
    roles: {{{GRAPH}: [Mail.Send], {OUTLOOK}: [IMAP.AccessAsApp]}}
    scopes: {{{OUTLOOK}: [SMTP.Send]}}
    secret: one of my own
  - {{displayName: Helper, owners: [old-mailer], secret: true}}
exchange-service-principals:
  - {{application: old-mailer}}
  - {{application: Helper, DisplayName: Helper of the mailer}}
groups:
  - {{Name: Mail apps, Type: Security, PrimarySmtpAddress: apps@fabrikam.example, Members: [o@fabrikam.example]}}
management-scopes:
  - {{Name: Orders only, RecipientRestrictionFilter: "PrimarySmtpAddress -eq 'orders2@fabrikam.example'"}}
directory-roles:
  - {{principal: old-mailer, role: Exchange Administrator}}
  - {{principal: orders@fabrikam.example, role: Reports Reader}}
mailbox-permissions:
  - {{Identity: orders2@fabrikam.example, User: old-mailer}}
  - {{Identity: team@fabrikam.example, User: orders@fabrikam.example}}
recipient-permissions:
  - {{Identity: orders2@fabrikam.example, Trustee: Helper}}
sign-ins:
  - {{user: guest@fabrikam.example, clientAppUsed: IMAP4, createdDateTime: 2026-11-01T00:00:00Z}}
conditional-access-policies:
  - displayName: No passwords
    conditions:
      {{users: {{includeUsers: [All]}}, applications: {{includeApplications: [All]}}, clientAppTypes: [other]}}
    grantControls: {{operator: OR, builtInControls: [block]}}
google-users:
  - {{address: box@mail.example, aliases: [b@mail.example]}}
mailboxes:
  o@fabrikam.example: {{SmtpClientAuthenticationDisabled: false, PopEnabled: false}}
organization-config: {{BasicAuthenticationBlocked: false}}
licences: {{EntraPremium: true}}
"""


def seed(sandbox: RunningSandbox, folder: Path, content: str) -> tuple[int, str, str]:
    file = folder / "seed.yml"
    file.write_text(content)
    done = run_cli("seed", sandbox.directory, "--file", str(file))
    return done.returncode, done.stdout, done.stderr


def seeded(sandbox: RunningSandbox, folder: Path, content: str) -> dict[str, Any]:
    code, printed, complaints = seed(sandbox, folder, content)
    assert code == 0, complaints
    made: dict[str, Any] = json.loads(printed)
    return made


def collection(sandbox: RunningSandbox, name: str) -> list[dict[str, Any]]:
    return list(sandbox.control("GET", "/tenant")["collections"][name].values())


def test_a_file_is_the_tenants_once_and_twice(clean: RunningSandbox, tmp_path: Path) -> None:
    made = seeded(clean, tmp_path, WHOLE)
    users = {one["userPrincipalName"]: one for one in collection(clean, "users")}
    mailboxes = {one["address"]: one for one in collection(clean, "mailboxes")}
    orders = mailboxes["orders2@fabrikam.example"]
    assert orders["addresses"] == ["orders2@fabrikam.example", "o@fabrikam.example"]
    assert (orders["SmtpClientAuthenticationDisabled"], orders["PopEnabled"], orders["ImapEnabled"]) == (
        False, False, True,
    )
    assert users["guest@fabrikam.example"]["mail"] is None
    assert users["team@fabrikam.example"]["assignedLicenses"] == []
    assert mailboxes["team@fabrikam.example"]["RecipientTypeDetails"] == "SharedMailbox"
    assert "contracts@contoso.example" not in mailboxes
    assert users["contracts@contoso.example"]["accountEnabled"] is False
    assert "unlicensed@contoso.example" in mailboxes

    [mailer] = [one for one in collection(clean, "applications") if one["appId"] == APP_ID]
    assert (mailer["uniqueName"], mailer["web"]["redirectUris"]) == ("old-mailer", ["https://mailer.example/callback"])
    [principal] = [one for one in collection(clean, "service_principals") if one["appId"] == APP_ID]
    [helper] = [one for one in collection(clean, "service_principals") if one["displayName"] == "Helper"]
    [operator] = [one for one in collection(clean, "service_principals") if one["displayName"] == "Mail operations"]
    owners = clean.control("GET", "/tenant")["collections"]["owners"]
    assert owners[mailer["id"]]["ids"] == [operator["id"], users["guest@fabrikam.example"]["id"]]
    assert owners[helper["id"]]["ids"] == [principal["id"]]
    assert made["applications[0]"]["secret"] == "one of my own"
    assert made["applications[1]"]["secret"]

    # As Exchange's own cmdlets show it.
    rows = Exchange(clean, ADMINISTRATOR).run
    [permission] = rows("Get-MailboxPermission", Identity=orders["address"], User=principal["id"])
    assert permission["AccessRights"] == ["FullAccess"]
    [sending] = rows("Get-RecipientPermission", Identity=orders["address"], Trustee="Helper of the mailer")
    assert sending["AccessRights"] == ["SendAs"]
    [member] = rows("Get-DistributionGroupMember", Identity="apps@fabrikam.example")
    assert member["PrimarySmtpAddress"] == orders["address"]
    [scope] = rows("Get-ManagementScope", Identity="Orders only")
    assert orders["address"] in scope["RecipientFilter"]
    assert {principal["id"], orders["id"]} <= {
        one["principalId"] for one in collection(clean, "directory_role_assignments")
    }

    before = clean.control("GET", "/tenant")
    again = seeded(clean, tmp_path, WHOLE)
    assert [again[f"applications[{number}]"]["secret"] for number in range(2)] == [None, None]
    after = clean.control("GET", "/tenant")
    for grants in ("app_role_assignments", "management_scopes", "groups"):
        assert list(after["collections"][grants]) == list(before["collections"][grants])
    for name, objects in before["collections"].items():
        assert len(after["collections"][name]) == len(objects), name
    for name in (
        "users", "mailboxes", "applications", "service_principals", "owners", "mailbox_permissions",
        "recipient_permissions", "conditional_access_policies", "google_users", "exchange_service_principals",
        "credential_digests", "sign_in_settings",
    ):
        assert after["collections"][name] == before["collections"][name], name


def test_what_differs_is_changed_and_the_rest_is_left(clean: RunningSandbox, tmp_path: Path) -> None:
    seeded(clean, tmp_path, WHOLE)
    seeded(clean, tmp_path, f"""
users:
  - {{userPrincipalName: orders@fabrikam.example, displayName: Orders and returns, aliases: []}}
applications:
  - {{displayName: New mailer, uniqueName: old-mailer, roles: {{{GRAPH}: [Mail.Read]}}, secret: another}}
groups:
  - {{Name: Mail apps, Members: [team@fabrikam.example]}}
""")
    [mailbox] = [one for one in collection(clean, "mailboxes") if one["address"] == "orders2@fabrikam.example"]
    assert (mailbox["addresses"], mailbox["PopEnabled"]) == (["orders2@fabrikam.example"], False)
    [mailer] = [one for one in collection(clean, "applications") if one["appId"] == APP_ID]
    assert mailer["displayName"] == "New mailer"
    assert mailer["web"]["redirectUris"] == ["https://mailer.example/callback"]
    [principal] = [one for one in collection(clean, "service_principals") if one["appId"] == APP_ID]
    [graph] = [one for one in collection(clean, "service_principals") if one["displayName"] == "Microsoft Graph"]
    names = {role["id"]: role["value"] for role in graph["appRoles"]}
    granted = [one for one in collection(clean, "app_role_assignments") if one["principalId"] == principal["id"]]
    assert [names.get(one["appRoleId"]) for one in granted] == ["Mail.Read"]
    [consent] = [one for one in collection(clean, "oauth2_permission_grants") if one["clientId"] == principal["id"]]
    assert consent["scope"] == "SMTP.Send"
    [password] = mailer["passwordCredentials"]
    assert password["hint"] == "ano"
    [group] = collection(clean, "groups")
    [team] = [one for one in collection(clean, "mailboxes") if one["address"] == "team@fabrikam.example"]
    assert (group["Members"], group["PrimarySmtpAddress"]) == ([team["id"]], "apps@fabrikam.example")


@pytest.mark.parametrize(("content", "words"), [
    ("users:\n- {userPrincipalName: a@b.example}\nfolders: []", ": folders is unknown; known are users, applications"),
    ("users:\n- {userPrincipalName: a@b.example}\n- {displayName: B}", "users[1]: missing property userPrincipalName"),
    ("users:\n- {userPrincipalName: a@b.example, licensed: 'no'}", "users[0].licensed: must be true or false"),
    ("users:\n- {userPrincipalName: a@b.example}\n- {userPrincipalName: A@b.example}", "users[1]: names the same"),
    ("users: {a: b}", ": users: has to be a list"),
    ("mailboxes: [contracts@contoso.example]", "mailboxes: has to be a dictionary by address"),
    ("mailboxes: {director@contoso.example: {Imap: true}}", "director@contoso.example: unknown property Imap"),
    ("- users", ": a seed has to be a dictionary of users"),
    ("users: [", "seed.yml cannot be read"),
    ("users: [{userPrincipalName: 2026-11-01}]", "put 2026-11-01 in quotes"),
    # What only the tenant knows: the entry before it is not kept either.
    ("users:\n- {userPrincipalName: a@b.example}\n- {userPrincipalName: b@b.example, aliases: [a@b.example]}",
     "users[1]: there is a mailbox with the address a@b.example already"),
    ("users:\n- {userPrincipalName: a@b.example, licensed: false, aliases: [b@b.example]}", "users[0].aliases: are "),
    ("applications: [{displayName: A, appId: mine}]", "applications[0].appId: must be a GUID"),
    (f"applications: [{{displayName: A, roles: {{{GRAPH}: [Mail.Fly]}}}}]",
     "applications[0]: there is no resource or permission Mail.Fly"),
    ("applications: [{displayName: A}, {displayName: B, owners: [C]}]",
     "applications[1]: there is no user and no application C"),
    ("applications: [{displayName: A, uniqueName: one}, {displayName: A, uniqueName: two}]\n"
     "mailbox-permissions: [{Identity: shared@contoso.example, User: A}]",
     "mailbox-permissions[0]: several applications are called A; name one by its appId or uniqueName"),
    ("users: [{userPrincipalName: a@b.example}]\ngroups: [{Name: G, Members: [nobody@b.example]}]",
     "groups[0]: The operation couldn't be performed because object 'nobody@b.example' couldn't be found"),
    ("sign-ins: [{user: shared@contoso.example, clientAppUsed: IMAP4, createdDateTime: yesterday}]",
     "sign-ins[0].createdDateTime: must be a moment with its time zone"),
    ("management-scopes: [{Name: S, RecipientRestrictionFilter: nonsense}]", "management-scopes[0]: "),
    ("mailboxes: {guest@b.example: {ImapEnabled: true}}", "mailboxes.guest@b.example: there is no mailbox"),
])
def test_a_file_that_makes_no_sense_adds_nothing(
    clean: RunningSandbox, tmp_path: Path, content: str, words: str
) -> None:
    before = clean.control("GET", "/tenant")
    code, printed, complaints = seed(clean, tmp_path, content)
    assert (code, printed) == (1, "")
    assert words in complaints
    assert clean.control("GET", "/tenant") == before


def test_a_file_that_is_not_there(clean: RunningSandbox, tmp_path: Path) -> None:
    done = run_cli("seed", clean.directory, "--file", str(tmp_path / "nothing.yml"))
    assert done.returncode == 1
    assert "nothing.yml cannot be read" in done.stderr
