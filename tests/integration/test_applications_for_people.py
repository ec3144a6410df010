# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An application for which people sign in, and the object ids that a configuration names. The tenant judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from mail_world import SENDER
from module_runner import Modules
from playbook_runner import Outcome, play
from sandbox_fixture import RunningSandbox

PASSWORD = b"pass word"
DELEGATED = ["Mail.Send", "Mail.ReadWrite", "offline_access"]


class Tenant:
    """One application, as a person writes about it, and what became of it."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.modules = Modules(sandbox)
        (folder / "password").write_bytes(PASSWORD)
        self.wanted: dict[str, Any] = {
            "unique_name": "people", "display_name": "For people",
            "store": {"kind": "ansible_vault", "path": str(folder / "store.yml"), "password_file": "password"},
            "credential": "none", "public_client": True, "redirect_uris": {"public_client": ["http://localhost"]},
            "permissions": [{"resource": "Microsoft Graph", "delegated": DELEGATED}],
        }

    def run(self, *arguments: str, **task: Any) -> Outcome:
        environment = {
            name: value for name, value in self.sandbox.env.items() if name.startswith(("AZURE_", "MAILOPS_"))
        }
        step = {
            "mailops.modern_auth.mail_applications": {"applications": [self.wanted], **task},
            "run_once": True, "delegate_to": "localhost",
        }
        return play(self.folder, [step], "--diff", *arguments, environment=environment)

    def application(self) -> dict[str, Any]:
        [found] = [one for one in self.modules.objects("applications") if one.get("uniqueName") == "people"]
        return dict(found)

    def scopes(self) -> list[str]:
        """What was consented to for everybody."""
        principals = {one["id"] for one in self.modules.objects("service_principals")
                      if one["appId"] == self.application()["appId"]}
        grants = [one for one in self.modules.objects("oauth2_permission_grants") if one["clientId"] in principals]
        return sorted(scope for one in grants for scope in one["scope"].split())

    def stored(self) -> dict[str, Any]:
        vault = VaultLib([("default", VaultSecret(PASSWORD))])
        content = yaml.safe_load(vault.decrypt((self.folder / "store.yml").read_bytes()))
        entry: dict[str, Any] = content["applications"]["people"]
        return entry


@pytest.fixture
def tenant(clean: RunningSandbox, tmp_path: Path) -> Tenant:
    return Tenant(clean, tmp_path)


def test_a_public_client_gets_consent_and_no_secret_in_four_runs(tenant: Tenant) -> None:
    for arguments, changed in ((("--check",), True), ((), True), (("--check",), False), ((), False)):
        done = tenant.run(*arguments)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
    application = tenant.application()
    assert application["isFallbackPublicClient"] is True
    assert application["publicClient"]["redirectUris"] == ["http://localhost"]
    assert application["passwordCredentials"] == []
    assert tenant.scopes() == sorted(DELEGATED)
    assert tenant.stored() == {
        "tenant_id": tenant.sandbox.env["AZURE_TENANT_ID"], "client_id": application["appId"],
        "object_id": application["id"],
    }


def test_the_consent_may_be_left_to_the_person(tenant: Tenant) -> None:
    tenant.wanted["consent"] = "account"
    assert tenant.run().code == 0
    assert tenant.scopes() == []
    # It is registered all the same, so that the person is asked for it.
    assert len(tenant.application()["requiredResourceAccess"][0]["resourceAccess"]) == len(DELEGATED)
    assert tenant.run().last()["changed"] is False


def test_users_are_looked_up_and_kept_with_the_application(tenant: Tenant) -> None:
    tenant.wanted |= {"credential": "client_secret", "users": [SENDER]}
    assert tenant.run().code == 0
    [user] = [one for one in tenant.modules.objects("users") if one.get("mail") == SENDER]
    entry = tenant.stored()
    assert entry["users"] == {SENDER: user["id"]}
    assert len(tenant.application()["passwordCredentials"]) == 1
    assert tenant.run().last()["changed"] is False

    tenant.wanted["users"].append("nobody@contoso.example")
    unknown = tenant.run()
    assert "nobody@contoso.example: no user has that principal name or primary address" in unknown.last()["msg"]
    assert tenant.stored() == entry
