"""A secret's life on three servers, night by night, judged by the tenant, the servers' files and their sign-ins.

The tests follow one another: each night begins as the one before it has ended.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import SERVERS, Estate, Run
from m365_sandbox.products import ici, sign_in
from sandbox_fixture import RunningSandbox

HOSTS = ["ici-prod-1", "ici-prod-2", "ici-prod-3"]
APPLICATION = "contracts-mail-prod"
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
# It answers when its configuration is looked at, and not any more when it is to be written.
LOST_ON_THE_WAY = {"ansible_connection": "lost"}
# Commands run, but Python does not, and with it nothing that Ansible does.
WITHOUT_PYTHON = {"ansible_python_interpreter": "/nowhere/python3"}
CONNECTIONS = str(Path(__file__).parent / "connection_plugins")


class Farm:
    """Three servers that share an application, set up."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.sandbox = estate.sandbox
        self.inventory = estate.home / "third.yml"
        self.hinder({})
        file = estate.server_file("ici-prod-3")
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SERVERS / "ConfigurationKeys.json", file)
        self.days = 0.0
        done = self.run("setup_mail")
        assert done.code == 0, done.output

    def run(self, playbook: str, *arguments: str, **environment: str) -> Run:
        return self.estate.set_up(
            "-i", str(self.inventory), "--limit", "ici_prod", *arguments, playbook=playbook,
            ANSIBLE_CONNECTION_PLUGINS=CONNECTIONS, **environment
        )

    def rotate(self, *arguments: str) -> Run:
        """The rotation, after which every server can sign in, whatever became of it."""
        done = self.run("rotate_secrets", *arguments)
        assert self.refusals() == {}, done.output
        assert len(self.secrets()) <= 2
        assert not [secret for secret in self.values() if secret in done.output]
        assert "Unknown error" not in done.output
        return done

    def hinder(self, hindrances: dict[str, dict[str, Any]], **variables: Any) -> None:
        """Let hosts be lost: by host, the variables that do it. All others can be reached.

        :param variables: of all hosts.
        """
        group = {"hosts": {"ici-prod-3": {}, **hindrances}, "vars": variables}
        self.inventory.write_text(yaml.safe_dump({"all": {"children": {"ici_prod": group}}}))

    def turn_clock(self, days: float) -> None:
        self.days += days
        self.sandbox.control("PUT", "/clock", {"offset_seconds": self.days * 86400})

    # -- the far side

    def files(self) -> dict[str, Path]:
        return {host: self.estate.server_file(host) for host in HOSTS}

    def refusals(self) -> dict[Path, str]:
        return sign_in.refusals(self.estate.directory, list(self.files().values()))

    def deployed(self) -> list[str]:
        """Each server's secret."""
        return [ici.read(path).client_secret for path in self.files().values()]

    def secrets(self) -> set[str]:
        """The ids of the secrets that the tenant has of the application."""
        [application] = self.estate.footprint().applications(APPLICATION)
        return {one["keyId"] for one in application["passwordCredentials"]}

    def entry(self) -> dict[str, Any]:
        """What the store holds, read with Ansible's own library."""
        vault = VaultLib([("default", VaultSecret((self.estate.directory / "vault-password").read_bytes()))])
        text = vault.decrypt((self.estate.directory / "credentials" / "prod.yml").read_bytes())
        found: dict[str, Any] = yaml.safe_load(text)["applications"][APPLICATION]
        return found

    def values(self) -> list[str]:
        entry = self.entry()
        return [entry[slot]["secret_text"] for slot in ("current", "pending", "previous") if slot in entry]


def told(done: Run) -> str:
    """The report, its sentences each in one line."""
    return " ".join(done.output.partition("PLAY [Report]")[2].split())


