"""What a file names is added to the tenant, or nothing is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import RunningSandbox, run_cli

WHOLE = """
users:
  - {userPrincipalName: orders@fabrikam.example, displayName: Orders, password: "a password"}
  - {userPrincipalName: guest@fabrikam.example, licensed: false}
applications:
  - {displayName: Old mailer, roles: {https://graph.microsoft.com: [Mail.Send]}, secret: true}
directory-roles:
  - {user: orders@fabrikam.example, role: Exchange Administrator}
mailbox-permissions:
  - {Identity: orders@fabrikam.example, User: contracts@contoso.example}
mailboxes:
  orders@fabrikam.example: {SmtpClientAuthenticationDisabled: false, PopEnabled: false}
organization-config: {BasicAuthenticationBlocked: false}
"""


def seed(sandbox: RunningSandbox, folder: Path, content: str) -> tuple[int, str, str]:
    file = folder / "seed.yml"
    file.write_text(content)
    done = run_cli("seed", sandbox.directory, "--file", str(file))
    return done.returncode, done.stdout, done.stderr


def collection(sandbox: RunningSandbox, name: str) -> list[dict[str, Any]]:
    return list(sandbox.control("GET", "/tenant")["collections"][name].values())


def test_a_file_is_the_tenants(clean: RunningSandbox, tmp_path: Path) -> None:
    code, printed, complaints = seed(clean, tmp_path, WHOLE)
    assert code == 0, complaints
    [orders] = [one for one in collection(clean, "mailboxes") if one["address"] == "orders@fabrikam.example"]
    assert (orders["SmtpClientAuthenticationDisabled"], orders["PopEnabled"], orders["ImapEnabled"]) == (
        False, False, True,
    )
    [guest] = [one for one in collection(clean, "users") if one["userPrincipalName"] == "guest@fabrikam.example"]
    assert guest["mail"] is None
    [application] = [one for one in collection(clean, "applications") if one["displayName"] == "Old mailer"]
    assert orders["id"] in {one["principalId"] for one in collection(clean, "directory_role_assignments")}
    assert clean.control("GET", "/tenant")["organization_config"]["BasicAuthenticationBlocked"] is False
    made = json.loads(printed)
    assert made["applications[0]"]["appId"] == application["appId"]
    assert made["applications[0]"]["secret"].startswith(application["passwordCredentials"][0]["hint"])


@pytest.mark.parametrize(("content", "words"), [
    ("users:\n- {userPrincipalName: a@b.example}\ngroups: []", "groups is unknown; known are users, applications"),
    ("users:\n- {userPrincipalName: a@b.example}\n- {displayName: B}", "users[1]: missing property userPrincipalName"),
    ("users:\n- {userPrincipalName: a@b.example, licensed: 'no'}", "users[0]: licensed must be true or false"),
    ("users: {a: b}", "users: has to be a list"),
    ("mailboxes: [contracts@contoso.example]", "mailboxes: has to be a dictionary by address"),
    ("mailboxes: {director@contoso.example: {Imap: true}}", "director@contoso.example: unknown property Imap"),
    ("- users", "has to be a dictionary of users"),
    ("users: [", "cannot be read"),
])
def test_a_file_that_makes_no_sense_adds_nothing(
    clean: RunningSandbox, tmp_path: Path, content: str, words: str
) -> None:
    before = clean.control("GET", "/tenant")
    code, printed, complaints = seed(clean, tmp_path, content)
    assert (code, printed) == (1, "")
    assert words in complaints
    assert clean.control("GET", "/tenant") == before


def test_what_the_tenant_refuses_is_named_with_its_place(clean: RunningSandbox, tmp_path: Path) -> None:
    content = "users:\n- {userPrincipalName: orders@fabrikam.example}\n- {userPrincipalName: contracts@contoso.example}"
    code, _printed, complaints = seed(clean, tmp_path, content)
    assert code == 1
    assert "users[1]: POST /tenant/users: 409" in complaints
    assert "done before: users[0]" in complaints


def test_a_file_that_is_not_there(clean: RunningSandbox, tmp_path: Path) -> None:
    done = run_cli("seed", clean.directory, "--file", str(tmp_path / "nothing.yml"))
    assert done.returncode == 1
    assert "nothing.yml cannot be read" in done.stderr
