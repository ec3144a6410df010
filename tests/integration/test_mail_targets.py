# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_targets as ansible-playbook runs it; judged by the files on disk and by what the product's programs leave."""

from __future__ import annotations

import stat
import sys
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
