"""The command, with real processes."""

from __future__ import annotations

import json
import os
import resource
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
import requests
from m365_sandbox.process import pid_file
from m365_sandbox.process.folder import PID_FILE, FolderError, prepare
from m365_sandbox.process.instance import Instance
from m365_sandbox.process.ports import free_ports
from sandbox_fixture import RunningSandbox, run_cli


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for one instance, with a name that is hard on shells; whatever runs in it is ended."""
    path = tmp_path / "it's a $HOME"
    yield path
    Instance(path).stop()


def start(directory: Path, *arguments: str) -> RunningSandbox:
    result = run_cli("start", directory, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return RunningSandbox(directory)


def operator_token(sandbox: RunningSandbox, resource: str = "https://graph.microsoft.com") -> str:
    env = sandbox.env
    answer = requests.post(
        f"{env['AZURE_AUTHORITY_HOST']}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], "scope": f"{resource}/.default",
        },
        verify=sandbox.ca, timeout=60,
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_start_prints_where_each_face_is_and_says_when_it_runs_already(directory: Path) -> None:
    first = run_cli("start", directory)
    ports = json.loads((directory / "ports.json").read_text())
    pid = Instance(directory).pid()
    assert first.returncode == 0
    for face, port in ports.items():
        assert face in first.stdout
        assert str(port) in first.stdout

    second = run_cli("start", directory)
    assert second.returncode == 0
    assert "already" in second.stdout
    assert Instance(directory).pid() == pid


def test_a_tenant_of_ones_own_beside_another(directory: Path, sandbox: RunningSandbox) -> None:
    tenant_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    own = ("--initial-domain", "tailspin.onmicrosoft.com", "--domain", "Tailspin.example")
    port = next(iter(free_ports()))
    started = start(directory, "--tenant-id", tenant_id.upper(), *own, "--port", f"graph={port}")
    assert started.env["MAILOPS_EXCHANGE_ORGANIZATION"] == "tailspin.onmicrosoft.com"
    assert started.env["MAILOPS_GRAPH_ENDPOINT"] == f"https://127.0.0.1:{port}"
    for name in (tenant_id, "tailspin.onmicrosoft.com", "tailspin.example"):
        started.env["AZURE_TENANT_ID"] = name
        token = operator_token(started)
        assert jwt.decode(token, options={"verify_signature": False})["tid"] == tenant_id
    shown = requests.get(
        f"{started.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/organization", verify=started.ca, timeout=60,
        headers={"Authorization": f"Bearer {token}"},
    ).json()["value"][0]
    assert [(one["name"], one["isInitial"]) for one in shown["verifiedDomains"]] == [
        ("tailspin.onmicrosoft.com", True), ("contoso.example", False), ("tailspin.example", False),
    ]
    file = directory.parent / "seed.yml"
    file.write_text("users: [{userPrincipalName: orders@tailspin.example}]")
    assert run_cli("seed", directory, "--file", str(file)).returncode == 0
    mailboxes = requests.post(
        f"{started.env['MAILOPS_EXCHANGE_ENDPOINT']}/adminapi/beta/tailspin.onmicrosoft.com/InvokeCommand",
        json={"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {"Identity": "orders@tailspin.example"}}},
        headers={"Authorization": f"Bearer {operator_token(started, 'https://outlook.office365.com')}"},
        verify=started.ca, timeout=60,
    ).json()["value"]
    assert [one["PrimarySmtpAddress"] for one in mailboxes] == ["orders@tailspin.example"]
    assert sandbox.control("GET", "/tenant")["initial_domain"] == "contoso.onmicrosoft.com"

    # It keeps them, and is not renamed, whether it runs or not.
    for _running in range(2):
        refused = run_cli("start", directory, "--domain", "elsewhere.example")
        assert (refused.returncode, f"has the tenant {tenant_id}" in refused.stderr) == (1, True), refused.stderr
        run_cli("stop", directory)
    start(directory, "--domain", "tailspin.example").control("POST", "/reset")
    assert RunningSandbox(directory).control("GET", "/tenant")["tenant_id"] == tenant_id


@pytest.mark.parametrize(("option", "value", "words"), [
    ("--tenant-id", "contoso", "'contoso' is no GUID"),
    ("--domain", "a b.example", "'a b.example' is no name of a domain"),
])
def test_what_is_no_name_of_a_tenant(directory: Path, option: str, value: str, words: str) -> None:
    refused = run_cli("start", directory, option, value)
    assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr


def test_two_starts_at_the_same_time_make_one_process(directory: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run_cli("start", directory), range(2)))
    assert [result.returncode for result in results] == [0, 0], results
    log = (directory / "sandbox.log").read_text()
    assert log.count("Ready") == 1
    assert run_cli("stop", directory).stdout == "The sandbox has ended.\n"
    assert run_cli("status", directory).returncode == 3


def test_status_follows_the_process(directory: Path) -> None:
    assert run_cli("status", directory).returncode == 3
    start(directory)
    assert run_cli("status", directory).returncode == 0
    assert run_cli("stop", directory).returncode == 0
    assert run_cli("status", directory).returncode == 3
    again = run_cli("stop", directory)
    assert (again.returncode, again.stdout) == (0, "No sandbox was running.\n")


def test_commands_that_need_a_running_sandbox_say_so(directory: Path) -> None:
    for command in ("env", "reset"):
        result = run_cli(command, directory)
        assert result.returncode == 1
        assert "No sandbox runs" in result.stderr
        assert "m365-sandbox start" in result.stderr


def test_two_instances_do_not_know_of_each_other(directory: Path, sandbox: RunningSandbox) -> None:
    other = start(directory)
    assert set(Instance(directory).ports().values()).isdisjoint(Instance(sandbox.directory).ports().values())
    other.control("POST", "/tenant/users", {"userPrincipalName": "only-here@contoso.example"})
    assert "only-here@contoso.example" not in json.dumps(sandbox.control("GET", "/tenant"))


def test_state_keys_and_ports_survive_a_restart(directory: Path) -> None:
    before = start(directory)
    added = before.control("POST", "/tenant/applications", {"displayName": "Survivor"})
    token = operator_token(before)
    tenant = before.control("GET", "/tenant")
    run_cli("stop", directory)

    after = start(directory)
    assert after.env == before.env
    assert after.control("GET", "/tenant") == tenant
    assert tenant["collections"]["applications"][added["id"]]["displayName"] == "Survivor"
    url = f"{after.env['AZURE_AUTHORITY_HOST']}/common/discovery/v2.0/keys"
    keys = jwt.PyJWKSet.from_dict(requests.get(url, verify=after.ca, timeout=60).json())
    jwt.decode(
        token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"],
        audience="https://graph.microsoft.com",
    )


def test_a_kept_port_that_is_taken_is_replaced_by_a_free_one(directory: Path) -> None:
    before = Instance(start(directory).directory).ports()
    run_cli("stop", directory)
    with socket.create_server(("127.0.0.1", before["graph"])):
        after = Instance(start(directory).directory).ports()
    assert after["graph"] != before["graph"]
    assert {face: port for face, port in after.items() if face != "graph"} == {
        face: port for face, port in before.items() if face != "graph"
    }


def test_a_port_that_was_asked_for_is_used(directory: Path) -> None:
    port = next(free_ports())
    start(directory, "--port", f"identity={port}")
    assert Instance(directory).ports()["identity"] == port
    other = run_cli("start", directory, "--port", f"identity={port + 1}")
    assert other.returncode == 1
    assert "already runs" in other.stderr


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_with_the_end_of_the_log(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run_cli("start", directory, "--port", f"graph={taken.getsockname()[1]}")
    assert result.returncode == 1
    assert "ended at once" in result.stderr
    assert "Address already in use" in result.stderr
    assert run_cli("status", directory).returncode == 3


@pytest.mark.parametrize("port", ["nowhere=1", "graph=x", "graph=70000", "graph"])
def test_a_port_option_that_makes_no_sense_is_a_usage_error(directory: Path, port: str) -> None:
    assert run_cli("start", directory, "--port", port).returncode == 2
    assert not directory.exists()


def test_a_folder_of_somebody_else_is_left_alone(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    (directory / "thesis.txt").write_text("years of work")
    result = run_cli("start", directory)
    assert result.returncode == 1
    assert "no sandbox's folder" in result.stderr
    assert [path.name for path in directory.iterdir()] == ["thesis.txt"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755


def test_a_stale_process_id_is_not_believed(directory: Path) -> None:
    start(directory)
    run_cli("stop", directory)
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (directory / "pid").write_text(str(stranger.pid))
        assert run_cli("status", directory).returncode == 3
        assert run_cli("stop", directory).stdout == "No sandbox was running.\n"
        start(directory)
        assert Instance(directory).pid() != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_that_does_not_end_is_killed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(directory)
    pid = Instance(directory).pid()
    assert pid is not None
    os.kill(pid, 19)
    monkeypatch.setattr(pid_file, "STOP_SECONDS", 0.3)
    assert Instance(directory).stop()
    assert Instance(directory).pid() is None
    # It left its mailbox store behind; the next start takes care of that.
    start(directory)


def test_it_ends_with_the_process_that_is_its_lifeline(directory: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        start(directory, "--lifeline", str(process.pid))
        process.kill()
    pid_file.PidFile(directory / PID_FILE).wait_for_its_end()
    assert run_cli("status", directory).returncode == 3
    refused = run_cli("start", directory, "--lifeline", str(process.pid))
    assert refused.returncode == 1
    assert f"There is no process {process.pid}" in refused.stderr


def test_control_is_asked_by_the_command(clean: RunningSandbox) -> None:
    added = subprocess.run(
        [sys.executable, "-m", "m365_sandbox.process.cli", "control", "--directory", str(clean.directory), "POST",
         "/tenant/users", "-"],
        input='{"userPrincipalName": "by-command@contoso.example"}', capture_output=True, text=True, check=True,
    )
    identifier = json.loads(added.stdout)["id"]
    assert identifier in clean.control("GET", "/tenant")["collections"]["users"]

    refused = run_cli("control", clean.directory, "POST", "/tenant/users", '{"email": 1}')
    assert (refused.returncode, "unknown property email" in refused.stderr) == (1, True)
    broken = run_cli("control", clean.directory, "POST", "/tenant/users", "{")
    assert (broken.returncode, "The body is no JSON" in broken.stderr) == (1, True)
    assert run_cli("control", clean.directory, "DELETE", "/requests").stdout == ""


@pytest.mark.parametrize("command", ["start", "status", "env"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    result = run_cli(command, tmp_path / "link")
    assert (result.returncode, "is a link" in result.stderr) == (1, True)
    assert list((tmp_path / "real").iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run_cli("start", tmp_path / "file")
    assert (result.returncode, "is no folder" in result.stderr) == (1, True)


def test_a_link_in_the_folder_is_refused_and_not_followed(tmp_path: Path) -> None:
    folder, target = tmp_path / "folder", tmp_path / "target"
    folder.mkdir()
    (folder / "sandbox.log").symlink_to(target)
    result = run_cli("start", folder)
    assert (result.returncode, f"{folder / 'sandbox.log'} is a link" in result.stderr) == (1, True)
    assert not target.exists()


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(FolderError, match=f"belongs to user {uid}"):
        prepare(tmp_path)


def test_a_start_on_a_full_disk_leaves_nothing_that_the_next_one_stumbles_over(directory: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    failed = subprocess.run(
        [sys.executable, "-m", "m365_sandbox.process.cli", "start", "--directory", str(directory)],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard)),
    )
    assert failed.returncode == 1, failed.stdout
    assert "The sandbox ended at once" in failed.stderr
    left = [path.name for path in directory.iterdir() if path.stat().st_size == 0]
    assert left == []
    start(directory)


def test_env_for_the_shell_survives_eval_and_is_told_as_json(directory: Path) -> None:
    sandbox = start(directory)
    assert json.loads(run_cli("env", directory, "--format", "json").stdout) == sandbox.env
    script = f"""{run_cli("env", directory).stdout}
