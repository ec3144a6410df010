"""The estate of the acceptance tests: the sandbox's inventory, its servers, and the playbooks as a person runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sandbox_fixture import RunningSandbox

REPOSITORY = Path(__file__).parents[2]
INVENTORY = REPOSITORY / "playbooks" / "inventories" / "sandbox"
HOSTS = ("ici-test-1", "ici-test-2", "ici-prod-1", "ici-prod-2")
# The third one shares its application with the second, as two of the others do.
ASSISTANTS = ("tas-test-1", "tas-prod-2")
SERVERS = REPOSITORY / "sandbox" / "servers"
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)",
    re.MULTILINE,
)
FOREIGN = ("AZURE_", "MAILOPS_", "M365_", "ANSIBLE_")


@dataclass(frozen=True)
class Run:
    """A finished run of a playbook."""

    code: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """Host -> changed, unreachable, failed, as the recap says."""
        return {
            match["host"]: {name: int(match[name]) for name in ("changed", "unreachable", "failed")}
            for match in RECAP.finditer(self.output)
        }

    @property
    def report(self) -> list[str]:
        """The lines of the report, as they were printed."""
        [text] = re.findall(r"^TASK \[\S*mail_report : Report\] \*+\n.*?\n    msg: (.*?)(?:\n\n|\Z)", self.output, re.M | re.S)
        return [line.strip("'\"") if number == 0 else line[8:] for number, line in enumerate(text.split("\n"))][
            1 if text.startswith("|-") else 0 :
        ]

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
        for line in lines:
            if line.startswith("  "):
                name, text = re.split(r" {2,}", line.strip(), maxsplit=1)
                found[host][name] = text
            else:
                host, _colon, result = line.partition(": ")
                # What failed is told again, in more words, below the blocks.
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
        return ["ansible-playbook", f"mailops.modern_auth.{playbook}", "-i", str(INVENTORY), *arguments]

    def hosts(self, **variables: dict[str, Any]) -> list[str]:
        """Arguments that give hosts of the inventory further variables, those of ``all`` to all of them.

        :param variables: by host, with _ in place of -; a new host names its ``groups``.
        """
        file = self.home / "further.json"
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
