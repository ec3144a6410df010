"""The wheel is all that a sandbox needs: installed elsewhere, it starts, answers and serves products' stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sandbox_fixture import RunningSandbox

SANDBOX = Path(__file__).parents[2] / "sandbox"
UNPACKED = ("__pycache__", "node_modules")
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Python's with what the wheel holds, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    shutil.copytree(SANDBOX, copy, ignore=shutil.ignore_patterns(*UNPACKED, "*.egg-info", "build"))
    made = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, copy]
    subprocess.run(made, check=True, timeout=300)
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile"]
    target = folder / "installed"
    subprocess.run([*install, "--target", target, *folder.glob("*.whl")], check=True, timeout=300)
    return target


@pytest.fixture(scope="module")
def command(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Runs ``m365-sandbox`` as it is installed, for an instance of its own."""
    directory = tmp_path_factory.mktemp("instance") / "of the wheel"
    told = {
        **os.environ, "M365_SANDBOX_DIRECTORY": str(directory), "PYTHONPATH": str(installed),
        "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [installed / "bin" / "m365-sandbox", *arguments]
        return subprocess.run(program, env=told, capture_output=True, text=True, check=False, timeout=300)

    yield run
    run("stop")


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if not set(UNPACKED) & set(path.parts)}


def test_everything_is_packaged(installed: Path) -> None:
    assert files(installed / "m365_sandbox") == files(SANDBOX / "m365_sandbox")


def test_it_starts_answers_and_stops(installed: Path, command: Command) -> None:
    started = command("start")
    assert started.returncode == 0, started.stderr
    env = json.loads(command("env", "--format", "json").stdout)
    answer = requests.post(f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token", data={
        "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
        "client_secret": env["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default",
    }, verify=env["MAILOPS_CA_FILE"], timeout=60).json()
    organization = requests.get(
        f"{env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/organization", verify=env["MAILOPS_CA_FILE"], timeout=60,
        headers={"Authorization": f"Bearer {answer['access_token']}"},
    ).json()
    assert [one["id"] for one in organization["value"]] == [env["AZURE_TENANT_ID"]]

    served = command("serve", "is-1", "--", "m365-sandbox-integration-server", "--version", "10.15")
    assert served.returncode == 0, served.stderr
    directory = Path(env["M365_SANDBOX_DIRECTORY"])
    server = json.loads((directory / "servers.json").read_text())["is-1"]
    assert server["url"] in command("status").stdout
    login = (server["username"], server["password"])
    ports = requests.get(f"{server['url']}/admin/port/email", auth=login, verify=env["MAILOPS_CA_FILE"], timeout=60)
    assert ports.status_code == 200, ports.text

    # Its packages are npm's to bring: it is said so, with the command.
    refused = command("serve", "motion", "--", "m365-sandbox-xcally")
    lockfile = installed / "m365_sandbox" / "products" / "xcally"
    assert (refused.returncode, f"npm ci --prefix {lockfile}" in refused.stderr) == (1, True), refused.stderr
    assert f"npm ci --prefix {lockfile}" in command("status").stdout

    assert command("stop").returncode == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(server["url"], verify=env["MAILOPS_CA_FILE"], timeout=60)


def test_who_reads_the_first_line_only_is_no_error(sandbox: RunningSandbox) -> None:
    program = [sys.executable, "-u", "-m", "m365_sandbox.process.cli", "status", "--directory", sandbox.directory]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(program, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