@pytest.fixture(scope="module")
def farm(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    estate = Estate(sandbox, tmp_path_factory.mktemp("farm"))
    (estate.home / "tmp").mkdir()
    estate.empty()
    yield Farm(estate)
    sandbox.control("PUT", "/clock", {"offset_seconds": 0})


def test_a_night_on_which_nothing_is_due(farm: Farm, record_property: Callable[[str, object], None]) -> None:
    before = farm.estate.footprint()
    farm.sandbox.control("DELETE", "/requests")
    done = farm.rotate()
    assert (done.code, done.changed) == (0, 0), done.output
    assert "nothing to do" in done.output
    graph = farm.sandbox.requests("graph")
    record_property("measured", f"a night on which nothing is due, an application: {len(graph)} Graph request")
    client_id = farm.entry()["client_id"]
    assert [(entry["method"], entry["path"]) for entry in graph] == [
        ("GET", f"/v1.0/applications(appId='{client_id}')"),
    ]
    assert farm.estate.footprint() == before


def test_check_mode_predicts_and_touches_nothing(farm: Farm) -> None:
    farm.turn_clock(151)
    before = farm.estate.footprint()
    done = farm.rotate("--check", "--diff")
    assert done.code == 0, done.output
    assert f"would make a new one, bring it to {', '.join(HOSTS)}" in told(done)
    assert farm.estate.footprint() == before


def test_a_store_that_cannot_be_written_stops_before_a_secret_is_made(farm: Farm) -> None:
    entry, before = farm.entry(), farm.estate.footprint()
    prefix = "MAILOPS_CONTRACTS_MAIL_PROD"
    done = farm.run(
        "rotate_secrets", "-e", "mail_store_kind=environment", **{
            f"{prefix}_CLIENT_ID": entry["client_id"], f"{prefix}_KEY_ID": entry["current"]["key_id"],
            f"{prefix}_CLIENT_SECRET": entry["current"]["secret_text"],
        }
    )
    assert done.code == 2, done.output
    assert "environment can only be read, so a new secret could not be kept there, and none was made" in told(done)
    assert farm.estate.footprint() == before


def test_a_failure_has_the_old_secret_put_back_everywhere(farm: Farm) -> None:
    """The first product to be restarted does not start again; each other time one does."""
    old, before = farm.deployed(), farm.secrets()
    restart = ["sh", "-c", f"! mkdir {farm.estate.home / 'has-failed'}"]
    done = farm.rotate(
        "-e", json.dumps({"mail_rotation_serial": 2, "mail_restart_command": restart}), "-vvv", "--diff"
    )
    assert done.code == 2, done.output
    entry = farm.entry()
    assert farm.deployed() == old == [entry["current"]["secret_text"]] * 3
    assert farm.secrets() == {*before, entry["pending"]["key_id"]}
    assert re.match(r"ici-prod-[12]: The settings are written, but mail_restart_command ", entry["pending"]["failure"])
    assert (entry["awaiting"], "lock" in entry) == (HOSTS, False)
    for host in HOSTS:
        assert f"{host}: The secret that it had before is back, and proven." in told(done)
    assert "taken back" in told(done)


def test_a_mail_that_is_not_delivered_has_the_old_secret_put_back_and_tried(farm: Farm) -> None:
    """The first mail fails, and no other host gets the secret; then it fails with the old one, too."""
    old, before = farm.deployed(), farm.entry()
    farm.sandbox.control("DELETE", "/requests")
    done = farm.rotate("-e", json.dumps({"mail_verify": {"recipient": "nobody@contoso.example", "timeout": 1}}))
    assert done.code == 2, done.output
    assert farm.deployed() == old
    entry = farm.entry()
    assert entry["pending"]["key_id"] == before["pending"]["key_id"]
    assert entry["pending"]["failure"].startswith("ici-prod-1: ")
    assert (entry["awaiting"], "lock" in entry) == (HOSTS, False)
    for host in HOSTS:
        assert f"{host}: The secret that it had before was put back, but could not be proven either: " in told(done)
    # One mail with the new secret, and three with the old one.
    sent = [one for one in farm.sandbox.requests("graph") if one["path"].endswith("/sendMail")]
    assert len(sent) == 4


def test_a_server_that_cannot_be_reached_keeps_the_old_secret_alive(farm: Farm) -> None:
    old, before = farm.deployed(), farm.entry()
    farm.hinder({"ici-prod-3": UNREACHABLE})
    done = farm.rotate()
    assert done.code == 2, done.output
    assert "ici-prod-3: It cannot be reached" in told(done)
    assert {host: numbers["failed"] for host, numbers in done.recap.items()} == dict.fromkeys(HOSTS, 0) | {
        "ici-prod-3": 1,
    }
    entry = farm.entry()
    new = before["pending"]["secret_text"]
    assert farm.deployed() == [new, new, old[2]]
    assert (entry["current"]["secret_text"], entry["previous"]["secret_text"]) == (new, old[2])
    assert entry["awaiting"] == ["ici-prod-3"]


def test_its_time_being_over_does_not_harm_the_server_that_still_has_it(farm: Farm) -> None:
    """A host that is lost does not stop the run for those after it, whatever it is lost for."""
    farm.turn_clock(8)
    farm.hinder({"ici-prod-1": WITHOUT_PYTHON})
    done = farm.rotate("--limit", "ici-prod-1,ici-prod-2")
    assert done.code == 2, done.output
    assert "ici-prod-1: It cannot be reached" in told(done)
    assert len(farm.secrets()) == 2
    entry = farm.entry()
    assert (entry["awaiting"], entry["leaving"]) == (["ici-prod-1", "ici-prod-3"], [entry["previous"]["key_id"]])


def test_a_server_that_is_lost_on_the_way_does_not_keep_the_others_from_their_secret(farm: Farm) -> None:
    """It is restored from a backup, is to be configured, and goes down; it is alone in its batch."""
    entry = farm.entry()
    file = farm.files()["ici-prod-1"]
    restored = file.read_text("utf-8").replace(entry["current"]["secret_text"], entry["previous"]["secret_text"])
    file.write_text(restored, "utf-8")
    farm.hinder({"ici-prod-1": LOST_ON_THE_WAY})
    done = farm.rotate("--limit", "ici-prod-1,ici-prod-3")
    assert done.code == 2, done.output
    assert {host: numbers["failed"] for host, numbers in done.recap.items()} == {"ici-prod-1": 1, "ici-prod-3": 0}
    assert "ici-prod-1: It cannot be reached (The line was cut), so the secret that it has is kept" in told(done)
    assert "proven on further hosts" in told(done)
    entry = farm.entry()
    assert (entry["awaiting"], "lock" in entry) == (["ici-prod-1"], False)
    assert farm.deployed() == [
        entry["previous"]["secret_text"], entry["current"]["secret_text"], entry["current"]["secret_text"],
    ]


def test_the_server_gets_the_new_one_when_it_comes_back_and_then_the_old_one_goes(farm: Farm) -> None:
    farm.hinder({})
    done = farm.rotate()
    assert done.code == 0, done.output
    entry = farm.entry()
    assert sorted(entry) == ["client_id", "current", "object_id", "tenant_id"]
    assert farm.deployed() == [entry["current"]["secret_text"]] * 3
    assert farm.secrets() == {entry["current"]["key_id"]}


def test_two_runs_at_once_make_one_secret(farm: Farm) -> None:
    """Both are forced."""
    before = farm.entry()["current"]["key_id"]
    farm.turn_clock(8)
    command = farm.estate.command(
        "-i", str(farm.inventory), "--limit", "ici_prod", "-e", "mail_rotation_force=true", "-e",
        "mail_rotation_serial=3", playbook="rotate_secrets",
    )
    farm.sandbox.control("DELETE", "/requests")
    running = [
        subprocess.Popen(
            command, env=farm.estate.environment(), cwd=farm.estate.home, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=600)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(outputs)
    made = [
        entry for entry in farm.sandbox.requests("graph")
        if entry["path"].endswith("/addPassword") and entry["status"] == 200
    ]
    assert len(made) == 1
    entry = farm.entry()
    assert farm.secrets() == {entry["current"]["key_id"], entry["previous"]["key_id"]}
    assert entry["previous"]["key_id"] == before
    assert farm.deployed() == [entry["current"]["secret_text"]] * 3
    assert farm.refusals() == {}
    assert not {"lock", "pending", "awaiting", "leaving"} & set(entry)


def test_an_old_secret_goes_before_a_new_one_comes(farm: Farm) -> None:
    """In one run of two rounds; the inventory says how many hosts are set up at a time."""
    before = farm.entry()
    farm.turn_clock(8)
    farm.hinder({}, mail_rotation_serial=3)
    done = farm.rotate("-e", "mail_rotation_force=true")
    assert done.code == 0, done.output
    entry = farm.entry()
    assert entry["previous"]["key_id"] == before["current"]["key_id"]
    assert farm.secrets() == {entry["current"]["key_id"], entry["previous"]["key_id"]}
    assert farm.deployed() == [entry["current"]["secret_text"]] * 3
    assert "rotated, removed 1" in told(done)
    assert done.output.count("PLAY [Bring new secrets to the servers, and prove them]") == 2
    assert not {"lock", "pending", "awaiting", "leaving"} & set(entry)


def test_options_that_make_no_sense_are_told_once_and_touch_nothing(farm: Farm) -> None:
    before = farm.estate.footprint()
    done = farm.rotate("-e", '{"mail_rotation_overlap": "soon", "mail_rotation_force": true}')
    assert done.code == 2, done.output
    assert "mail_rotation_overlap" in told(done)
    assert "Traceback" not in done.output
    assert farm.estate.footprint() == before


def test_a_store_that_cannot_be_read_is_told_in_the_table(farm: Farm) -> None:
    store = farm.estate.directory / "credentials" / "prod.yml"
    whole = store.read_bytes()
    store.write_bytes(whole[:300])
    done = farm.run("rotate_secrets")
    store.write_bytes(whole)
    assert done.code == 2, done.output
    assert f"Contracts mail: {store}" in told(done)


def test_a_hundred_applications_are_read_in_five_requests(
    clean: RunningSandbox, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    estate = Estate(clean, tmp_path)
    (tmp_path / "tmp").mkdir()
    made = [
        clean.control("POST", "/tenant/applications", {"displayName": f"Mail {number}", "secret": True})["appId"]
        for number in range(100)
    ]
    applications = clean.control("GET", "/tenant")["collections"]["applications"].values()
    found = {one["appId"]: one["passwordCredentials"][0] for one in applications if one["appId"] in made}
    entries = {
        f"mail-{number}": {"client_id": app_id, "tenant_id": clean.env["AZURE_TENANT_ID"], "current": {
            "key_id": found[app_id]["keyId"], "end_date_time": found[app_id]["endDateTime"], "secret_text": "unknown",
        }}
        for number, app_id in enumerate(made[:99])
    }
    password = VaultSecret(b"pass word")
    (tmp_path / "password").write_bytes(password.bytes)
    (tmp_path / "store.yml").write_bytes(
        VaultLib([("default", password)]).encrypt(yaml.safe_dump({"applications": entries}), password)
    )
    # Of the last one but one the store knows nothing, and the last one is not planned.
    hosts: dict[str, dict[str, Any]] = {
        f"server-{number}": {"mail_app": {"unique_name": f"mail-{number}", "name": f"Mail {number}"}}
        for number in range(100)
    } | {"server-100": {"mail_product": "abacus"}}
    env = clean.env
    inventory = {"all": {"hosts": hosts, "vars": {
        "ansible_connection": "local", "mail_product": "ici", "mail_environment": "prod",
        "mail_send": {"transport": "graph", "from": "contracts@contoso.example"},
        "mail_ici": {"config_file": "/unused"},
        "mail_store_path": str(tmp_path / "store.yml"), "mail_store_password_file": str(tmp_path / "password"),
        "mail_entra": {
            "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
            "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"],
        },
    }}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    clean.control("DELETE", "/requests")
    done = subprocess.run(
        ["ansible-playbook", "mailops.modern_auth.rotate_secrets", "-i", "inventory.yml"], env=estate.environment(),
        cwd=tmp_path, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
    )
    ended = Run(done.returncode, done.stdout)
    assert ended.code == 2, ended.output
    assert ended.output.count("nothing to do") == 99
    assert [host for host, numbers in ended.recap.items() if numbers["failed"]] == ["server-99", "server-100"]
    assert "Mail 99: The store has no client secret of it." in told(ended)
    assert "server-100: mail_product: " in told(ended)
    requests = clean.requests("graph")
    record_property("measured", f"a night on which nothing is due, 100 applications: {len(requests)} Graph requests")
    assert sorted(len(entry["batch"]) for entry in requests) == [19, 20, 20, 20, 20]
    assert {inner["method"] for entry in requests for inner in entry["batch"]} == {"GET"}
