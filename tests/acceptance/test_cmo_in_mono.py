"""CMO as its users get it: what the main job wrote is all that it needs to send and receive, and opens nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from estates import REPOSITORY, SERVERS, SITES, Estate, Footprint, Run
from sandbox_fixture import RunningSandbox

PROGRAM = REPOSITORY / ".build" / "cmo" / "cmo.exe"
LIMIT = ("--limit", ",".join(SITES))
FARM = ("cmo-prod-1", "cmo-prod-2")
MAILBOXES = ("receiving", "new_action", "document_import")
OLD_PASSWORD = "of-the-old-days"
SECRET = re.compile(r'ConfidentialApp\.Secret" value="([^"]+)"')
DIRECTOR = "director@contoso.example"


@dataclass(frozen=True)
class Settled:
    """Two runs in a row, and what stood after each."""

    estate: Estate
    first: Run
    between: Footprint
    second: Run
    after: Footprint


@pytest.fixture(scope="module")
def settled(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Settled:
    estate = Estate(sandbox, tmp_path_factory.mktemp("sites"))
    (estate.home / "tmp").mkdir()
    estate.empty()
    first = estate.set_up(*LIMIT)
    between = estate.footprint()
    second = estate.set_up(*LIMIT)
    return Settled(estate, first, between, second, estate.footprint())


@pytest.fixture(scope="module")
def program() -> Path:
    """The stand-in for CMO, as the demo builds it."""
    subprocess.run(["make", "-s", str(PROGRAM)], cwd=REPOSITORY, check=True)
    return PROGRAM


def config(estate: Estate, host: str) -> Path:
    """A site's web.config."""
    return estate.directory / "servers" / host / "web.config"


def addresses(host: str) -> list[str]:
    """Whose mailboxes a site receives from, as MAILBOXES has them; it sends as the first."""
    if host == "cmo-google-1":
        return [f"{name}@fabrikam.example" for name in ("orders", "returns", "orders")]
    suffix = "-test" if "-test-" in host else ""
    return [f"{name}{suffix}@contoso.example" for name in ("cmo", "cmo-actions", "cmo-documents")]


def prove(directory: Path, program: Path) -> subprocess.CompletedProcess[str]:
    """Let CMO on each server send and receive, with nothing but its web.config."""
    return subprocess.run(
        [sys.executable, SERVERS / "cmo" / "prove.py", directory, program], text=True, check=False,
        capture_output=True, timeout=300, env={**os.environ, "PYTHONPATH": str(SERVERS)},
    )


def proven(host: str) -> list[str]:
    """What is said of a site when all is well."""
    sender = addresses(host)[0]
    return [
        f"{host}: a mail from {sender} to {address} arrived, received as {mailbox}"
        for mailbox, address in zip(MAILBOXES, addresses(host), strict=True)
    ]


def test_the_second_run_changes_nothing(settled: Settled) -> None:
    assert settled.first.code == 0, settled.first.output
    assert settled.first.results == dict.fromkeys(SITES, "delivered")
    assert (settled.second.code, settled.second.changed) == (0, 0), settled.second.output
    assert settled.after == settled.between


def test_web_config_is_all_that_the_product_needs(settled: Settled, program: Path) -> None:
    done = prove(settled.estate.directory, program)
    assert done.stdout.splitlines() == [line for host in sorted(SITES) for line in proven(host)]
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_credentials_are_refused_for_another_mailbox(
    settled: Settled, program: Path, tmp_path: Path
) -> None:
    users = {one["userPrincipalName"]: one["id"] for one in settled.after.objects("users")}
    own, foreign = users[addresses("cmo-test-1")[1]], users[DIRECTOR]
    shutil.copyfile(settled.estate.directory / "env.json", tmp_path / "env.json")
    copy = tmp_path / "servers" / "cmo-test-1" / "web.config"
    copy.parent.mkdir(parents=True)
    copy.write_text(config(settled.estate, "cmo-test-1").read_text().replace(own, foreign))
    done = prove(tmp_path, program)
    assert done.returncode == 1
    [first, refused] = done.stdout.splitlines()
    assert first == proven("cmo-test-1")[0]
    assert refused.startswith("cmo-test-1: NO MAIL ARRIVED: GET ")
    assert "ErrorAccessDenied" in refused


def test_what_others_wrote_stays_and_no_old_password_does(settled: Settled) -> None:
    before = (SERVERS / "web.config").read_text()
    foreign = [line for line in before.splitlines() if "mail." not in line.lower() or "<!--" in line]
    assert OLD_PASSWORD in before
    for host in SITES:
        after = config(settled.estate, host).read_text()
        assert [line for line in after.splitlines() if '"Mail.' not in line] == foreign
        assert OLD_PASSWORD not in after
        secrets = set(SECRET.findall(after))
        assert len(secrets) == (host != "cmo-google-1")
        assert not [secret for secret in secrets if secret in settled.first.output + settled.second.output]


def test_rotation_renews_the_secret_on_all_servers_of_the_application(settled: Settled, program: Path) -> None:
    estate = settled.estate
    old = {host: SECRET.findall(config(estate, host).read_text()) for host in FARM}
    done = estate.set_up("--limit", ",".join(FARM), "-e", "mail_rotation_force=true", playbook="rotate_secrets")
    assert done.code == 0, done.output
    new = {host: SECRET.findall(config(estate, host).read_text()) for host in FARM}
    [secret] = {secret for secrets in new.values() for secret in secrets}
    assert list(map(len, new.values())) == [2, 2]
    assert secret not in (*old["cmo-prod-1"], *old["cmo-prod-2"])
    assert [line for host in FARM for line in proven(host)] == [
        line for line in prove(estate.directory, program).stdout.splitlines() if line.startswith(FARM)
    ]
