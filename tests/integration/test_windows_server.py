# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""mail_targets on a Windows server, as far as that can be tried without one: Ansible and the modules' documentation are
the real ones; what the modules do there is a stand-in's.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import (
    FileState,
    FileWrite,
    Load,
    Loaded,
    Program,
    Ran,
    Wanted,
)
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._windows_server import WindowsServer
from targets_world import KEYS, SECRET
from windows_world import POOL, POOL_ACCOUNT, WindowsWorld, documented

FILE, MARKER = "C:\\ici\\ConfigurationKeys.json", "C:\\ici\\.ConfigurationKeys.json.mailops-restart"
HELPER = "C:\\CMO\\Helper.exe"
CACHE = "C:\\ProgramData\\CMO\\cmo_msal_cache.dat"
RECYCLE = ["C:\\Windows\\System32\\inetsrv\\appcmd.exe", "recycle", "apppool", "/apppool.name:CMO"]
IN_USE, FULL = -2147024864, -2147024784


@pytest.fixture
def world(tmp_path: Path) -> WindowsWorld:
    found = WindowsWorld(tmp_path)
    found.put_file(FILE, KEYS)
    found.tell(commands={RECYCLE[0]: {"stdout": '"CMO" successfully recycled'}})
    return found


def ici(**more: Any) -> dict[str, Any]:
    settings = {"provider": "GRAPH", "configuration": {"ClientSecret": {"secret": "client_secret"}}}
    return {
        "targets": [{"kind": "file", "format": "ici_keys", "path": FILE, "settings": settings}],
        "restart_command": RECYCLE, **more,
    }


def cache(**more: Any) -> dict[str, Any]:
    target = {"kind": "token_cache", "path": CACHE, "account": "cmo@contoso.example", "command": HELPER, **more}
    return {"targets": [target]}


def secret_on_disk(world: WindowsWorld) -> bool:
    [key] = [
        key for key in json.loads(world.place(FILE).read_text("utf-8-sig"))["ConfigurationKeys"]
        if key["Name"] == "Platform.Email.ProviderConfiguration"
    ]
    return bool(key["Value"]) and json.loads(key["Value"])["configuration"]["ClientSecret"] == SECRET


def must_be_documented(calls: list[dict[str, Any]]) -> None:
    assert calls
    for call in calls:
        options = {name: value for name, value in call["options"].items() if not name.startswith("_ansible")}
        assert documented(call["module"]).validate(options).error_messages == [], call
        # Modules write their options into the event log otherwise.
        assert call["options"]["_ansible_no_log"] is True
        assert SECRET not in call["command"]


def test_four_runs_call_modules_as_they_are_documented(world: WindowsWorld) -> None:
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = world.run(ici(), "--diff", "-vvvvvv", *arguments)
        assert done.code == 0, done.output
        assert (done.last()["changed"], done.last()["restart"]) == (changed, "done" if changed else "none")
        assert SECRET not in done.output
        assert ("(secret, new)" in done.output) is changed
        assert secret_on_disk(world) is not (changed and bool(arguments))
        calls = world.calls()
        must_be_documented(calls)
        writing = ["win_file", "win_powershell", "win_command", "win_file"] if changed and not arguments else []
        assert [call["module"].removeprefix("ansible.windows.") for call in calls] == [
            "win_powershell", "slurp", *writing,
        ]
        assert [call["options"]["argv"] for call in calls if "argv" in call["options"]] == [RECYCLE] * bool(writing)
        assert {file.name for file in world.place(FILE).parent.iterdir()} == {"ConfigurationKeys.json"}


def test_no_file_of_ansibles_own_holds_the_secret(world: WindowsWorld) -> None:
    assert world.run(ici()).code == 0
    for folder, _folders, files in os.walk(world.folder / ".ansible"):
        for name in files:
            assert SECRET.encode() not in (Path(folder) / name).read_bytes()


def test_a_restart_that_did_not_happen_is_made_up_for(world: WindowsWorld) -> None:
    world.tell(commands={RECYCLE[0]: {"rc": 1062, "stderr": "ERROR ( message:The WAS service is not started. )"}})
    failed = world.run(ici())
    assert failed.last()["code"] == "restart"
    assert "failed (exit code 1062): ERROR ( message:The WAS service is not started. )." in failed.last()["msg"]
    assert MARKER in failed.last()["msg"]
    assert world.place(MARKER).exists()
    world.tell(commands={RECYCLE[0]: {}})
    verified = world.run(ici(verify=True), "--check")
    assert "was not restarted since its configuration was written" in verified.last()["msg"]
    done = world.run(ici())
    assert (done.last()["changed"], done.last()["restart"]) == (True, "done")
    assert not world.place(MARKER).exists()
    assert world.run(ici()).last()["changed"] is False


