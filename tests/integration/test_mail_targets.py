# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_targets as ansible-playbook runs it; judged by the files on disk and by what the product's programs leave."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from targets_world import KEYS, SECRET, World, ici, ici_reads, team_assistant

# Like a real one it gives another text each time, and it counts its calls.
TOOL = """import pathlib, sys
calls = pathlib.Path(sys.argv[1])
calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
print(f"encrypted {len(calls.read_text())} {sys.stdin.read()[::-1]}")
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_ici_in_four_runs(world: World) -> None:
    home = world.home()
    options = ici(home)
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.configure({"server": options}, "--diff", "-vvv", *arguments)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert done.last()["targets"] == [{"name": str(home / "ConfigurationKeys.json"), "changed": changed}]
        assert done.last()["restart"] == ("needed" if changed else "none")
        assert ("(secret, new)" in done.output) is changed
        assert SECRET not in done.output
        assert ici_reads(home).get("ClientSecret") == (None if arguments and changed else SECRET)
    assert names(home) == {"ConfigurationKeys.json"}


def test_before_there_is_an_application_a_check_predicts_and_a_run_says_what_is_missing(world: World) -> None:
    options = ici(world.home())
    world.put({})
    checked = world.configure({"server": options}, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert "(known once the application is registered)" in checked.output
    done = world.configure({"server": options})
    assert "The store holds no credentials of the application 'contracts'. Run the step identity first." in (
        done.last()["msg"]
    )
    assert (world.home() / "ConfigurationKeys.json").read_bytes() == KEYS


def test_team_assistant_in_four_runs_and_its_restart(world: World) -> None:
    home = world.home()
    restarts = world.folder / "restarts"
    options = team_assistant(home, restart_command=["sh", "-c", f"echo restarted >> {restarts}"])
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.configure({"server": options}, *arguments)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert done.last()["restart"] == ("done" if changed else "none")
    assert restarts.read_text() == "restarted\n"
    assert f"TAS_SECRET={SECRET}\n" in (home / "environment").read_text()
    assert stat.S_IMODE((home / "environment").stat().st_mode) == 0o600
    assert names(home) == {"environment", "local.js"}


def test_a_restart_that_fails_is_made_up_for(world: World) -> None:
    home = world.home()
    broken = world.folder / "broken"
    restarts = world.folder / "restarts"
    broken.touch()
    command = ["sh", "-c", f"test ! -e {broken} || {{ echo no such unit >&2; exit 5; }}; echo x >> {restarts}"]
    options = ici(home, restart_command=command)
    failed = world.configure({"server": options})
    assert failed.code == 2
    result = failed.last()
    assert (result["changed"], result["restart"], result["code"]) == (True, "failed", "restart")
    assert "failed (exit code 5): no such unit. Repair it and run this again" in result["msg"]
    assert " ".join(command) in result["msg"]
    assert ici_reads(home)["ClientSecret"] == SECRET

    again = world.configure({"server": options})
    assert (again.code, again.last()["restart"]) == (2, "failed")
    predicted = world.configure({"server": options}, "--check").last()
    assert (predicted["changed"], predicted["restart"]) == (True, "done")
    assert not restarts.exists()

    broken.unlink()
    mended = world.configure({"server": options}).last()
    assert (mended["changed"], mended["restart"]) == (True, "done")
    assert mended["targets"] == [{"name": str(home / "ConfigurationKeys.json"), "changed": False}]
    assert world.configure({"server": options}).last()["restart"] == "none"
    assert restarts.read_text() == "x\n"
    assert names(home) == {"ConfigurationKeys.json"}


def test_a_command_encrypts_each_secret_once_for_each_server(world: World) -> None:
    hosts = {}
    for name in ("one", "two", "three"):
        tool = world.home(name) / "encrypt.py"
        tool.write_text(TOOL)
        command = [sys.executable, str(tool), str(world.home(name) / "calls")]
        hosts[name] = ici(world.home(name), secret="encrypted_client_secret", encryption={"command": command})
    checked = world.configure(hosts, "--check")
    assert checked.code == 0, checked.output
    assert not (world.home("one") / "calls").exists()
    done = world.configure(hosts, "-vvv", "--diff")
    assert done.code == 0, done.output
    for name in hosts:
        assert ici_reads(world.home(name))["ClientSecret"] == f"encrypted 1 {SECRET[::-1]}"
    assert not any(text in done.output for text in (SECRET, SECRET[::-1]))
    kept = {"key-1": f"encrypted 1 {SECRET[::-1]}"}
    assert world.stored()["encrypted"] == dict.fromkeys(hosts, kept)
    again = world.configure(hosts)
    assert [again.last(name)["changed"] for name in hosts] == [False] * 3
    assert (world.home("one") / "calls").read_text() == "x"


def test_a_tool_that_gives_nothing_changes_nothing(world: World) -> None:
    home = world.home()
    for command in (["/bin/false"], ["/bin/true"], ["/no/such/tool"]):
        options = ici(home, secret="encrypted_client_secret", encryption={"command": command})
        done = world.configure({"server": options})
        assert done.code == 2
        assert f"mail_ici.encrypt_command ({command[0]}) gave no encrypted secret" in done.last()["msg"]
    assert (home / "ConfigurationKeys.json").read_bytes() == KEYS


def disguises(secret: str) -> list[str]:
    """A secret as it is, and the parts of its base64 that are the same wherever it stands in a text."""
    shifted = (base64.b64encode(b"x" * offset + secret.encode())[offset and 4 : -4].decode() for offset in range(3))
    return [secret, secret[::-1], *shifted]


def test_no_verbosity_shows_a_secret_and_no_temporary_file_holds_one(world: World) -> None:
    """Over the plugin ssh, which prints what a command answers, with all of Ansible's settings for display."""
    home = world.home()
    ssh = world.folder / "ssh"
    ssh.write_text("#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n")
    ssh.chmod(0o755)
    tool = world.folder / "encrypt.py"
    tool.write_text(TOOL)
    variables = {
        "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_ssh_executable": str(ssh),
        "ansible_pipelining": False,
    }
    options = ici(home, secret="encrypted_client_secret", encryption={
        "command": [sys.executable, str(tool), str(world.folder / "calls")],
    })
    options["targets"] += team_assistant(home)["targets"]
    shown = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1", "ANSIBLE_KEEP_REMOTE_FILES": "1"}
    for arguments in (["--check"], [], []):
        done = world.configure(
            {"server": options}, "-vvvv", "--diff", *arguments, variables=variables, environment=shown
        )
        assert done.code == 0, done.output
        assert "ESTABLISH SSH CONNECTION" in done.output
        assert not [text for text in disguises(SECRET) if text in done.output]
    assert f"TAS_SECRET={SECRET}\n" in (home / "environment").read_text()
    (world.folder / "inventory.json").unlink()
    found = subprocess.run(["grep", "-rlF", SECRET, world.folder], text=True, capture_output=True, check=True)
    assert found.stdout.split() == [str(home / "environment")]
    assert [file for file in (world.folder / ".ansible").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_no_secret_anywhere_and_the_next_one_makes_up_for_the_restart(
    world: World, number: signal.Signals
) -> None:
    home = world.home()
    started, restarts = world.folder / "started", world.folder / "restarts"
    slow = f"test -e {started} || {{ touch {started}; sleep 600; }}; echo x >> {restarts}"
    options = ici(home, restart_command=["sh", "-c", slow])
    over = threading.Event()
    killer = threading.Thread(target=kill_playbook, args=(world.folder, started, number, over))
    killer.start()
    killed = world.configure({"server": options})
    over.set()
    killer.join()
    assert killed.code != 0
    assert ici_reads(home)["ClientSecret"] == SECRET
    assert not restarts.exists()
    (world.folder / "inventory.json").unlink()
    found = subprocess.run(["grep", "-rlaF", SECRET, world.folder], text=True, capture_output=True, check=True)
    assert found.stdout.split() == [str(home / "ConfigurationKeys.json")]
    done = world.configure({"server": options})
    assert (done.code, done.last()["restart"]) == (0, "done")
    assert restarts.read_text() == "x\n"
    assert names(home) == {"ConfigurationKeys.json"}


def kill_playbook(folder: Path, started: Path, number: signal.Signals, over: threading.Event) -> None:
    """Kill the ansible-playbook that runs in a folder, and what it has started, once its restart command runs."""
    while not started.exists() and not over.wait(0.05):
        pass
    ours = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and works_in(entry, folder)]
    for process in ours:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False
