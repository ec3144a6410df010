"""The estate of the acceptance tests: the sandbox's inventory, its servers, and the playbooks as a person runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._report.rows import COLUMNS
from sandbox_fixture import RunningSandbox

GRAPH = "00000003-0000-0000-c000-000000000000"
REPOSITORY = Path(__file__).parents[2]
# Who is configured in files. The other products are servers that run beside the sandbox, and their tests limit to them.
FILES = "all:!integration_server:!xcally"
INVENTORY = REPOSITORY / "playbooks" / "inventories" / "sandbox"
HOSTS = ("ici-test-1", "ici-test-2", "ici-prod-1", "ici-prod-2")
# The third one shares its application with the second, as two of the others do.
ASSISTANTS = ("tas-test-1", "tas-prod-2")
# One with mailboxes of its own, one that sends by a relay, one whose mail is at Google, two that share an application.
SITES = ("cmo-test-1", "cmo-test-3", "cmo-google-1", "cmo-prod-1", "cmo-prod-2")
SERVERS = REPOSITORY / "sandbox" / "servers"
RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<numbers>(?:\w+=\d+\s*)+)$", re.MULTILINE)
REPORT = re.compile(
    r"^TASK \[\S*mail_report : Report\] \*+\n.*\n(?:    \w+: \w+\n)+    msg: \|-\n((?: {8}.*\n)+)", re.MULTILINE
)
FOREIGN = ("AZURE_", "MAILOPS_", "M365_", "ANSIBLE_")


@dataclass(frozen=True)
class Run:
    """A finished run of a playbook."""

    code: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """Host -> ok, changed, unreachable, failed, skipped, rescued, ignored, as the recap says."""
        return {
            match["host"]: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", match["numbers"])}
            for match in RECAP.finditer(self.output)
        }

    @property
    def report(self) -> list[str]:
        """The lines of the report, as they were printed."""
        [text] = REPORT.findall(self.output)
        return [line[8:] for line in text.splitlines()]

    @property
    def table(self) -> dict[str, dict[str, str]]:
        """Host -> column -> text, without empty ones, whether the report is a table or a block for each host."""
        lines = self.report
        if len(lines) > 1 and re.fullmatch(r"-+(  -+)*", lines[1]):
            spans = [match.span() for match in re.finditer(r"-+", lines[1])]
            cells = [
                [line[start:end].strip() for start, end in spans] for line in (lines[0], *lines[2:])
                if all(line[end : end + 2].strip() == "" for _start, end in spans)
            ]
            rows = [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]
            return {row["host"]: {name: text for name, text in row.items() if text != "-"} for row in rows}
        found: dict[str, dict[str, str]] = {}
        host = ""
        for line in lines:
            if line.startswith("  "):
                name, _gap, text = line.strip().partition("  ")
                # What failed is told again below the blocks, in more words, and in several lines.
                found[host] |= {name: text.strip()} if name in COLUMNS else {}
            else:
                host, _colon, result = line.partition(": ")
                found.setdefault(host, {"result": result})
        return found

    @property
    def results(self) -> dict[str, str]:
        """Host -> how it ended, as the report says."""
        return {host: row["result"] for host, row in self.table.items()}

    @property
    def failed(self) -> list[str]:
        """The hosts that failed, as the recap says."""
        return sorted(host for host, numbers in self.recap.items() if numbers["failed"])

    @property
    def tasks(self) -> dict[str, int]:
        """Host -> how many tasks it executed or left out."""
        return {
            host: numbers["ok"] + numbers["failed"] + numbers["skipped"] + numbers["unreachable"]
            for host, numbers in self.recap.items()
        }

    @property
    def changed(self) -> int:
        """The sum of all changed tasks of all hosts."""
        return sum(numbers["changed"] for numbers in self.recap.values())


@dataclass(frozen=True)
class Footprint:
    """Everything that a run may change: the tenant's state, and the bytes of the servers' files and of the store."""

    tenant: dict[str, Any]
    files: dict[str, bytes]

    def objects(self, collection: str) -> list[dict[str, Any]]:
        """The objects of one of the tenant's collections."""
        return list(self.tenant["collections"][collection].values())

    def applications(self, unique_name: str) -> list[dict[str, Any]]:
        """The tenant's applications of a unique name."""
        return [one for one in self.objects("applications") if one.get("uniqueName") == unique_name]

    def administered(self) -> dict[str, Any]:
        """What Exchange was told: every collection of its own but the mailboxes, without lists that are empty."""
        names = (
            "exchange_service_principals", "mailbox_permissions", "recipient_permissions", "management_scopes",
            "management_role_assignments", "application_access_policies",
        )
        collections = self.tenant["collections"]
        return {
            name: {key: one for key, one in collections[name].items() if one != {"entries": [], "denied": []}}
            for name in names
        }

    def configuration(self, host: str) -> bytes:
        """The product's configuration file on a server."""
        return self.files[f"servers/{host}/ConfigurationKeys.json"]

    def mail_settings(self, host: str) -> dict[str, Any]:
        """What the product on a server would read, by means of a JSON reader that is not ours; empty if nothing."""
        keys = json.loads(self.configuration(host).decode("utf-8-sig"))["ConfigurationKeys"]
        [value] = [key["Value"] for key in keys if key["Name"] == "Platform.Email.ProviderConfiguration"]
        settings: dict[str, Any] = json.loads(value or "{}")
        return settings


