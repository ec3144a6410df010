"""Where secrets turn up during a full run at -vvvv: in the store and in the product's configuration alone."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

import key_vault_stand_in
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import REPOSITORY, Estate
from key_vault_stand_in import KeyVaultStandIn
from m365_sandbox.state.certificates import load_or_create_tls
from vault_stand_in import VaultStandIn, serving

SHARED = (Path("/tmp"), Path("/dev/shm"))
# They have every kind of secret, and share a store.
HOSTS, ENVIRONMENT = "ici_test,team_assistant_test", "test"
TOKEN, SECRET_ID = "hvs.root-token-of-the-test", "the-secret-id-of-the-test"


def secrets_of(estate: Estate) -> dict[str, bytes]:
    """Every secret that the run makes or is told, by a name for the test's messages."""
    password = (estate.directory / "vault-password").read_text().strip()
    found = {"vault password": password.encode()}
    vault = VaultLib([("default", VaultSecret(password.encode()))])
    store = yaml.safe_load(vault.decrypt((estate.directory / "credentials" / f"{ENVIRONMENT}.yml").read_bytes()))
    for unique_name, application in store["applications"].items():
        found[f"client secret of {unique_name}"] = application["current"]["secret_text"].encode()
    for name in ("AZURE_CLIENT_SECRET", "M365_SANDBOX_READER_CLIENT_SECRET", "M365_SANDBOX_RELAY_PASSWORD"):
        found[name] = estate.sandbox.env[name].encode()
    return found


