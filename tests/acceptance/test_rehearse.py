"""The main job of an inventory of all products in a sandbox of its own: the tenant and the servers are not touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailops.modern_auth.plugins.module_utils._sign_ins import REQUIRED
from estates import SERVERS, Estate, Run
from m365_sandbox.process.folder import PID_FILE
from m365_sandbox.process.pid_file import PidFile
from sandbox_fixture import RunningSandbox
from xcally_fixture import NODE_MODULES

INVENTORY = Path(__file__).with_name("rehearsal.yml")
HOSTS: dict[str, dict[str, Any]] = yaml.safe_load(INVENTORY.read_text("utf-8"))["all"]["hosts"]
FOR_PEOPLE = {"bus", "support"}
#: What there is before the first run, by where the inventory has it.
FILES = {
    "contracts/ConfigurationKeys.json": "ConfigurationKeys.json",
    "contracts-relay/ConfigurationKeys.json": "ConfigurationKeys.json",
    "desk/local.js": "local.standard.js", "compliance/web.config": "web.config",
}


class Rehearsal:
    """Somebody whose environment has credentials of a tenant, and servers that are folders of this machine."""

    def __init__(self, tenant: RunningSandbox, home: Path, folder: Path) -> None:
        self.tenant, self.home, self.folder = tenant, home, folder
        for place, name in FILES.items():
            (folder / place).parent.mkdir()
            shutil.copyfile(SERVERS / name, folder / place)
        self.local_tmp = folder.with_name("ansible")

    def command(self, *arguments: str) -> dict[str, Any]:
        """How the playbook is run, for ``subprocess``."""
        # Whoever fell back to what the environment says would reach the tenant, and be let in.
        theirs = {name: text for name, text in self.tenant.env.items() if name.startswith(("AZURE_", "MAILOPS_"))}
        return {
            "args": [
                "ansible-playbook", "mailops.modern_auth.rehearse", "-i", str(INVENTORY), "-e", f"folder={self.folder}",
                *arguments,
            ],
            "env": {
                **Estate(self.tenant, self.home).environment(), **theirs, "ANSIBLE_LOCAL_TEMP": str(self.local_tmp),
                "M365_SANDBOX_NODE_MODULES": str(NODE_MODULES),
            },
            "cwd": self.home,
        }

    def run(self, *arguments: str, **environment: str) -> Run:
        """A rehearsal to its end."""
        command = self.command(*arguments)
        command["env"] |= environment
        done = subprocess.run(
            **command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=600,
        )
        return Run(done.returncode, done.stdout)

    def untouched(self) -> dict[str, Any]:
        """The tenant, what it was asked, and the servers' files with all that the file system says of them."""
        faces = ("identity", "graph", "outlook", "google")
        files = sorted(one for one in self.folder.rglob("*"))
        return {
            "tenant": self.tenant.control("GET", "/tenant"), "asked": [self.tenant.requests(face) for face in faces],
            "files": [(str(one), one.stat().st_mtime_ns, one.is_file() and one.read_bytes()) for one in files],
        }


@pytest.fixture
def rehearsal(clean: RunningSandbox, tmp_path: Path, home: Path) -> Rehearsal:
    """With everything as it should be."""
    folder = tmp_path / "servers"
    folder.mkdir()
    return Rehearsal(clean, home, folder)


def test_the_whole_job_is_done_in_a_sandbox_and_nothing_real_is_touched(rehearsal: Rehearsal) -> None:
    before = rehearsal.untouched()
    run = rehearsal.run()
    assert run.code == 0, run.output
    assert run.results == {
        host: REQUIRED if host in FOR_PEOPLE else "delivered"
        for host in ("contracts", "contracts-relay", "desk", "compliance", "bus", "support")
    }, run.output
    assert run.table["desk"]["refused for others"].startswith("smtp"), run.output
    assert rehearsal.untouched() == before
    # The differences are those of the real run, its hosts and its tenant in them.
    for line in (
        "smtp.office365.com", "6f1c1c36-58e6-4f9c-8f0a-0d6a2a1f5b11", "relay.adatum.example", "adatum.orders:receive",
    ):
        assert re.search(rf"^\+.*{re.escape(line)}", run.output, re.MULTILINE), line
    for place in FILES:
        assert f"+++ after: {rehearsal.folder / place}" in run.output, place
    assert "relays~s3cret" not in run.output
    assert not list(rehearsal.local_tmp.rglob("rehearsal-*"))


def test_a_mistake_of_each_kind_is_found(rehearsal: Rehearsal, tmp_path: Path) -> None:
    seed = tmp_path / "tenant.yml"
    seed.write_text("""
users:
  - {userPrincipalName: contracts@adatum.example, licensed: false}
  - {userPrincipalName: compliance@adatum.example, aliases: [director@adatum.example]}
""")
    rehearsal.folder.joinpath("desk/local.js").unlink()
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"all": {"hosts": {
        "bus": {"mail_app": {"unique_name": "support-mail", "name": "Bus mail"}},
        "office": {
            **HOSTS["support"], "mail_app": {"unique_name": "office-mail", "name": "Office mail"},
            "mail_send": {"transport": "smtp", "from": "office@adatum.example"},
        },
    }}}))
    before = rehearsal.untouched()
    run = rehearsal.run("-i", str(wrong), "-e", f"mail_rehearsal_seed={seed}", M365_SANDBOX_NODE_MODULES="/nowhere")
    assert run.code == 2
    assert run.results == {
        "bus": "FAILED at plan", "support": "FAILED at plan", "desk": "FAILED at preflight",
        "contracts": "FAILED at preflight", "compliance": "FAILED at delivery",
        # Its relay wants no mailbox of the sender's.
        "contracts-relay": "delivered",
        "office": "FAILED at plan",
    }, run.output
    words = " ".join(" ".join(run.report).split())
    for host, told in {
        "bus": "mail_app.unique_name: bus uses 'support-mail' for something else",
        "desk": f"Could not write the mail settings into {rehearsal.folder}/desk/local.js: it cannot be read",
        "contracts": "contracts@adatum.example has no mailbox in Exchange Online",
        "compliance": "director@adatum.example",
        # No mistake of the inventory, but this machine has no stand-in of the product.
        "office": "XCALLY Motion's stand-in is not complete",
    }.items():
        assert f"{host}: {told}" in words, (host, run.output)
    assert rehearsal.untouched() == before


def test_a_seed_that_is_not_there_is_told_before_anything_is_started(rehearsal: Rehearsal) -> None:
    run = rehearsal.run("-e", "mail_rehearsal_seed=/nowhere/tenant.yml")
    assert run.code == 2
    assert set(run.results.values()) == {"FAILED at plan"}, run.output
    assert "mail_rehearsal_seed: /nowhere/tenant.yml cannot be read" in " ".join(" ".join(run.report).split())


def test_a_rehearsal_that_is_killed_leaves_no_sandbox(rehearsal: Rehearsal) -> None:
    with subprocess.Popen(
        **rehearsal.command("--limit", "contracts"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        file = found(lambda: next(rehearsal.local_tmp.rglob("sandbox/ports.json"), None), process)
        os.kill(process.pid, signal.SIGKILL)
    PidFile(file.with_name(PID_FILE)).wait_for_its_end()


def found(look: Callable[[], Path | None], process: subprocess.Popen[bytes]) -> Path:
    """What is there at last, while a process runs."""
    while process.poll() is None:
        path = look()
        if path is not None:
            return path
        time.sleep(0.05)
    raise AssertionError("the process has ended before")
