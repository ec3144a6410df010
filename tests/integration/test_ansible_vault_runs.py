# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The vaulted store in real runs: where it is, whose password it has, and what is left of it when the disk is full."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import fingerprint
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import kinds
from playbook_runner import ACTIONS, LOCAL, REPOSITORY, play

ENTRY = {"client_id": "c", "current": {"key_id": "k", "secret_text": "s3cret-value"}}


class Project:
    """A folder as an operator has one: ``inventory/`` and ``playbooks/``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = folder / "inventory"
        self.inventory.mkdir()
        hosts = {"all": {"hosts": {"server": None}}}
        (self.inventory / "hosts.yml").write_text(json.dumps(hosts), encoding="utf-8")
        (self.inventory / "group_vars").mkdir()
        self.variables = {**LOCAL, "mail_environment": "test"}
        (self.inventory / "group_vars" / "all.yml").write_text(json.dumps(self.variables), encoding="utf-8")
        (folder / "playbooks").mkdir()
        (folder / "entry.json").write_text(json.dumps(ENTRY), encoding="utf-8")
        use = {"prove": True, "entry_file": str(folder / "entry.json"), "revision": "{{ revision | default('') }}"}
        plays = [{"hosts": "all", "gather_facts": False, "tasks": [{"use_store": use}]}]
        (folder / "playbooks" / "use.yml").write_text(json.dumps(plays), encoding="utf-8")
        self.password = folder / "password"
        self.password.write_text("mine\n", encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Keep the entry of the application."""
        return ["ansible-playbook", str(self.folder / "playbooks" / "use.yml"), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """Ansible's, with nothing of the test's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MAILOPS_"))}
        return {
            **kept, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **ACTIONS, **more,
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the playbook in the folder."""
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment(**environment), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )

    def stores(self) -> list[str]:
        """The files that are vaulted, within the folder."""
        found = (file for file in self.folder.rglob("*.yml") if file.read_bytes().startswith(b"$ANSIBLE_VAULT"))
        return sorted(str(file.relative_to(self.folder)) for file in found)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def opened(file: Path, password: str = "mine") -> Any:
    """What ansible-vault shows."""
    return yaml.safe_load(VaultLib([("any", VaultSecret(password.encode()))]).decrypt(file.read_bytes()))


@pytest.mark.parametrize("source", ["inventory", "inventory/hosts.yml", "./inventory/"])
@pytest.mark.parametrize("given", ["environment", "variable"])
def test_the_default_is_where_ansible_reads_no_inventory(project: Project, source: str, given: str) -> None:
    if given == "environment":
        arguments, environment = [], {"ANSIBLE_VAULT_PASSWORD_FILE": str(project.password)}
    else:
        arguments, environment = ["-e", f"mail_store_password_file={project.password}"], {}
    for extra in ([], ["-e", "@revision.json"]):
        done = project.run("-i", source, *arguments, *extra, **environment)
        assert done.returncode == 0, done.stdout
        assert "WARN" not in done.stdout
        assert "s3cret-value" not in done.stdout
        [store] = project.stores()
        (project.folder / "revision.json").write_text(json.dumps({"revision": revision(project.folder / store)}))
    assert project.stores() == ["inventory/.credentials/test.yml"]
    listed = subprocess.run(
        ["ansible-inventory", "-i", source, "--list"], cwd=project.folder, env=project.environment(**environment),
        text=True, check=True, capture_output=True, timeout=60,
    )
    assert "client_id" not in listed.stdout
    assert listed.stderr == ""


def revision(file: Path) -> str:
    """What the next write has to match."""
    return fingerprint(opened(file)["applications"]["contracts"])


def test_a_store_at_the_former_default_is_found(project: Project) -> None:
    (project.inventory / "credentials").mkdir()
    secret = VaultSecret(b"mine")
    content = VaultLib([("x", secret)]).encrypt("note: kept", secret)
    (project.inventory / "credentials" / "test.yml").write_bytes(content)
    done = project.run("-i", "inventory/hosts.yml", ANSIBLE_VAULT_PASSWORD_FILE=str(project.password))
    assert done.returncode == 0, done.stdout
    assert project.stores() == ["inventory/credentials/test.yml"]
    assert opened(project.inventory / "credentials" / "test.yml") == {
        "note": "kept", "applications": {"contracts": ENTRY}
    }