class Watch:
    """Collects the command lines of all processes, and what others may read in the folders for temporary files.

    In the machine's own folders only what appears during the run is looked at.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._before = {path for shared in SHARED for path in shared.iterdir()}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.command_lines: set[bytes] = set()
        self.open_files: dict[str, bytes] = {}
        self.rounds = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.is_set():
            self.rounds += 1
            for process in Path("/proc").iterdir():
                if process.name.isdigit() and int(process.name) != os.getpid():
                    try:
                        self.command_lines.add((process / "cmdline").read_bytes())
                    except OSError:
                        continue
            new = {path for shared in SHARED for path in shared.iterdir()} - self._before
            for place in (self._home, *new):
                for path in inside(place):
                    try:
                        if path.is_file() and others_may_read(path, place):
                            self.open_files[str(path)] = path.read_bytes()
                    except OSError:
                        continue
            self._ended.wait(0.05)


def inside(place: Path) -> list[Path]:
    """The place itself and all that is in it, or the place alone if that changes while one looks."""
    try:
        return [place, *place.rglob("*")]
    except OSError:
        return [place]


def others_may_read(path: Path, top: Path) -> bool:
    """Whether neither the file nor a folder between it and the topmost one keeps other users out."""
    between = [folder for folder in path.parents if folder.is_relative_to(top)]
    return not any(place.stat().st_mode & 0o077 == 0 for place in (path, *between))


def places(estate: Estate, *arguments: str, **further: str) -> dict[str, bytes]:
    """Set up, with all that Ansible and callbacks can show; what there was to be seen, by where it was.

    :param further: of the environment.
    """
    log, dump = estate.home / "ansible.log", estate.home / "dump"
    environment = {
        **estate.environment(), "ANSIBLE_LOG_PATH": str(log), "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(estate.home / "facts"), "ANSIBLE_KEEP_REMOTE_FILES": "0",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1", "ANSIBLE_CALLBACKS_ENABLED": "dump",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"), "MAILOPS_TEST_DUMP": str(dump),
        **further,
    }
    for file in (log, dump):
        file.unlink(missing_ok=True)
    estate.home.chmod(0o755)
    with Watch(estate.home) as watch:
        done = subprocess.run(
            estate.command("-vvvv", "--diff", *arguments), env=environment, cwd=estate.home, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
    assert done.returncode == 0, done.stdout.decode()
    assert watch.rounds > 20
    assert any(b"ansible-playbook" in line for line in watch.command_lines)

    found = {"output at -vvvv": done.stdout, "Ansible's log": log.read_bytes()}
    found.update({f"command line {line[:80]!r}": line for line in watch.command_lines})
    found.update({f"file {path} during the run": content for path, content in watch.open_files.items()})
    allowed = {
        estate.directory / "credentials", estate.directory / "servers", estate.directory / "vault-password",
        estate.directory / "env.json", estate.directory / "credentials.json",
    }
    for folder in (estate.home, estate.directory):
        for path in folder.rglob("*"):
            if path.is_file() and not allowed & {path, *path.parents}:
                found[f"file {path} after the run"] = path.read_bytes()
    # What a callback saw is among the files; it has to have seen something.
    seen = dump.read_text()
    assert all(f"\n{what}: " in seen for what in ("task", "variables", "facts", "result", "statistics"))
    return found


def looked_up(folder: Path, secret: str) -> str:
    """What an inventory says instead of the secret."""
    file = folder / f"secret-{len(list(folder.iterdir()))}"
    file.write_text(secret)
    return f"{{{{ lookup('ansible.builtin.file', '{file}') }}}}"


def assert_none(secrets: Mapping[str, bytes], found: Mapping[str, bytes]) -> None:
    """No secret is to be seen anywhere."""
    assert [
        f"{name} in {place}" for place, content in found.items() for name, secret in secrets.items()
        if secret in content
    ] == []


def test_secrets_stay_where_they_belong(estate: Estate) -> None:
    found = places(estate, "--limit", HOSTS)
    assert b"mail_send.password" in (estate.home / "dump").read_bytes()
    secrets = secrets_of(estate)
    assert len(secrets) == 6
    assert_none(secrets, found)

    for host, name in (
        ("ici-test-1", "client secret of contracts-mail-test"), ("ici-test-2", "M365_SANDBOX_RELAY_PASSWORD"),
    ):
        assert estate.server_file(host).read_bytes().count(secrets[name]) == 1
    for backend in ("standard", "cron"):
        folder = estate.directory / "servers" / "tas-test-1" / backend
        secret = secrets["client secret of tickets-mail-test"]
        assert (folder / "environment").read_bytes().count(secret) == 1
        assert secret not in (folder / "local.js").read_bytes()
    for path in (estate.directory / "credentials").iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;") or (path.suffix == ".lock" and not path.stat().st_size)


def test_what_opens_other_stores_stays_where_it_belongs(estate: Estate, tmp_path: Path) -> None:
    policy = {"secret/data/mailops/": ["create", "read", "update"], "secret/metadata/mailops/": ["read"]}
    vault = VaultStandIn(policies={TOKEN: None}, approles={("mailops", SECRET_ID): policy})
    for name in ("hashi", "azure"):
        (tmp_path / name).mkdir()
    ca = {"ca_cert": str(tmp_path / "hashi" / "ca.pem")}
    with (
        serving(vault, load_or_create_tls(tmp_path / "hashi")),
        key_vault_stand_in.serving(KeyVaultStandIn(), tmp_path / "azure") as key_vault,
    ):
        by_token = {"url": vault.url, "token": looked_up(tmp_path, TOKEN), **ca}
        by_role = {
            "url": vault.url, "auth_method": "approle", "role_id": "mailops",
            "secret_id": looked_up(tmp_path, SECRET_ID), **ca,
        }
        by_secret = {
            "vault_uri": key_vault.url, "client_id": key_vault_stand_in.CLIENT,
            "secret": looked_up(tmp_path, key_vault_stand_in.SECRET), "tenant": key_vault_stand_in.TENANT,
            "subscription_id": "none", "adfs_authority_url": key_vault.authority, "disable_instance_discovery": True,
        }
        hosts = estate.hosts(
            ici_test_1={"mail_store_kind": "hashi_vault", "mail_store_hashi_vault": by_token},
            tas_test_1={"mail_store_kind": "hashi_vault", "mail_store_hashi_vault": by_role},
            ici_prod_1={"mail_store_kind": "azure_keyvault", "mail_store_azure_keyvault": by_secret},
        )
        found = places(
            estate, "--limit", "ici-test-1,tas-test-1,ici-prod-1", *hosts,
            PYTHONPATH=str(REPOSITORY / "tests" / "azure_libraries"),
            REQUESTS_CA_BUNDLE=str(tmp_path / "azure" / "ca.pem"),
        )
    entries = {path.rpartition("/")[2]: versions[-1].data for (_mount, path), versions in vault.secrets.items()}
    [*_checks, (_version, content)] = [one for held in key_vault.secrets.values() for one in held if len(one[1]) > 99]
    entries["contracts-mail-prod"] = json.loads(base64.b64decode(content))
    secrets = {
        f"client secret of {name}": entry["current"]["secret_text"].encode()
        for name, entry in entries.items() if "current" in entry
    }
    assert set(secrets) == {
        f"client secret of {name}" for name in ("contracts-mail-test", "tickets-mail-test", "contracts-mail-prod")
    }
    opened = [TOKEN, SECRET_ID, key_vault_stand_in.SECRET, *vault.policies, *key_vault.tokens]
    assert len(set(opened)) >= 5
    assert_none({**secrets, **{one: one.encode() for one in opened}}, found)
    assert not (estate.directory / "credentials").exists()
