"""Servers that share one application, for suites that treat the rotation of its secret badly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from m365_sandbox.products import ici, sign_in
from sandbox_fixture import RunningSandbox, run_cli

REPOSITORY = Path(__file__).parents[2]
INVENTORY = REPOSITORY / "molecule" / "rotation" / "inventory"
GROUP, APPLICATION, HOSTS = "application_2", "contracts-mail-2", ("ici-05", "ici-06", "ici-07")
ROTATION = "mailops.modern_auth.rotate_secrets"
# A secret lives for 130 days and is due 30 days before its end; the one before it may go after 7 days. So this long
# after one is made the other is to be removed, and so long after that the next one is due.
REMOVAL_DAYS = 8
DUE_DAYS = 93
# The sandbox's own callers sign in with secrets that end after ten years.
LAST_DAY = 3500
FOREIGN = ("AZURE_", "MAILOPS_", "M365_", "ANSIBLE_")


@dataclass(frozen=True)
class Run:
    """A run that has ended: ``code`` is negative if a signal ended it."""

    code: int
    output: str

    @property
    def killed(self) -> bool:
        """Whether it was killed before its end."""
        return self.code == -signal.SIGKILL


@dataclass(frozen=True)
class Started:
    """A playbook that runs."""

    process: subprocess.Popen[bytes]
    output: Path

    def kill(self) -> None:
        """End it and its workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def ended(self) -> Run:
        """Wait for its end."""
        code = self.process.wait(timeout=900)
        return Run(code, self.output.read_text("utf-8"))


class Farm:
    """A sandbox of its own with three servers, set up and proven."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = folder / "sandbox"
        self.home = folder / "home"
        self._begin()

    def _begin(self) -> None:
        (self.home / "tmp").mkdir(parents=True)
        started = run_cli("start", self.directory)
        assert started.returncode == 0, started.stdout + started.stderr
        self.sandbox = RunningSandbox(self.directory)
        self.days = 0
        for playbook in (str(REPOSITORY / "sandbox" / "servers" / "prepare.yml"), "mailops.modern_auth.setup_mail"):
            done = self.run(playbook)
            assert done.code == 0, done.output
        # As long after the first secret was made as the nights are on which an old one was removed.
        self.let_days_pass(REMOVAL_DAYS)

    def stop(self) -> None:
        """End the sandbox."""
        run_cli("stop", self.directory)

    def rejuvenate(self) -> None:
        """Begin anew if it has become too old. What is due next is as it was: a new secret."""
        if self.days > LAST_DAY:
            self.stop()
            shutil.rmtree(self.folder)
            self._begin()

    # -- runs -------------------------------------------------------------------------------------------------------

    def start(self, playbook: str = ROTATION, **environment: str) -> Started:
        """Start a playbook in a process group of its own, so that it can be killed with its workers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        # A file, not a pipe: nobody reads while several runs go on at once, and a full pipe would hold one up.
        path = self.home / f"{uuid.uuid4()}.log"
        with path.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                ["ansible-playbook", playbook, "-i", str(INVENTORY), "--limit", GROUP],
                env={
                    **kept, "HOME": str(self.home), "TMPDIR": str(self.home / "tmp"), "LC_ALL": "C.UTF-8",
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "M365_SANDBOX_DIRECTORY": str(self.directory), "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
                    "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".venv" / "collections"), **environment,
                },
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )
        return Started(process, path)

    def run(self, playbook: str = ROTATION, **environment: str) -> Run:
        """A playbook, to its end."""
        return self.start(playbook, **environment).ended()

    def run_until_task(self, number: int) -> Run:
        """The rotation, killed as its task of a number begins; not killed if it has fewer."""
        plugins = str(Path(__file__).parent / "callback_plugins")
        return self.run(
            ANSIBLE_CALLBACK_PLUGINS=plugins, ANSIBLE_CALLBACKS_ENABLED="kill", MAILOPS_TEST_KILL_AT=str(number)
        )

    def run_for(self, seconds: float) -> Run:
        """The rotation, killed after a time; not killed if it ends earlier."""
        started = self.start()
        timer = threading.Timer(seconds, started.kill)
        timer.start()
        try:
            return started.ended()
        finally:
            timer.cancel()

    def let_days_pass(self, days: int) -> None:
        """Turn the tenant's clock."""
        self.days += days
        self.sandbox.control("PUT", "/clock", {"offset_seconds": self.days * 86400})

    # -- the far side -----------------------------------------------------------------------------------------------

    def files(self) -> list[Path]:
        """The configuration of each server."""
        return [self.directory / "servers" / host / "ConfigurationKeys.json" for host in HOSTS]

    def refusals(self) -> list[str]:
        """The servers whose products cannot sign in, and why."""
        return [f"{path.parent.name}: {why}" for path, why in sign_in.refusals(self.directory, self.files()).items()]

    def entry(self) -> dict[str, Any]:
        """What the store holds of the application, read with Ansible's own tool."""
        shown = subprocess.run(
            ["ansible-vault", "view", "--vault-password-file", str(self.directory / "vault-password"),
             str(self.directory / "credentials" / "prod.yml")],
            env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True,
        )
        found: dict[str, Any] = yaml.safe_load(shown.stdout)["applications"][APPLICATION]
        return found

    def credentials(self) -> list[dict[str, Any]]:
        """The client secrets that the tenant has of the application."""
        applications = self.sandbox.control("GET", "/tenant")["collections"]["applications"].values()
        [found] = [one for one in applications if one.get("uniqueName") == APPLICATION]
        secrets: list[dict[str, Any]] = found["passwordCredentials"]
        return secrets

    def faults_at_rest(self) -> list[str]:
        """What is not as it has to be when a rotation has come to its end."""
        entry, found = self.entry(), []
        slots = {name: entry[name] for name in ("current", "pending", "previous") if entry.get(name)}
        known = {slot["key_id"] for slot in slots.values()}
        there = {one["keyId"] for one in self.credentials()}
        if "pending" in slots or entry.get("awaiting") or entry.get("lock"):
            found.append(f"not at rest: {sorted(entry)}")
        if there - known:
            found.append(f"{len(there - known)} orphan(s)")
        if known - there:
            found.append(f"{len(known - there)} secret(s) in the store that the tenant does not have")
        if len(there) > 2:
            found.append(f"{len(there)} secrets at once")
        deployed = {ici.read(path).client_secret for path in self.files()}
        if deployed != {slots["current"]["secret_text"]}:
            found.append("a server does not have the current secret")
        return found + self.refusals()

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Sign in as every server's product over and over; gives the refusals seen meanwhile."""
        seen: list[str] = []
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.2):
                seen.extend(self.refusals())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            ended.set()
            watcher.join()
