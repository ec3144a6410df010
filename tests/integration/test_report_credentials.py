# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The playbook report_credentials against the sandbox, judged by what it writes and by what it asks of the tenant."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from module_runner import Modules
from playbook_runner import run
from sandbox_fixture import RunningSandbox

PASSWORD = "pass word"
PLAYBOOK = "mailops.modern_auth.report_credentials"
GRAPH = "00000003-0000-0000-c000-000000000000"
VALUE = "the-value-of-a-secret"
# A name in the tenant that would be a template if it became part of one.
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch templated') }}<script>alert(1)</script>"


class Estate:
    """Two applications, one shared by two servers, and a store that knows the secrets of the first."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules, self.folder = modules, folder
        made = modules.ok("entra_application", unique_name="contracts", display_name="Contracts")["application"]
        modules.ok("entra_admin_consent", app_id=made["app_id"], permissions=[
            {"resource": "Microsoft Graph", "application": ["Mail.Send"]},
        ])
        secrets = [
            modules.ok("entra_application_secret", app_id=made["app_id"], name="prod", known_key_ids=[], key_id=None)
        ]
        secrets.append(modules.ok(
            "entra_application_secret", app_id=made["app_id"], name="prod", lifetime="10d", renew_within="1d",
            known_key_ids=[secrets[0]["secret"]["key_id"]],
        ))
        self.previous, self.current = (one["secret"]["key_id"] for one in secrets)
        self.app_id = made["app_id"]
        self.entry = {
            "tenant_id": modules.sandbox.env["AZURE_TENANT_ID"], "client_id": made["app_id"],
            "object_id": made["object_id"],
            "current": {"key_id": self.current, "secret_text": VALUE, "end_date_time": "x"},
            "previous": {"key_id": self.previous, "secret_text": VALUE, "remove_after": "2031-01-01T00:00:00Z"},
            "awaiting": ["web-2"],
        }
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        (folder / "credentials").mkdir()
        self.store = folder / "credentials" / "prod.yml"
        self.keep(contracts=self.entry)

    def keep(self, **entries: Any) -> None:
        """Let the store hold these entries."""
        vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
        self.store.write_bytes(vault.encrypt(yaml.safe_dump({"applications": entries}), vault_id="default"))

    def host(self, unique_name: str) -> dict[str, Any]:
        env = self.modules.sandbox.env
        return {
            "mail_product": "ici", "mail_environment": "prod",
            "mail_app": {"unique_name": unique_name, "name": unique_name.title()},
            "mail_send": {"transport": "graph", "from": "contracts@contoso.example"},
            "mail_ici": {"config_file": "/nowhere"}, "mail_store_password_file": str(self.folder / "password"),
            "mail_entra": {
                "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
                "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
                "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
            },
            # The report needs no server.
            "ansible_connection": "ssh", "ansible_host": "192.0.2.1",
        }

    def signed_in_by_a_person(self, unique_name: str) -> dict[str, Any]:
        """A host of a product for whose proofs somebody signs in; nothing answers at its address."""
        mailbox = "orders@contoso.example"
        return {
            **self.host(unique_name), "mail_product": "integration_server", "ansible_connection": "local",
            "mail_send": {"transport": "smtp", "from": mailbox},
            "mail_receive": {"transport": "imap", "mailbox": mailbox},
            "mail_integration_server": {
                "url": "https://127.0.0.1:9", "username": "Administrator", "password": VALUE, "alias": "orders",
                "package": "WmPublic",
            },
        }

    def report(self, *arguments: str, **more: Any) -> tuple[str, dict[str, Any], str]:
        """What is on the terminal, in credentials.json and in credentials.html.

        :param more: further hosts.
        """
        hosts = {
            "web-1": self.host("contracts"), "web-2": self.host("contracts"), "new": self.host("workflow"), **more,
        }
        done = run(self.folder, PLAYBOOK, "-vvv", "--diff", *arguments, hosts=hosts)
        assert done.code == 0, done.output
        reports = self.folder / "reports"
        text, page, metrics = (
            (reports / f"credentials.{kind}").read_text(encoding="utf-8") for kind in ("json", "html", "prom")
        )
        for shown in (done.output, text, page, metrics):
            assert VALUE not in shown
        states = [line for line in metrics.splitlines() if line.startswith("mailops_application_state{")]
        assert len(states) == len(json.loads(text)["applications"])
        return done.output, json.loads(text), page


@pytest.fixture
def estate(clean: RunningSandbox, tmp_path: Path) -> Estate:
    return Estate(Modules(clean), tmp_path)


def test_reports_the_applications_of_the_inventory(estate: Estate) -> None:
    before, store = estate.modules.tenant(), estate.store.read_bytes()
    estate.modules.count("graph")
    output, told, page = estate.report()
    assert estate.modules.count("graph") == 1
    assert (estate.modules.tenant(), estate.store.read_bytes()) == (before, store)
    contracts, workflow = told["applications"]
    assert (told["state"], contracts["state"], workflow["state"]) == ("due", "due", "due")
    assert (contracts["name"], contracts["environment"], contracts["app_id"]) == ("Contracts", "prod", estate.app_id)
    assert (contracts["hosts"], contracts["awaiting"], contracts["store"]) == (
        ["web-1", "web-2"], ["web-2"], "ansible_vault",
    )
    assert [(one["key_id"], one["slot"], one["status"]) for one in contracts["credentials"]] == [
        (estate.current, "current", "due"), (estate.previous, "previous", "ok"),
    ]
    assert workflow["reasons"] == ["The store has no credential of it yet; run mailops.modern_auth.setup_mail."]
    assert "Contracts (prod): The current secret ends in 9 days" in output
    assert estate.current in page


def test_the_page_is_of_a_template_of_the_users(estate: Estate) -> None:
    (estate.folder / "own.html.j2").write_text("{{ report.applications | length }} applications")
    _output, _told, page = estate.report("-e", "mail_credentials_template=own.html.j2")
    assert page == "2 applications"


def disable(sandbox: RunningSandbox, app_id: str) -> None:
    """As an administrator does in the portal."""
    admin = sandbox.control("POST", "/tenant/applications", {"displayName": "Admin", "roles": {
        GRAPH: ["Application.ReadWrite.All"],
    }})
    token = sandbox.control("POST", "/tenant/tokens", {"appId": admin["appId"], "resource": GRAPH})
    address = f"{sandbox.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/servicePrincipals(appId='{app_id}')"
    with httpx.Client(verify=ssl.create_default_context(cafile=sandbox.ca)) as client:
        client.patch(
            address, json={"accountEnabled": False}, headers={"Authorization": f"Bearer {token['access_token']}"}
        ).raise_for_status()


def test_a_disabled_service_principal_is_no_ok(estate: Estate) -> None:
    disable(estate.modules.sandbox, estate.app_id)
    output, told, page = estate.report()
    (contracts, _workflow) = told["applications"]
    reason = "Its service principal is disabled, so nobody can sign in as it."
    assert (told["state"], contracts["state"], contracts["enabled"]) == ("expired", "expired", False)
    assert reason in contracts["reasons"]
    assert f"Contracts (prod): {reason}" in output
    assert reason in page


def test_reports_all_applications_of_the_tenant_and_obeys_no_name(estate: Estate) -> None:
    estate.modules.sandbox.control("POST", "/tenant/applications", {"displayName": HOSTILE, "secret": True})
    _output, told, page = estate.report("-e", "mail_credentials_scope=tenant")
    names = [one["name"] for one in told["applications"]]
    assert HOSTILE in names
    assert "Mail operations" in names
    assert "<script>alert" not in page
    assert list(estate.folder.rglob("templated")) == []


def test_who_signs_in_for_proofs_is_listed_with_the_age_of_that(estate: Estate) -> None:
    days_ago = [(datetime.now(UTC) - timedelta(days=days, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (12, 97)]
    kept = {
        f"sign-ins/{name}": {
            "client_id": estate.app_id, "sign_in": VALUE, "people": {"orders@contoso.example": since}, "renewed": since,
        }
        for name, since in zip(("orders", "tasks"), days_ago, strict=True)
    }
    estate.keep(contracts=estate.entry, orders=estate.entry, tasks=estate.entry, nobody=estate.entry, **kept)
    output, told, _page = estate.report(**{
        name: estate.signed_in_by_a_person(name) for name in ("orders", "tasks", "nobody")
    })
    valid, ended = told["sign_ins"]
    assert (valid["host"], valid["where"], valid["since"], valid["age_days"], valid["do"]) == (
        "orders", "orders", days_ago[0], 12, None,
    )
    assert (ended["host"], ended["account"], ended["age_days"]) == ("tasks", "orders@contoso.example", 97)
    assert f"It was last used on {days_ago[1][:10]}; after 90 days it is of no use. Run " in ended["do"]
    assert "`ansible-playbook mailops.modern_auth.sign_in_mail -i inventory.json --limit tasks`" in output
