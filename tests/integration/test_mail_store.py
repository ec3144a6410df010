# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The vaulted store, judged by what Ansible's own vault reads from the file."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from playbook_runner import REPOSITORY, Outcome, play

HOSTS = [f"server-{number}" for number in range(8)]
PASSWORD = "pass word"


class Store:
    """A store in a folder, used by hosts that have an application each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "credentials" / "test.yml"
        (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")

    def use(self, steps: list[tuple[str, Any]], *arguments: str, hosts: list[str] = HOSTS) -> Outcome:
        """Take some steps on each host, with the entry that is to be written."""
        tasks = [
            {
                "ansible.builtin.include_role": {"name": "mailops.modern_auth.mail_store", "rolespec_validate": False},
                "vars": {"__mail_store_step": step, **({"__mail_store_entry": entry} if entry else {})},
            }
            for step, entry in steps
        ]
        variables = {
            host: {
                "__mail_plan_data": {"application": {"unique_name": f"application of {host}"}},
                "mail_store_path": str(self.file), "mail_store_password_file": str(self.folder / "password"),
            }
            for host in hosts
        }
        return play(self.folder, tasks, "--forks", "8", *arguments, hosts=variables)

    def applications(self) -> Any:
        """What the file holds."""
        vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
        return yaml.safe_load(vault.decrypt(self.file.read_bytes()))["applications"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_what_hosts_write_at_once_is_all_kept(store: Store) -> None:
    host = "{{ inventory_hostname }}"
    entry = {"client_id": f"id of {host}", "current": {"secret_text": f"s3cret of {host}"}}
    done = store.use([("prove", None), ("read", None), ("write", entry), ("read", None)], "-vvv", "--diff")
    assert done.code == 0, done.output
    assert store.applications() == {
        f"application of {host}": {"client_id": f"id of {host}", "current": {"secret_text": f"s3cret of {host}"}}
        for host in HOSTS
    }
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.file.parent.stat().st_mode) == 0o700
    # The task's own text is in the output with its template, never with its value.
    assert "s3cret of server" not in done.output

    again = store.use([("read", None), ("write", entry)])
    assert again.output.count("changed=0 ") == len(HOSTS)


def test_what_another_run_wrote_is_not_overwritten(store: Store) -> None:
    theirs = {"client_id": "x", "lock": {"run": "theirs"}}
    assert store.use([("read", None), ("write", theirs)], hosts=HOSTS[:1]).code == 0
    ours = {"client_id": "x", "lock": {"run": "ours"}}
    done = store.use([("write", ours)], "-e", "__mail_store_revision=", hosts=HOSTS[:1])
    assert done.code == 2
    assert done.last(HOSTS[0])["code"] == "conflict"
    assert "Another run has changed what the store holds of the application 'application of server-0'" in done.output
    assert store.applications() == {"application of server-0": theirs}


def test_an_unknown_kind_is_told_the_known_ones(store: Store) -> None:
    done = store.use([("prove", None)], "-e", "mail_store_kind=vault", hosts=HOSTS[:1])
    known = "ansible_vault, azure_keyvault, environment, hashi_vault"
    assert f"mail_store_kind: 'vault' is not one of {known}." in done.last(HOSTS[0])["msg"]
    documented = (REPOSITORY / "roles/mail_store/meta/argument_specs.yml").read_text(encoding="utf-8")
    choices = yaml.safe_load(documented)["argument_specs"]["main"]["options"]["mail_store_kind"]["choices"]
    assert sorted(choices) == known.split(", ")


def test_a_check_makes_nothing(store: Store) -> None:
    assert store.use([("prove", None)], hosts=HOSTS[:1]).code == 0
    assert not store.file.parent.exists()
    steps = [("prove", None), ("read", None), ("write", {"client_id": "x"}), ("read", None)]
    done = store.use(steps, "--check", hosts=HOSTS[:1])
    assert done.code == 0, done.output
    assert not store.file.parent.exists()


def test_a_store_that_cannot_be_written_is_found_before_it_is_needed(store: Store) -> None:
    assert store.use([("read", None), ("write", {"client_id": "x"})], hosts=HOSTS[:1]).code == 0
    subprocess.run(["chattr", "+i", store.file], check=True)
    try:
        done = store.use([("prove", None)], hosts=HOSTS[:1])
    finally:
        subprocess.run(["chattr", "-i", store.file], check=True)
    assert done.code == 2
    assert f"{store.file} cannot be written. Give the user who runs Ansible the right to" in str(done.last(HOSTS[0]))


def test_another_password_is_told(store: Store) -> None:
    assert store.use([("read", None), ("write", {"client_id": "x"})], hosts=HOSTS[:1]).code == 0
    (store.folder / "password").write_text("another", encoding="utf-8")
    done = store.use([("read", None)], hosts=HOSTS[:1])
    assert f"Could not decrypt {store.file}. Was it vaulted with another password?" in done.last(HOSTS[0])["msg"]