printf '%s\\n' "$M365_SANDBOX_DIRECTORY" "$AZURE_CLIENT_SECRET" "$MAILOPS_CA_FILE" """
    output = subprocess.run(["sh", "-eu"], input=script, capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == [str(directory), sandbox.env["AZURE_CLIENT_SECRET"], str(directory / "ca.pem")]


def test_reset_keeps_ids_secrets_and_ports_and_forgets_the_rest(clean: RunningSandbox) -> None:
    seeded = clean.control("GET", "/tenant")
    clean.control("POST", "/tenant/applications", {"displayName": "Passing", "secret": True})
    clean.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": False})
    clean.control("POST", "/faults", {"face": "graph", "kind": "latency", "seconds": 1})
    operator_token(clean)
    ca = Path(clean.ca).read_bytes()

    result = run_cli("reset", clean.directory)
    assert result.returncode == 0, result.stderr
    after = clean.control("GET", "/tenant")
    assert {name: sorted(entities) for name, entities in after["collections"].items()} == {
        name: sorted(entities) for name, entities in seeded["collections"].items()
    }
    assert after["collections"]["credential_digests"] == seeded["collections"]["credential_digests"]
    assert after["transport_config"] == seeded["transport_config"]
    assert clean.control("GET", "/faults") == {"value": []}
    assert clean.control("GET", "/requests") == {"value": []}
    assert RunningSandbox(clean.directory).env == clean.env
    assert Path(clean.ca).read_bytes() == ca
    operator_token(clean)


def test_the_folder_is_private_and_secrets_stay_out_of_log_and_command_line(clean: RunningSandbox) -> None:
    token = operator_token(clean)
    directory = clean.directory
    pid = Instance(directory).pid()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for name in (
        "credentials.json", "state.json", "server.pem", "signing.pem", "seal.key", "sandbox.log", "control-token",
    ):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600, name

    secrets = [value for name, value in clean.env.items() if name.endswith(("SECRET", "PASSWORD"))] + [token]
    assert len(secrets) == 7
    exposed = [
        (directory / "sandbox.log").read_text(), (directory / "state.json").read_text(),
        Path(f"/proc/{pid}/cmdline").read_text(), json.dumps(clean.control("GET", "/requests")),
    ]
    assert "Ready" in exposed[0]
    assert not [secret for secret in secrets for text in exposed if secret in text]