@pytest.mark.parametrize(
    ("path", "found"), [(None, ".credentials/test.yml"), ("my/store.yml", "my/store.yml")],
)
def test_without_an_inventory_it_is_where_the_user_is(project: Project, path: str | None, found: str) -> None:
    variables = {**project.variables, **({"mail_store_path": path} if path else {})}
    (project.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    done = project.run("-i", "inline,", "-e", "@variables.json", ANSIBLE_VAULT_PASSWORD_FILE=str(project.password))
    assert done.returncode == 0, done.stdout
    assert project.stores() == [found]


def test_a_script_named_in_the_environment_is_run(project: Project) -> None:
    script = project.folder / "password.sh"
    script.write_text("#!/bin/sh\necho the-real-password\n")
    script.chmod(0o755)
    done = project.run("-i", "inventory", ANSIBLE_VAULT_PASSWORD_FILE=str(script))
    assert done.returncode == 0, done.stdout
    assert opened(project.inventory / ".credentials/test.yml", "the-real-password")["applications"]


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--vault-password-file", "password"], {}),
        (["--vault-id", "mail@password"], {}),
        ([], {"ANSIBLE_VAULT_IDENTITY_LIST": "mail@password"}),
        (["--vault-id", "other@entry.json", "--vault-id", "mail@password"], {"ANSIBLE_VAULT_ENCRYPT_IDENTITY": "mail"}),
    ],
)
def test_what_the_run_is_given_is_the_password(
    project: Project, arguments: list[str], environment: dict[str, str]
) -> None:
    done = project.run("-i", "inventory", *arguments, **environment)
    assert done.returncode == 0, done.stdout
    assert opened(project.inventory / ".credentials/test.yml")["applications"] == {"contracts": ENTRY}


def test_a_password_that_is_asked_for(project: Project) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(project.folder)
        command = project.command("-i", "inventory", "--ask-vault-pass")
        os.execvpe(command[0], command, project.environment())
    output = b""
    while b"Vault password:" not in output:
        output += os.read(terminal, 1024)
    os.write(terminal, b"mine\n")
    for piece in pieces(terminal):
        output += piece
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, output.decode()
    assert opened(project.inventory / ".credentials/test.yml")["applications"] == {"contracts": ENTRY}


def pieces(terminal: int) -> Iterator[bytes]:
    """What comes from a terminal until its other end is closed."""
    try:
        while piece := os.read(terminal, 1024):
            yield piece
    except OSError:
        return


def test_without_a_password_nothing_is_made(project: Project) -> None:
    done = project.run("-i", "inventory")
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert "There is no password for the store. Name a file in mail_store_password_file" in said
    assert project.stores() == []


def test_what_hosts_write_at_once_is_all_kept(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("mine", encoding="utf-8")
    (tmp_path / "entry.json").write_text(json.dumps(ENTRY), encoding="utf-8")
    variables = {
        "mail_store_path": "credentials/test.yml", "mail_store_password_file": "password", "mail_environment": "test",
    }
    use = {"names": ["{{ inventory_hostname }}"], "prove": True, "entry_file": str(tmp_path / "entry.json")}
    hosts = {f"server-{number}": variables for number in range(8)}
    done = play(tmp_path, [{"use_store": use}], "--forks", "8", "-vvv", "--diff", hosts=hosts, environment=ACTIONS)
    assert done.code == 0, done.output
    assert opened(tmp_path / "credentials/test.yml")["applications"] == dict.fromkeys(hosts, ENTRY)
    assert "s3cret-value" not in done.output
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o700


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_found_by_the_proof_and_changes_nothing(project: Project, small_disk: Path) -> None:
    path = small_disk / "store.yml"
    arguments = ["-i", "inventory", "-e", f"mail_store_path={path}", "--vault-password-file", "password"]
    assert project.run(*arguments).returncode == 0
    before = path.read_bytes()
    # Room for what is in there, not for what may come.
    (small_disk / "other").write_bytes(b"x" * (64 * 1024 - 3 * 4096))
    done = project.run(*arguments, "-e", f"revision={revision(path)}")
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert f"Could not write {path}: No space left on device. Make room, and run again" in said
    assert path.read_bytes() == before
    assert sorted(file.name for file in small_disk.iterdir()) == [".store.yml.lock", "other", "store.yml"]


def test_what_cannot_be_replaced_is_found_by_the_proof(project: Project) -> None:
    path = project.folder / "store.yml"
    arguments = ["-i", "inventory", "-e", f"mail_store_path={path}", "--vault-password-file", "password"]
    assert project.run(*arguments).returncode == 0
    for attribute in ("i", "a"):
        subprocess.run(["chattr", f"+{attribute}", path], check=True)
        try:
            done = project.run(*arguments, "--check")
        finally:
            subprocess.run(["chattr", f"-{attribute}", path], check=True)
        said = " ".join(done.stdout.split())
        assert f"Could not write {path}: Operation not permitted. It may be immutable or append-only" in said


def test_a_file_that_is_mounted_by_itself_is_found_by_the_proof(project: Project) -> None:
    path = project.folder / "a store.yml"
    arguments = [
        "-i", "inventory", "-e", json.dumps({"mail_store_path": str(path)}), "--vault-password-file", "password"
    ]
    assert project.run(*arguments).returncode == 0
    before = path.read_bytes()
    subprocess.run(["mount", "--bind", path, path], check=True)
    try:
        done = project.run(*arguments, "--check")
    finally:
        subprocess.run(["umount", path], check=True)
    said = " ".join(done.stdout.split())
    assert f"Could not replace {path}: Device or resource busy. It is mounted by itself" in said
    assert path.read_bytes() == before


def test_the_kinds_are_documented() -> None:
    documented = (REPOSITORY / "roles/mail_plan/meta/argument_specs.yml").read_text(encoding="utf-8")
    choices = yaml.safe_load(documented)["argument_specs"]["main"]["options"]["mail_store_kind"]["choices"]
    assert sorted(choices) == kinds()
