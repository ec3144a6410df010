"""Where secrets turn up during a full run at -vvvv: in the store and in the product's configuration alone."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate

SHARED = (Path("/tmp"), Path("/dev/shm"))
# They have every kind of secret.
ENVIRONMENT = "test"

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


def test_secrets_stay_where_they_belong(estate: Estate) -> None:
    log = estate.home / "ansible.log"
    facts = estate.home / "facts"
    dump = estate.home / "dump"
    environment = {
        **estate.environment(), "ANSIBLE_LOG_PATH": str(log), "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(facts), "ANSIBLE_KEEP_REMOTE_FILES": "0",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1", "ANSIBLE_CALLBACKS_ENABLED": "dump",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"), "MAILOPS_TEST_DUMP": str(dump),
    }
    estate.home.chmod(0o755)
    with Watch(estate.home) as watch:
        done = subprocess.run(
            estate.command("-vvvv", "--diff", "--limit", ENVIRONMENT), env=environment, cwd=estate.home, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
        )
    assert done.returncode == 0, done.stdout.decode()
    assert watch.rounds > 20
    assert any(b"ansible-playbook" in line for line in watch.command_lines)

    places = {"output at -vvvv": done.stdout, "Ansible's log": log.read_bytes()}
    places.update({f"command line {line[:80]!r}": line for line in watch.command_lines})
    places.update({f"file {path} during the run": content for path, content in watch.open_files.items()})
    allowed = {
        estate.directory / "credentials", estate.directory / "servers", estate.directory / "vault-password",
        estate.directory / "env.json", estate.directory / "credentials.json",
    }
    for folder in (estate.home, estate.directory):
        for path in folder.rglob("*"):
            if path.is_file() and not allowed & {path, *path.parents}:
                places[f"file {path} after the run"] = path.read_bytes()
    # What a callback saw is among the files; it has to have seen something.
    seen = dump.read_text()
    assert all(f"\n{what}: " in seen for what in ("task", "variables", "facts", "result", "statistics"))
    assert "mail_send.password" in seen
    secrets = secrets_of(estate)
    assert len(secrets) == 6
    found = [
        f"{name} in {place}"
        for place, content in places.items() for name, secret in secrets.items() if secret in content
    ]
    assert found == []

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