class Estate:
    """One sandbox with the servers of its inventory."""

    def __init__(self, sandbox: RunningSandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        self.directory = sandbox.directory
        self.inventory = INVENTORY

    def environment(self) -> dict[str, str]:
        """What the playbooks see: a home of their own, so that everything they leave there is found."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {
            **kept, "HOME": str(self.home), "TMPDIR": str(self.home / "tmp"), "LC_ALL": "C.UTF-8",
            "M365_SANDBOX_DIRECTORY": str(self.directory), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def command(self, *arguments: str, playbook: str = "setup_mail") -> list[str]:
        """The command line of the main job, or of another of the collection's playbooks."""
        program = ["ansible-playbook", f"mailops.modern_auth.{playbook}", "-i", str(self.inventory), "--limit", FILES]
        # The inventory would look it up in the environment again and again, for each variable of each host.
        return [*program, "-e", json.dumps({"sandbox_directory": str(self.directory)}), *arguments]

    def hosts(self, **variables: dict[str, Any]) -> list[str]:
        """Arguments that give hosts of the inventory further variables, those of ``all`` to all of them.

        :param variables: by host, with _ in place of -; a new host names its ``groups``.
        """
        # Not in the home: what is there is searched for secrets.
        file = self.home.with_name("further.json")
        top: dict[str, Any] = {"hosts": {}, "vars": variables.pop("all", {}), "children": {}}
        for name, own in variables.items():
            host, kept = name.replace("_", "-"), dict(own)
            for group in kept.pop("groups", []):
                top["children"].setdefault(group, {"hosts": {}})["hosts"][host] = {}
            top["hosts"][host] = kept
        file.write_text(json.dumps({"all": top}))
        return ["-i", str(file)]

    def deliver(self, *hosts: str) -> None:
        """Put the vendor's configuration of ICI on servers."""
        for host in hosts:
            self.server_file(host).parent.mkdir(parents=True)
            shutil.copyfile(SERVERS / "ConfigurationKeys.json", self.server_file(host))

    @contextmanager
    def administrator(self) -> Iterator[httpx.Client]:
        """Microsoft Graph as an administrator of the tenant uses it, by hand."""
        roles = [
            "Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All",
            "Mail.Read",
        ]
        janitor = self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Janitor", "roles": {GRAPH: roles}, "secret": True,
        })
        env = self.sandbox.env
        with httpx.Client(
            verify=self.sandbox.tls, trust_env=False, base_url=f"{env['MAILOPS_GRAPH_ENDPOINT']}/v1.0"
        ) as http:
            token = http.post(f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data={
                "grant_type": "client_credentials", "client_id": janitor["appId"], "client_secret": janitor["secret"],
                "scope": "https://graph.microsoft.com/.default",
            }).json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            http.event_hooks["response"].append(lambda response: response.raise_for_status())
            yield http

    def exchange(self, cmdlet: str, parameters: dict[str, Any]) -> None:
        """A cmdlet, as an administrator runs it by hand."""
        env = self.sandbox.env
        with httpx.Client(verify=self.sandbox.tls, trust_env=False) as http:
            token = http.post(f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data={
                "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
                "client_secret": env["AZURE_CLIENT_SECRET"], "scope": "https://outlook.office365.com/.default",
            }).json()["access_token"]
            http.post(
                f"{env['MAILOPS_EXCHANGE_ENDPOINT']}/adminapi/beta/{env['AZURE_TENANT_ID']}/InvokeCommand",
                json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
                headers={"Authorization": f"Bearer {token}"},
            ).raise_for_status()

    def reader(self) -> dict[str, str]:
        """How the seeded reader reads mail."""
        return {
            "transport": "graph", "tenant_id": self.sandbox.env["AZURE_TENANT_ID"],
            "client_id": self.sandbox.env["M365_SANDBOX_READER_CLIENT_ID"],
            "client_secret": self.sandbox.env["M365_SANDBOX_READER_CLIENT_SECRET"],
        }

    def message_ids(self, address: str) -> set[str]:
        """The Message-IDs of the mails in a mailbox."""
        with self.administrator() as http:
            return {one["internetMessageId"] for one in http.get(f"/users/{address}/messages").json()["value"]}

    def sent_mails(self) -> int:
        """How many mails Graph has accepted since the tenant was reset."""
        return sum(
            entry["path"].endswith("/sendMail") and entry["status"] == 202 for entry in self.sandbox.requests("graph")
        )

    def set_up(self, *arguments: str, playbook: str = "setup_mail", **environment: str) -> Run:
        """The main job, or another playbook, to its end."""
        done = subprocess.run(
            self.command(*arguments, playbook=playbook), env={**self.environment(), **environment}, cwd=self.home,
            text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
        return Run(done.returncode, done.stdout)

    def server_file(self, host: str) -> Path:
        """Where the product's configuration file is on a server."""
        return self.directory / "servers" / host / "ConfigurationKeys.json"

    def footprint(self) -> Footprint:
        """What stands in the tenant and in the files now."""
        files = {
            str(path.relative_to(self.directory)): path.read_bytes() for name in ("servers", "credentials")
            # What processes lock, to wait for each other, holds nothing.
            for path in sorted((self.directory / name).rglob("*")) if path.is_file() and path.suffix != ".lock"
        }
        return Footprint(self.sandbox.control("GET", "/tenant"), files)

    def empty(self) -> None:
        """Back to a tenant without applications and servers as the vendor delivers them."""
        self.sandbox.control("POST", "/reset")
        for name in ("servers", "credentials", "tokens"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        self.deliver(*HOSTS)
        for host in ASSISTANTS:
            for backend in ("standard", "cron"):
                folder = self.directory / "servers" / host / backend
                folder.mkdir(parents=True)
                shutil.copyfile(SERVERS / f"local.{backend}.js", folder / "local.js")
        for host in SITES:
            folder = self.directory / "servers" / host
            folder.mkdir(parents=True)
            shutil.copyfile(SERVERS / "web.config", folder / "web.config")
        (self.directory / "vault-password").write_text("the vault's password")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the person who runs the playbooks."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tmp").mkdir()
    return folder


@pytest.fixture
def estate(sandbox: RunningSandbox, home: Path) -> Estate:
    """The estate as it is before the first run."""
    found = Estate(sandbox, home)
    found.empty()
    return found
