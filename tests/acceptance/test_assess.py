# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An inventory of servers with settings of old, and a tenant that people still sign in to with passwords: what the
playbook assess says of them, on its page and in its file. It is one run for all tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from administrator import Administrator
from ansible_collections.mailops.modern_auth.plugins.module_utils._assessment.tenant import PARTS
from browser_fixture import DESKTOP, PHONE, chromium
from estates import GRAPH, SERVERS, Estate, Footprint, Run
from playwright.sync_api import Browser, Page, expect
from sandbox_fixture import RunningSandbox, run_cli
from xcally_fixture import served

__all__ = ["chromium"]

ENTRIES = 2000
ADDRESSES = 40
YEAR = 365 * 24 * 3600
USER = "contracts@contoso.example"
PASSWORD = "of-the-old-days"
TICKETS = "tickets@contoso.example"
HOSTS = ("ici-old", "ici-new", "cmo-old", "tas-old", "is-old", "motion-old", "ici-broken", "ici-away")
MIGRATED = ("ici-old", "ici-new", "cmo-old", "tas-old")


@dataclass(frozen=True)
class Assessed:
    """What a run has left: its output, the page's file, what the other file says; the servers before and after."""

    run: Run
    page: Path
    data: dict[str, Any]
    before: Footprint
    after: Footprint

    def host(self, name: str) -> dict[str, Any]:
        [found] = [one for one in self.data["hosts"] if one["host"] == name]
        return dict(found)

    def uses(self, name: str) -> dict[str, tuple[Any, ...]]:
        """How each way of a host's mail signs in, and what is said of that."""
        return {
            f"{one['use']} {one['purpose']}".strip(): (one["transport"], one["authentication"], one["state"])
            for one in self.host(name)["uses"]
        }

    @property
    def tenant(self) -> dict[str, Any]:
        [found] = self.data["tenants"]
        return dict(found)