# -- without Ansible in between ---------------------------------------------------------------------------------------


def refusal(world: WindowsWorld, wanted: Wanted) -> InputError:
    with pytest.raises(InputError) as caught:
        rewrite(world.server(), wanted)
    # Nothing was written, also where the obstacle showed at the last moment.
    assert world.place(FILE).read_bytes() == KEYS
    return caught.value


def rewrite(server: WindowsServer, wanted: Wanted) -> Mapping[str, Any]:
    """Look at a file and replace it, as an action does."""
    [found] = server.look([wanted])
    if found.obstacle:
        raise found.obstacle
    return server.write([FileWrite(wanted, b"new", found.content)])


@pytest.mark.parametrize(("about", "wanted", "words"), [
    ({"refusals": {FILE: IN_USE}}, Wanted(FILE), f"another program has {FILE} open and lets nobody replace it."),
    ({"refusals": {FILE: -2147024891}}, Wanted(FILE), f"access to {FILE} is denied."),
    ({"refusals": {FILE: -5}}, Wanted(FILE), f"{FILE}: in the server's language."),
    ({"writes": {FILE: FULL}}, Wanted(FILE), f"the disk of {FILE} is full."),
    ({"read_only": [FILE]}, Wanted(FILE), f"{FILE} is read-only."),
    ({"rules": {"C:\\ici": []}}, Wanted(FILE), "no file may be made in C:\\ici, and the file is replaced as a whole,"),
    ({}, Wanted(FILE, owner="nobody"), "there is no account nobody on the server."),
    ({}, Wanted(FILE, mode=0o600), f"{FILE}: Windows has neither modes nor groups of files."),
    ({}, Wanted(FILE, group="staff"), f"{FILE}: Windows has neither modes nor groups of files."),
    ({}, Wanted("C:\\ici"), "C:\\ici is a folder."),
    ({}, Wanted("C:\\none\\new.json"), "There is no folder C:\\none."),
])
def test_what_stands_in_the_way_is_told_in_words(
    world: WindowsWorld, about: dict[str, Any], wanted: Wanted, words: str
) -> None:
    world.tell(**about)
    error = refusal(world, wanted)
    assert error.message.startswith(words)
    assert error.remedy
    if wanted.mode is None and wanted.group is None:
        must_be_documented(world.calls())


def test_a_module_that_fails_says_why(world: WindowsWorld) -> None:
    assert refusal(world, Wanted("D:\\ici.json")).message == "D:\\ici.json."


def test_a_link_is_not_written_through(world: WindowsWorld) -> None:
    world.place(FILE).rename(world.place("C:\\elsewhere.json"))
    world.place(FILE).symlink_to(world.place("C:\\elsewhere.json"))
    assert refusal(world, Wanted(FILE)).message == f"{FILE} is a link."


def test_what_a_killed_run_left_is_told_if_the_file_itself_is_gone(world: WindowsWorld) -> None:
    left = world.place(FILE).rename(world.place(f"{FILE}.0f.mailops"))
    with pytest.raises(InputError, match="is missing, and a run that was killed has left"):
        rewrite(world.server(), Wanted(FILE))
    assert left.read_bytes() == KEYS


def test_a_file_that_has_changed_since_is_left_alone(world: WindowsWorld) -> None:
    server = world.server()
    [found] = server.look([Wanted(FILE)])
    world.put_file(FILE, b"another's")
    with pytest.raises(InputError, match="another program has written"):
        server.write([FileWrite(Wanted(FILE), b"new", found.content)])
    assert world.place(FILE).read_bytes() == b"another's"


def test_a_backup_is_named_beside_the_file(world: WindowsWorld) -> None:
    [backup] = rewrite(world.server(backup=True), Wanted(FILE))["backup_files"]
    assert (world.place(backup).read_bytes(), world.place(FILE).read_bytes()) == (KEYS, b"new")
    assert re.fullmatch(re.escape(FILE) + r"\.\d{8}-\d{6}\.bak", backup)


def test_an_owner_is_an_account_that_may_read(world: WindowsWorld) -> None:
    wanted = Wanted(FILE, owner=POOL_ACCOUNT)
    assert world.server().look([wanted])[0].as_wanted is False
    rewrite(world.server(), wanted)
    calls = world.calls()
    must_be_documented(calls)
    [granted] = [call["options"] for call in calls if call["module"].endswith("win_acl")]
    assert (granted["user"], granted["rights"], granted["type"]) == (POOL_ACCOUNT, "Read", "allow")
    [written] = [call["options"]["parameters"] for call in calls if "Content" in call["options"].get("parameters", {})]
    assert written["Private"] is True
    assert world.server().look([wanted])[0].as_wanted is True


