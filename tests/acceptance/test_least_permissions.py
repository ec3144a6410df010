"""The caller that an administrator makes of an inventory can do its main job, and not one thing more.

Each permission is taken away in turn, and a step fails; with all of them, mails arrive.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from administrators import DIRECTOR, ICI, TICKETS, Administrator, bare, filled, told
from ansible_collections.mailops.modern_auth.plugins.module_utils._bootstrap.needs import PERMISSIONS
from estates import Estate, Footprint, Run

PLAYBOOK = Path(__file__).parent / "without_permissions" / "playbook.yml"
EXCHANGE_ADMINISTRATOR = "Exchange Administrator"
SUBJECT = "repo:contoso/mail:environment:production"
FORBIDDEN = "Authorization_RequestDenied"


@dataclass(frozen=True)
class Inventory:
    """An inventory, and where the lack of each permission of its caller is felt.

    :param settings: further variables, by host.
    :param lacks: the step that fails without it and with what code, by the name of the permission or of the role.
    :param sign_in: how the caller and the reader sign in; with certificates unless it says otherwise.
    """

    settings: Mapping[str, Mapping[str, Any]]
    lacks: Mapping[str, tuple[str, str]]
    sign_in: Mapping[str, Any]


_IN_EXCHANGE = {
    "Exchange.ManageAsApp": ("mail_accesses", "401"), EXCHANGE_ADMINISTRATOR: ("mail_accesses", "403"),
}
#: What is lacked first is lacked on a tenant where nothing was done yet; what is done is not done again.
INVENTORIES = {
    "several products": Inventory(
        {TICKETS: {}, ICI: {"mail_access": {"scope": "mailboxes"}}},
        {
            "Application.ReadWrite.OwnedBy": ("mail_applications", FORBIDDEN),
            "Application.Read.All": ("mail_applications", FORBIDDEN),
            "AppRoleAssignment.ReadWrite.All": ("mail_applications", FORBIDDEN),
            "DelegatedPermissionGrant.Read.All": ("mail_applications", FORBIDDEN),
            "User.ReadBasic.All": ("mail_mailboxes", FORBIDDEN),
            **_IN_EXCHANGE,
        },
        {"mail_reader": {"secret_path": "~/.mailops/reader.json"}},
    ),
    "somebody else's application": Inventory(
        {"ici-test-1": {
            "mail_app": {
                "unique_name": "contracts-mail-test", "name": "Contracts mail (test)", "adopt": True,
                "owners": [DIRECTOR], "permissions": [{"resource": "Microsoft Graph", "delegated": ["User.Read"]}],
            },
            "mail_access": {"scope": "mailboxes"},
        }},
        {
            "Application.ReadWrite.All": ("mail_applications", FORBIDDEN),
            "DelegatedPermissionGrant.ReadWrite.All": ("mail_applications", FORBIDDEN),
            "Directory.Read.All": ("mail_applications", FORBIDDEN),
            **_IN_EXCHANGE,
        },
        {"mail_caller": {"federated": {"issuer": "{{ sandbox.M365_SANDBOX_ISSUER_URL }}", "subject": SUBJECT}}},
    ),
}


def test_every_permission_is_some_inventorys() -> None:
    covered = {name for inventory in INVENTORIES.values() for name in inventory.lacks}
    assert covered - {EXCHANGE_ADMINISTRATOR} == PERMISSIONS


@pytest.mark.parametrize("name", INVENTORIES)
def test_each_permission_is_needed(name: str, administrator: Administrator, estate: Estate) -> None:
    inventory = INVENTORIES[name]
    # One of the inventories adopts it.
    estate.sandbox.control("POST", "/tenant/applications", {"displayName": "Contracts mail (test)"})
    variables = bare(estate, *inventory.settings, settings=inventory.settings)
    made = administrator.run(*estate.hosts(**variables), "-e", json.dumps(inventory.sign_in))
    assert made.code == 0, made.output
    held = assignments(estate.footprint(), told(made)["mail_entra"]["client_id"])
    assert set(held) == set(inventory.lacks)

    refusals, done = without_each(
        administrator, {lacked: held[lacked] for lacked in inventory.lacks}, filled(variables, made)
    )
    assert {lacked: (one["step"], one["code"]) for lacked, one in refusals.items()} == inventory.lacks
    for lacked, one in refusals.items():
        assert lacked in one["msg"]
    assert done.results == dict.fromkeys(inventory.settings, "delivered")


def assignments(now: Footprint, client_id: str) -> dict[str, dict[str, Any]]:
    """What a service principal holds, by name: the path in Microsoft Graph, and the assignment."""
    [principal] = [one["id"] for one in now.objects("service_principals") if one["appId"] == client_id]
    names = {role["id"]: role["value"] for one in now.objects("service_principals") for role in one["appRoles"]}
    held = {
        names[one["appRoleId"]]: {"path": f"/servicePrincipals/{principal}/appRoleAssignments", "assignment": one}
        for one in now.objects("app_role_assignments") if one["principalId"] == principal
    }
    for one in now.objects("directory_role_assignments"):
        if one["principalId"] == principal:
            held[EXCHANGE_ADMINISTRATOR] = {"path": "/roleManagement/directory/roleAssignments", "assignment": one}
    return held


def without_each(
    administrator: Administrator, held: Mapping[str, Any], variables: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], Run]:
    """What the lack of each assignment leads to, and the main job after that."""
    estate = administrator.estate
    refusals = estate.home / "tmp" / "refusals.json"
    program, *rest = estate.command(*estate.hosts(
        all={"assignments": held, "token_file": str(administrator.token_file), "refusals_file": str(refusals)},
        **variables,
    ))
    token = estate.home / "token"
    token.write_text(estate.sandbox.control("POST", "/issuer/tokens", {"subject": SUBJECT})["token"])
    environment = {**estate.environment(), "AZURE_FEDERATED_TOKEN_FILE": str(token)}
    done = subprocess.run(
        [program, str(PLAYBOOK), *rest], env=environment, cwd=estate.home, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return json.loads(refusals.read_text()), Run(done.returncode, done.stdout)
