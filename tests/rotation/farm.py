"""Servers with their sandbox, for suites that treat what runs on them badly.

A :class:`Site` has servers as their vendor delivers them; a :class:`Farm` has some that share one application, set up
and proven, whose secret is rotated.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from m365_sandbox.products import ici, sign_in
from playbook_environment import REPOSITORY, playbook_environment
from sandbox_fixture import RunningSandbox, run_cli

INVENTORY = REPOSITORY / "molecule" / "rotation" / "inventory"
GROUP, APPLICATION, HOSTS = "application_2", "contracts-mail-2", ("ici-05", "ici-06", "ici-07")
DELIVERED = REPOSITORY / "sandbox" / "servers" / "ConfigurationKeys.json"
SETUP, ROTATION = "mailops.modern_auth.setup_mail", "mailops.modern_auth.rotate_secrets"
# A secret lives for 130 days and is due 30 days before its end; the one before it may go after 7 days. So this long
# after one is made the other is to be removed, and so long after that the next one is due.
REMOVAL_DAYS = 8
DUE_DAYS = 93
# The sandbox's own callers sign in with secrets that end after ten years.
LAST_DAY = 3500


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


class Site:
    """A sandbox of its own, and servers of the inventory.

    :param folder: is made, with everything in it.
    :param limit: the servers, as ``--limit`` takes them.
    """

    def __init__(self, folder: Path, limit: str, hosts: Sequence[str]) -> None:
        self.limit, self.hosts = limit, hosts
        self.folder = folder
        self.directory = folder / "sandbox"
        self.home = folder / "home"
        self._begin()

    def _begin(self) -> None:
        (self.home / "tmp").mkdir(parents=True)
        started = run_cli("start", self.directory)
        assert started.returncode == 0, started.stdout + started.stderr
        self.sandbox = RunningSandbox(self.directory)
        self._deliver()

    def _deliver(self) -> None:
        """Put the vendor's files on the servers."""
        for path in self.files():
            path.parent.mkdir(parents=True)
            shutil.copyfile(DELIVERED, path)
        (self.directory / "vault-password").write_text("the vault's password", "utf-8")

    def empty(self) -> None:
        """Back to where it began."""
        self.sandbox.control("POST", "/reset")
        for name in ("servers", "credentials", "tokens"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        self._deliver()

    def stop(self) -> None:
        """End the sandbox."""
        run_cli("stop", self.directory)

    # -- runs -------------------------------------------------------------------------------------------------------

    def start(self, playbook: str, limit: str | None = None, **environment: str) -> Started:
        """Start a playbook in a process group of its own, so that it can be killed with its workers.

        :param limit: other servers than the site's.
        """
        # A file, not a pipe: nobody reads while several runs go on at once, and a full pipe would hold one up.
        path = self.home / f"{uuid.uuid4()}.log"
        with path.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                ["ansible-playbook", playbook, "-i", str(INVENTORY), "--limit", limit or self.limit],
                env={**playbook_environment(self.directory, self.home), **environment},
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )
        return Started(process, path)

    def run(self, playbook: str, **environment: str) -> Run:
        """A playbook, to its end."""
        return self.start(playbook, **environment).ended()

    def run_until_task(self, playbook: str, number: int) -> Run:
        """A playbook, killed as its task of a number begins; not killed if it has fewer."""
        plugins = str(Path(__file__).parent / "callback_plugins")
        return self.run(
            playbook, ANSIBLE_CALLBACK_PLUGINS=plugins, ANSIBLE_CALLBACKS_ENABLED="kill",
            MAILOPS_TEST_KILL_AT=str(number),
        )

    def run_for(self, playbook: str, seconds: float) -> Run:
        """A playbook, killed after a time; not killed if it ends earlier."""
        started = self.start(playbook)
        timer = threading.Timer(seconds, started.kill)
        timer.start()
        try:
            return started.ended()
        finally:
            timer.cancel()

    # -- the far side -----------------------------------------------------------------------------------------------

    def files(self) -> list[Path]:
        """The configuration of each server."""
        return [self.directory / "servers" / host / "ConfigurationKeys.json" for host in self.hosts]

    def refusals(self) -> list[str]:
        """The servers whose products cannot sign in, and why."""
        return [f"{path.parent.name}: {why}" for path, why in sign_in.refusals(self.directory, self.files()).items()]

    def entries(self) -> dict[str, dict[str, Any]]:
        """What the store holds of each application, read with Ansible's own tool."""
        shown = subprocess.run(
            ["ansible-vault", "view", "--vault-password-file", str(self.directory / "vault-password"),
             str(self.directory / "credentials" / "prod.yml")],
            env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True,
        )
        found: dict[str, dict[str, Any]] = yaml.safe_load(shown.stdout)["applications"]
        return found

    def objects(self, collection: str) -> list[dict[str, Any]]:
        """The objects of one of the tenant's collections."""
        return list(self.sandbox.control("GET", "/tenant")["collections"][collection].values())


class Farm(Site):
    """Servers that share one application, set up and proven."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, GROUP, HOSTS)

    def _begin(self) -> None:
        super()._begin()
        self.days = 0
        done = self.run(SETUP)
        assert done.code == 0, done.output
        # As long after the first secret was made as the nights are on which an old one was removed.
        self.let_days_pass(REMOVAL_DAYS)

    def rejuvenate(self) -> None:
        """Begin anew if it has become too old. What is due next is as it was: a new secret."""
        if self.days > LAST_DAY:
            self.stop()
            shutil.rmtree(self.folder)
            self._begin()

    def let_days_pass(self, days: int) -> None:
        """Turn the tenant's clock."""
        self.days += days
        self.sandbox.control("PUT", "/clock", {"offset_seconds": self.days * 86400})

    def credentials(self) -> list[dict[str, Any]]:
        """The client secrets that the tenant has of the application."""
        [found] = [one for one in self.objects("applications") if one.get("uniqueName") == APPLICATION]
        secrets: list[dict[str, Any]] = found["passwordCredentials"]
        return secrets

    def faults_at_rest(self) -> list[str]:
        """What is not as it has to be when a rotation has come to its end."""
        entry, found = self.entries()[APPLICATION], []
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