def test_a_file_for_node_is_checked_and_not_loaded(world: WindowsWorld) -> None:
    server = world.server(beside=FILE)
    rewrite(server, Wanted(FILE))
    load = Load(FILE, ["node", "-e", "", FILE], ["node", "--check", FILE], {})
    world.tell(commands={"node": {"rc": 1, "stderr": "SyntaxError"}, RECYCLE[0]: {}})
    assert server.finish([load], RECYCLE) == (
        [Loaded(FILE, "BUILTIN\\Administrators", loaded=False, ran=Ran(1, "", "SyntaxError"))], None,
    )
    assert world.place(MARKER).exists()
    world.tell(commands={"node": {}, RECYCLE[0]: {}})
    [loaded], restarted = server.finish([load], RECYCLE)
    assert (loaded.ran.code, restarted) == (0, Ran(0, "", ""))
    assert not world.place(MARKER).exists()
    must_be_documented(world.calls())


def test_a_program_that_is_not_there_could_not_be_started(world: WindowsWorld) -> None:
    assert world.server().run(["none.exe"], "").code is None


def test_a_program_is_looked_for_with_the_files_and_not_started(world: WindowsWorld) -> None:
    user = "CONTOSO\\ansible"
    for name, path in ((RECYCLE[0], RECYCLE[0]), ("none.exe", None)):
        server = world.server(program=name)
        server.look([Wanted(FILE)])
        assert server.program == Program(name, path, executable=path is not None, user=user)
    calls = world.calls()
    must_be_documented(calls)
    assert {call["module"] for call in calls} == {"ansible.windows.win_powershell", "ansible.windows.slurp"}


def test_states_tell_age_and_rights_without_reading(world: WindowsWorld) -> None:
    os.utime(world.put_file(CACHE, b"protected"), (1795000000, 1795000000))
    world.tell(accounts={POOL_ACCOUNT: POOL, "CONTOSO\\svc": "S-1-5-21-9-9-9-1234"})
    asked = [(CACHE, POOL_ACCOUNT), (CACHE, "CONTOSO\\svc"), (CACHE, None), ("C:\\none\\none.dat", POOL_ACCOUNT)]
    written, now = "2026-11-18T11:06:40Z", "2026-11-28T21:00:00Z"
    assert world.server().states(asked) == [
        FileState(written, now, False), FileState(written, now, None), FileState(written, now, None),
        FileState(None, now, None),
    ]
    world.tell(rules={CACHE: [{"sid": POOL, "allow": True, "rights": 0x20089}]})
    assert world.server().states(asked[:1]) == [FileState(written, now, True)]
    with pytest.raises(InputError, match="there is no account none"):
        world.server().states([(CACHE, "none")])
    calls = world.calls()
    must_be_documented(calls)
    assert {call["module"] for call in calls} == {"ansible.windows.win_powershell"}


# -- token caches ------------------------------------------------------------------------------------------------------


def test_a_token_cache_that_is_missing_says_what_to_run_where(world: WindowsWorld) -> None:
    done = world.run(cache(reader=POOL_ACCOUNT))
    assert (done.code, done.last()["changed"]) == (0, False)
    [required] = done.last()["authorization_required"]
    assert required == {
        "what": "the token cache", "where": CACHE, "account": "cmo@contoso.example", "since": None,
        "do": f"It is not there. On this server, run `{HELPER}` and sign in with cmo@contoso.example. A cache that was "
        "made on another server cannot be used.",
    }
    must_be_documented(world.calls())


# -- what has to be there ----------------------------------------------------------------------------------------------


def test_without_ansible_windows_it_is_said_how_to_get_it(world: WindowsWorld, tmp_path: Path) -> None:
    own = tmp_path / "collections" / "ansible_collections" / "mailops"
    own.mkdir(parents=True)
    (own / "modern_auth").symlink_to(Path(__file__).parents[2])
    done = world.run(
        ici(), ANSIBLE_COLLECTIONS_PATH=str(own.parents[1]), ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
    )
    assert "the collection ansible.windows is not installed" in done.last()["msg"]
    assert "ansible-galaxy collection install 'ansible.windows:>=1.11.0'" in done.last()["msg"]
    assert world.calls() == []


def test_files_that_ansible_would_keep_are_refused(world: WindowsWorld) -> None:
    done = world.run(ici(), ANSIBLE_KEEP_REMOTE_FILES="1")
    assert "ANSIBLE_KEEP_REMOTE_FILES would leave a file with secrets on the server. Unset it." in done.last()["msg"]
    assert world.calls() == []