class Company:
    """Servers as they were before anybody thought of OAuth, beside a sandbox of its own."""

    def __init__(self, sandbox: RunningSandbox, home: Path) -> None:
        self.estate, self.sandbox = Estate(sandbox, home), sandbox
        self.estate.empty()
        self.servers = sandbox.directory / "servers"
        known = {"sandbox_directory": str(sandbox.directory)}
        hosts = {
            "ici-old": self.ici("test"),
            "ici-new": {**self.ici("test"), **self.planned()},
            "cmo-old": self.cmo(),
            "tas-old": self.tas(),
            "is-old": self.integration_server(),
            "motion-old": self.motion(),
            "ici-broken": self.ici("prod"),
            "ici-away": {
                **self.ici("prod"), **self.planned("contracts-prod", TICKETS), "ansible_connection": "ssh",
                "ansible_host": "127.0.0.1", "ansible_port": 1,
            },
        }
        for name, kind in (("ici-old", "EWS"), ("ici-new", "SMTP")):
            text = self.keys().replace('"Value": "SMTP"', f'"Value": "{kind}"')
            text = text.replace("mail.contoso.example", "outlook.office365.com")
            self.put(name, "ConfigurationKeys.json", text)
        self.put("ici-broken", "ConfigurationKeys.json", self.keys().replace('"ConfigurationKeys": [', "", 1))
        env = sandbox.env
        entra = {
            "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
            "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
        }
        self.estate.inventory = home.with_name("assessed.json")
        self.estate.inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": {
            **known, "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "mail_entra": entra, "mail_exchange": {"exchange_endpoint": env["MAILOPS_EXCHANGE_ENDPOINT"]},
        }}}))

    @property
    def migrated(self) -> list[str]:
        """Arguments that give hosts what the main job needs of them."""
        env, reader = self.sandbox.env, self.estate.reader()
        verify = {"mail_verify": {"recipient": "probe@contoso.example", "receive": reader}}
        contracts, cmo, tickets = ({**self.planned(name), **verify} for name in ("contracts", "cmo", "tickets"))
        smtp = {"transport": "smtp", "host": env["M365_SANDBOX_HOST"], "port": env["M365_SANDBOX_SMTP_PORT"]}
        return self.estate.hosts(
            ici_old=contracts, ici_new=contracts,
            cmo_old={
                **cmo, "mail_environment": "prod", "mail_send": {"transport": "graph", "from": "cmo@contoso.example"},
                "mail_receive": {"transport": "graph", "mailbox": "cmo@contoso.example"},
                "mail_cmo": {"path": str(self.servers / "cmo-old" / "web.config"), "integration_type": "Confidential"},
            },
            tas_old={
                **tickets, "mail_send": {**smtp, "from": TICKETS},
                "mail_team_assistant": {
                    "backends": [str(self.servers / "tas-old")], "version": "5.7.10", "environment_file": "environment",
                },
            },
        )

    def keys(self) -> str:
        return (SERVERS / "ConfigurationKeys.json").read_text("utf-8-sig")

    def put(self, host: str, name: str, text: str) -> None:
        (self.servers / host).mkdir(parents=True, exist_ok=True)
        (self.servers / host / name).write_text(text, "utf-8")

    def ici(self, environment: str) -> dict[str, Any]:
        file = "{{ sandbox_directory }}/servers/{{ inventory_hostname }}/ConfigurationKeys.json"
        return {"mail_product": "ici", "mail_environment": environment, "mail_ici": {"config_file": file}}

    def planned(self, app: str = "contracts", sender: str = USER) -> dict[str, Any]:
        return {
            "mail_app": {"unique_name": app, "name": app.title()},
            "mail_send": {"transport": "graph", "from": sender},
            "mail_store_path": "{{ sandbox_directory }}/credentials/test.yml",
            "mail_store_password_file": "{{ sandbox_directory }}/vault-password",
        }

    def cmo(self) -> dict[str, Any]:
        text = (SERVERS / "web.config").read_text("utf-8").replace("mail.contoso.example:587", "smtp.office365.com:587")
        self.put("cmo-old", "web.config", text.replace("mail.contoso.example", "outlook.office365.com"))
        # Nothing says that it is production.
        return {"mail_product": "cmo", "mail_cmo": {"path": str(self.servers / "cmo-old" / "web.config")}}

    def tas(self) -> dict[str, Any]:
        self.put("tas-old", "local.js", (SERVERS / "local.standard.js").read_text("utf-8"))
        return {
            "mail_product": "team_assistant", "mail_environment": "prod",
            "mail_team_assistant": {"backends": [str(self.servers / "tas-old")]},
        }

    def integration_server(self) -> dict[str, Any]:
        server = Administrator(self.sandbox, "is-old", "--version", "10.15")
        made = server.api.post("/admin/port/email", json={
            "alias": "orders", "packageName": "WmRoot", "type": "POP3", "host": "outlook.office365.com", "user": USER,
            "serverPort": 995, "tlsSettings": "Implicit", "interval": 60, "password": PASSWORD,
            "globalService": "orders.mail:take",
        })
        assert made.status_code == 201, made.text
        changed = server.api.patch("/admin/server/notification", json={
            "smtpServer": "smtp.office365.com", "smtpPort": 587, "transportSecurity": "explicit", "userName": USER,
            "password": PASSWORD,
        })
        assert changed.status_code == 200, changed.text
        username, password = server.login
        return {
            "mail_product": "integration_server", "mail_environment": "prod", "mail_integration_server": {
                "url": server.url, "username": username, "password": password, "ca_path": self.sandbox.ca,
            },
        }

    def motion(self) -> dict[str, Any]:
        motion = served(self.sandbox, "motion-old")
        motion.ask("POST", "/api/mail/accounts", {
            "name": "Contracts", "key": "CON", "email": USER, "user": USER, "pass": PASSWORD, "ListId": 1,
            "service": "Outlook365", "modernAuthentication": False, "active": False,
        }, status=201)
        return {
            "mail_product": "xcally", "mail_environment": "prod", "mail_xcally": {
                "url": motion.url, "ca_path": self.sandbox.ca,
                "authentication": {"username": motion.username, "password": motion.password},
            },
        }

    def let_the_caller_read(self) -> None:
        """What the caller of an assessment needs beside what that of the main job has."""
        with self.estate.administrator() as http:
            caller, graph, roles = self._caller(http)
            http.post(f"/servicePrincipals/{graph}/appRoleAssignedTo", json={
                "principalId": caller, "resourceId": graph, "appRoleId": roles["AuditLog.Read.All"],
            })

    def keep_policies_from_the_caller(self) -> None:
        with self.estate.administrator() as http:
            caller, graph, roles = self._caller(http)
            granted = http.get(f"/servicePrincipals/{caller}/appRoleAssignments").json()["value"]
            [one] = [one["id"] for one in granted if one["appRoleId"] == roles["Policy.Read.All"]]
            http.delete(f"/servicePrincipals/{graph}/appRoleAssignedTo/{one}")

    def _caller(self, http: httpx.Client) -> tuple[str, str, dict[str, str]]:
        """The object ids of the caller's service principal and of Graph's, and Graph's permissions."""
        caller = http.get(f"/servicePrincipals(appId='{self.sandbox.env['AZURE_CLIENT_ID']}')").json()
        graph = http.get(f"/servicePrincipals(appId='{GRAPH}')").json()
        return caller["id"], graph["id"], {role["value"]: role["id"] for role in graph["appRoles"]}

    def forbid(self) -> None:
        """A mailbox that may send with a password; a policy that forbids it to some; secrets that nobody needs."""
        control = self.sandbox.control
        control("PATCH", f"/tenant/mailboxes/{USER}", {"SmtpClientAuthenticationDisabled": False, "ImapEnabled": False})
        control("POST", "/tenant/conditional-access-policies", {
            "displayName": "Block legacy authentication", "grantControls": {"builtInControls": ["block"]},
            "conditions": {
                "clientAppTypes": ["other"], "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["All"], "excludeGroups": ["the devices'"]},
            },
        })
        for name, days in (("Old mailer", 200), ("Mailer", 2)):
            app = control("POST", "/tenant/applications", {"displayName": name, "secret": True, "secretSeconds": YEAR})
            moment = datetime.now(UTC) - timedelta(days=days)
            control("POST", "/tenant/credential-sign-ins", {
                "keyId": app["keyId"], "lastSignInDateTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            })

    def people_sign_in(self) -> None:
        now = datetime.now(UTC)
        self.sandbox.control("POST", "/tenant/sign-ins", {"value": [
            {
                "user": USER, "clientAppUsed": "Authenticated SMTP", "ipAddress": f"192.0.2.{number % ADDRESSES}",
                "createdDateTime": (now - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "errorCode": 50126 if number % ADDRESSES == 0 else 0,
            } for number in range(ENTRIES)
        ]})

    def assess(self, name: str, *arguments: str) -> Assessed:
        before = self.estate.footprint()
        folder = self.estate.home / name
        done = self.estate.set_up(
            "--limit", "all", "-e", f"mail_assessment_folder={folder}", *arguments, playbook="assess"
        )
        assert done.code == 0, done.output
        assert "[WARNING]" not in done.output, done.output
        data = json.loads((folder / "assessment.json").read_text("utf-8"))
        return Assessed(done, folder / "assessment.html", data, before, self.estate.footprint())


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Company]:
    directory = tmp_path_factory.mktemp("company") / "instance"
    started = run_cli("start", directory)
    assert started.returncode == 0, started.stdout + started.stderr
    yield Company(RunningSandbox(directory), home)
    run_cli("stop", directory)


@pytest.fixture(scope="module")
def assessed(company: Company) -> Assessed:
    company.let_the_caller_read()
    company.people_sign_in()
    company.forbid()
    return company.assess("before")


@pytest.fixture(scope="module")
def afterwards(company: Company, assessed: Assessed) -> Assessed:
    """After the main job for some of them; the tenant has lost its licence meanwhile, and the caller a permission."""
    done = company.estate.set_up(*company.migrated, "--limit", ",".join(MIGRATED))
    assert done.code == 0, done.output
    company.sandbox.control("PATCH", "/tenant/licences", {"EntraPremium": False})
    company.keep_policies_from_the_caller()
    return company.assess("after", *company.migrated)


def test_settings_of_old_are_read_of_all_products(assessed: Assessed) -> None:
    assert [one["host"] for one in assessed.data["hosts"]] == list(HOSTS)
    assert assessed.uses("ici-old") == {"send": ("ews", "basic", "refused")}
    assert assessed.uses("ici-new") == {"send": ("smtp", "basic", "ending")}
    assert assessed.uses("cmo-old") == {
        "send": ("smtp", "basic", "refused"), "receive": ("imap", "basic", "refused"),
    }
    assert assessed.uses("tas-old") == {"send": ("smtp", "basic", "password")}
    assert assessed.uses("is-old") == {
        "receive orders": ("pop3", "basic", "refused"), "send notifications": ("smtp", "basic", "ending"),
    }
    assert assessed.uses("motion-old") == {
        "send CON": ("smtp", "basic", "ending"), "receive CON": ("imap", "basic", "refused"),
    }
    [send] = assessed.host("tas-old")["uses"]
    assert (send["host"], send["port"], send["tls"]) == ("mail.contoso.example", 25, "starttls_optional")
    assert (send["user"], send["secret"]) == ("assistant", "set")


def test_each_refusal_has_its_day_and_the_page_that_says_so(assessed: Assessed) -> None:
    said = {(one["since"], bool(one["page"])) for host in assessed.data["hosts"] for one in host["uses"]}
    assert said == {("2026-12-31", True), ("2023-01-01", True), (None, False)}


def test_a_file_that_is_not_understood_is_told_with_its_place(assessed: Assessed) -> None:
    broken = assessed.host("ici-broken")
    [problem] = broken["problems"]
    assert (broken["state"], broken["uses"]) == ("unknown", [])
    assert "servers/ici-broken/ConfigurationKeys.json: it is not valid JSON (line " in problem
    assert [one["host"] for one in assessed.data["hosts"] if one["problems"]] == ["ici-broken", "ici-away"]


def test_a_host_that_is_not_reached_is_told_with_the_reason(assessed: Assessed) -> None:
    away = assessed.host("ici-away")
    [problem] = away["problems"]
    assert (away["state"], away["uses"], away["wave"]) == ("unknown", [], 2)
    assert "Connection refused" in problem
    assert f"<li>ici-away: {problem}</li>" in unescape(assessed.page.read_text("utf-8"))
    assert assessed.run.recap["ici-away"]["unreachable"] == 0


def test_the_log_of_two_thousand_entries_tells_the_clients(assessed: Assessed) -> None:
    sign_ins = assessed.tenant["sign_ins"]
    assert len(sign_ins["clients"]) == ADDRESSES
    assert sum(one["succeeded"] + one["failed"] for one in sign_ins["clients"]) == ENTRIES
    [failing] = [one for one in sign_ins["clients"] if one["failed"]]
    assert (failing["ip_address"], failing["succeeded"], failing["errors"]) == ("192.0.2.0", 0, {"50126": 50})
    assert failing["hosts"] == ["ici-old", "ici-new", "is-old", "motion-old"]


def test_the_tenant_says_what_is_open(assessed: Assessed) -> None:
    exchange = assessed.tenant["exchange"]
    assert exchange["readable"]
    assert exchange["organization"]["smtp_auth"] == "disabled"
    assert [one["mailbox"] for one in exchange["mailboxes"]] == [USER, "director@contoso.example"]
    [janitor] = [one for one in assessed.tenant["applications"]["applications"] if one["name"] == "Janitor"]
    assert janitor["permissions"] == ["Mail.Read"]
    assert assessed.tenant["credentials"]["readable"]


def test_what_the_tenant_refuses_is_said_of_each_use(assessed: Assessed) -> None:
    assert assessed.tenant["policies"] == {"readable": True, "security_defaults": False, "policies": [
        {"name": "Block legacy authentication", "state": "enabled", "everybody": False},
    ]}
    accounts = {one["account"]: one for one in assessed.tenant["exchange"]["accounts"]}
    # The last one is what is planned for a host that is not configured so yet.
    assert list(accounts) == ["cmo@contoso.example", USER, TICKETS]
    assert accounts[USER] == {
        "account": USER, "mailbox": USER, "smtp": True, "password": True, "imap": False, "pop3": True, "ews": True,
    }
    [send, _receive] = assessed.host("cmo-old")["uses"]
    assert send["words"].startswith("SMTP AUTH is off for cmo@contoso.example. The Conditional Access policy")
    [send, receive] = assessed.host("motion-old")["uses"]
    assert "refuses passwords to some, maybe to this one" in send["words"]
    assert receive["words"].startswith(f"IMAP is off for {USER}.")


def test_secrets_that_nobody_signs_in_with(assessed: Assessed) -> None:
    unused = assessed.tenant["unused_credentials"]["credentials"]
    assert [(one["application"], one["kind"]) for one in unused] == [("Old mailer", "secret")]


def test_waves_and_what_would_change(assessed: Assessed) -> None:
    waves = {one["wave"]: one["hosts"] for one in assessed.data["waves"]}
    # The mailbox of the last ones is used by several.
    assert waves == {
        0: ["ici-old"], 1: ["ici-new"], 2: ["cmo-old", "tas-old", "ici-broken", "ici-away"],
        3: ["is-old", "motion-old"],
    }
    change = assessed.host("ici-new")["change"]
    assert [one["changed"] for one in change["targets"]] == [True]
    assert change["applications"] == [{"name": "contracts", "permissions": ["Mail.Send"]}]
    assert not assessed.host("ici-old")["change"]["planned"]
    assert "mail_send: is required" in assessed.host("ici-old")["change"]["msg"]


def test_nothing_was_changed_and_no_secret_was_told(company: Company, assessed: Assessed) -> None:
    assert assessed.after == assessed.before
    told = assessed.run.output + assessed.page.read_text("utf-8") + json.dumps(assessed.data)
    secrets = (PASSWORD, "old-relay-password", company.sandbox.env["AZURE_CLIENT_SECRET"])
    assert not [secret for secret in secrets if secret in told]


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, chromium: Browser, assessed: Assessed) -> Iterator[Page]:
    """The page; at its end it must have asked for nothing but itself."""
    page, asked = chromium.new_page(viewport=request.param), list[str]()
    page.on("request", lambda one: asked.append(one.url))
    page.goto(assessed.page.as_uri())
    yield page
    page.close()
    assert asked == [assessed.page.as_uri()]


def test_the_page_has_all_fits_and_is_sorted_by_keyboard(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("How mail signs in")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    servers = page.get_by_role("region", name="Servers")
    # One row for each use, and one for each host of which nothing is known.
    expect(servers.locator("tbody tr")).to_have_count(11)
    clients = page.get_by_role("region", name="Who signs in with a password")
    expect(clients.locator("tbody tr")).to_have_count(ADDRESSES)
    head = clients.get_by_role("button", name="Failed")
    head.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(clients.get_by_role("columnheader", name="Failed")).to_have_attribute("aria-sort", "descending")
    expect(clients.locator("tbody tr").first).to_contain_text("192.0.2.0")


def test_on_paper_nothing_is_cut(page: Page) -> None:
    page.emulate_media(media="print")
    # A4 across, less Chromium's margins.
    page.set_viewport_size({"width": 1040, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(page.pdf(format="A4", landscape=True)) > 10_000


def test_what_was_basic_is_oauth_afterwards_and_what_remains_is_said(assessed: Assessed, afterwards: Assessed) -> None:
    assert afterwards.uses("ici-old") == afterwards.uses("ici-new") == {"send": ("graph", "oauth2", "ok")}
    assert afterwards.uses("cmo-old") == {
        "send": ("graph", "oauth2", "ok"), "receive": ("graph", "oauth2", "ok"),
    }
    assert afterwards.uses("tas-old") == {"send": ("smtp", "oauth2", "ok")}
    for host in ("is-old", "motion-old"):
        assert afterwards.uses(host) == assessed.uses(host)
    assert [one["hosts"] for one in afterwards.data["waves"]] == [["ici-broken", "ici-away"], ["is-old", "motion-old"]]
    before, after = (one.page.read_text("utf-8") for one in (assessed, afterwards))
    assert ("0 modern." in before, "5 modern." in after) == (True, True)


def test_what_cannot_be_read_is_said_and_never_looks_empty(
    company: Company, assessed: Assessed, afterwards: Assessed
) -> None:
    reasons = {name: afterwards.tenant[name].get("reason") for name in PARTS}
    for name in ("sign_ins", "unused_credentials"):
        assert "P1 or P2" in reasons.pop(name)
    assert "required scopes are missing in the token. The caller needs" in reasons["policies"]
    assert "Policy.Read.All" in reasons.pop("policies")
    assert reasons == dict.fromkeys(("exchange", "applications", "credentials"))
    assert "clients" not in afterwards.tenant["sign_ins"]
    nobody = {"client_secret": "wrong", "tenant_id": company.sandbox.env["AZURE_TENANT_ID"]}
    alone = company.assess("alone", "--limit", "is-old", "-e", json.dumps({"mail_entra": nobody}))
    assert not any(alone.tenant[part]["readable"] for part in PARTS)
    assert "Not readable:" in alone.page.read_text("utf-8")
    # Without the tenant nothing of it is said.
    assert alone.uses("is-old") == assessed.uses("is-old")
