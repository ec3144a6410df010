# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a server's side does to files, with a shell in place of Ansible's connection; judged by the files on disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.node import load_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FileWrite, Program, Wanted
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _server
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer
from shell_server import NOBODY, Shell, server

SECRET = b"SECRET=s3cret~Value\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that everybody may enter."""
    # Between the temporary files' own folder and this one, each of pytest's workers has one more.
    for above in (tmp_path, *tmp_path.parents):
        if above == Path(tempfile.gettempdir()):
            break
        above.chmod(0o755)
    return tmp_path


def rewrite(path: Path, content: bytes = SECRET, *, by: PosixServer | None = None, **rights: Any) -> None:
    """Look at a file and replace it, as an action does."""
    wanted = Wanted(str(path), **rights)
    port = by or server()
    [found] = port.look([wanted])
    if found.obstacle:
        raise found.obstacle
    port.write([FileWrite(wanted, content, found.content)])


def refusal(path: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        rewrite(path, **options)
    return caught.value


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_new_file_is_its_owners_alone_whatever_the_umask(folder: Path, umask: int) -> None:
    file = folder / "new"
    before = os.umask(umask)
    try:
        rewrite(file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == SECRET


def test_a_file_keeps_its_rights_and_extended_attributes(folder: Path) -> None:
    file = folder / "old"
    file.write_bytes(b"A=1\n")
    os.chown(file, NOBODY.pw_uid, NOBODY.pw_gid)
    file.chmod(0o640)
    os.setxattr(file, "user.note", b"kept")
    rewrite(file)
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY.pw_uid, NOBODY.pw_gid, 0o640)
    assert os.getxattr(file, "user.note") == b"kept"
    assert list(folder.iterdir()) == [file]


def test_links_of_others_lead_nowhere(folder: Path) -> None:
    """The product's account owns its folder; what belongs to root is out of its reach all the same."""
    home, outside = folder / "home", folder / "outside"
    for place in (home, outside):
        place.mkdir()
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    victim = outside / "victim"
    victim.write_bytes(b"A=1\n")
    for name, target in (("file", victim), ("folder", outside)):
        os.symlink(target, home / name)
        os.chown(home / name, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
    for path in (home / "file", home / "folder/victim", home / "folder/new"):
        error = refusal(path, owner="nobody")
        assert error.code == "foreign_link"
        assert "through a link of nobody, to whom that does not belong" in error.message
    assert (victim.read_bytes(), victim.stat().st_uid) == (b"A=1\n", 0)
    assert not (outside / "new").exists()

    os.chown(victim, NOBODY.pw_uid, NOBODY.pw_gid)
    rewrite(home / "file")
    assert victim.read_bytes() == SECRET
    assert (home / "file").is_symlink()


def test_a_hard_link_to_anothers_file_gives_nothing_away(folder: Path) -> None:
    victim, file = folder / "victim", folder / "file"
    victim.write_bytes(b"A=1\n")
    victim.chmod(0o600)
    os.link(victim, file)
    [found] = server().look([Wanted(str(file))])
    assert found.links == 2
    rewrite(file, b"A=1\n", owner="nobody", mode=0o644)
    assert (victim.stat().st_uid, stat.S_IMODE(victim.stat().st_mode), victim.read_bytes()) == (0, 0o600, b"A=1\n")
    assert file.stat().st_uid == NOBODY.pw_uid


@pytest.fixture
def obstacles(folder: Path) -> Iterator[dict[str, Path]]:
    """Files that cannot be replaced, by what stands in the way."""
    files = {name: folder / name / "file" for name in (
        "mount", "immutable", "append_only", "frozen_folder", "ENOSPC", "EROFS", "no_file",
    )}
    for file in files.values():
        file.parent.mkdir()
    mounts = [files[name].parent for name in ("ENOSPC", "EROFS")]
    for place in mounts:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True)
    for name, file in files.items():
        if name == "no_file":
            os.mkfifo(file)
        else:
            file.write_bytes(b"A=1\n")
    (files["mount"].parent / "real").write_bytes(b"A=1\n")
    subprocess.run(["mount", "--bind", files["mount"].parent / "real", files["mount"]], check=True)
    subprocess.run(["mount", "-o", "remount,ro", files["EROFS"].parent], check=True)
    with pytest.raises(OSError, match="No space"):
        (files["ENOSPC"].parent / "filler").write_bytes(bytes(1 << 20))
    attributes = {"immutable": ("i", files["immutable"]), "append_only": ("a", files["append_only"]),
                  "frozen_folder": ("i", files["frozen_folder"].parent)}
    for attribute, file in attributes.values():
        subprocess.run(["chattr", f"+{attribute}", file], check=True)
    yield files
    for attribute, file in attributes.values():
        subprocess.run(["chattr", f"-{attribute}", file], check=True)
    for place in (*mounts, files["mount"]):
        subprocess.run(["umount", place], check=True)


def test_obstacles_are_found_by_looking_and_told_apart(obstacles: dict[str, Path]) -> None:
    words = {
        "mount": ("mount", "is a mount of its own (a bind mount"),
        "immutable": ("immutable", f"{obstacles['immutable']} is immutable"),
        "append_only": ("append_only", f"{obstacles['append_only']} is append-only"),
        "frozen_folder": ("immutable", f"{obstacles['frozen_folder'].parent} is immutable"),
        "ENOSPC": ("ENOSPC", "No space left on device"),
        "EROFS": ("EROFS", "Read-only file system"),
        "no_file": ("no_file", "is no regular file"),
    }
    for name, file in obstacles.items():
        error = refusal(file)
        code, text = words[name]
        assert (error.code, text in error.message) == (code, True), (name, error.message)
        assert error.remedy
        assert sorted(one.name for one in file.parent.iterdir() if one.name.startswith(".")) == []


def test_missing_rights_are_found_by_looking(folder: Path) -> None:
    closed, shared, sticky = folder / "closed", folder / "shared", folder / "sticky"
    for place, mode in ((closed, 0o755), (shared, 0o777), (sticky, 0o1777)):
        place.mkdir()
        place.chmod(mode)
        (place / "file").write_bytes(b"A=1\n")
    secret = shared / "secret"
    secret.write_bytes(b"A=1\n")
    secret.chmod(0o600)
    for path, code, words in (
        (closed / "file", "folder", f"nobody cannot write the folder {closed}"),
        (shared / "file", "owner", "shall belong to root, and nobody cannot give it away"),
        (sticky / "file", "sticky", f"the folder {sticky} has the sticky bit"),
        (secret, "EACCES", f"{secret}: Permission denied"),
    ):
        error = refusal(path, by=server("nobody"))
        assert (error.code, words in error.message) == (code, True), error.message
    rewrite(shared / "new", by=server("nobody"))
    assert (shared / "new").stat().st_uid == NOBODY.pw_uid


def test_a_killed_write_leaves_the_old_file_and_nothing_that_the_next_run_does_not_clear(folder: Path) -> None:
    file = folder / "file"
    file.write_bytes(b"A=1\n")
    script = _server.__dict__["_SCRIPT"].replace(
        b"        os.fsync(file)\n", b"        os.fsync(file)\n        time.sleep(60)\n"
    )
    for number, left in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, 1)):
        port = server()
        request: dict[str, Any] = {}
        port._ask = lambda asked, request=request: request.update(asked) or {"backups": []}  # type: ignore[method-assign]
        port.write([FileWrite(Wanted(str(file)), SECRET, b"A=1\n")])
        body = _server.json.dumps(request).encode()
        process = subprocess.Popen([sys.executable, "-I", "-c", script.decode()], stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(b"%d\n%s" % (len(body), body))
        process.stdin.flush()
        while not any(SECRET in one.read_bytes() for one in folder.iterdir()):
            time.sleep(0.02)
        [half] = [one for one in folder.iterdir() if one != file]
        assert stat.S_IMODE(half.stat().st_mode) in (0o600, 0o644)
        server().look([Wanted(str(file))])
        assert half.exists(), "who still writes is left alone"
        process.send_signal(number)
        process.wait()
        assert file.read_bytes() == b"A=1\n"
        assert len(list(folder.iterdir())) == 1 + left
    server().look([Wanted(str(file))])
    assert list(folder.iterdir()) == [file]


def test_a_request_that_is_cut_off_does_nothing(folder: Path) -> None:
    file = folder / "file"
    shell = Shell()
    whole = shell._low_level_execute_command
    shell._low_level_execute_command = lambda command, in_data: whole(command, in_data[:-5])  # type: ignore[method-assign]
    port = PosixServer(shell, {"ansible_python_interpreter": sys.executable})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did not do what it was asked to"):
        port.write([FileWrite(Wanted(str(file)), SECRET, None)])
    assert list(folder.iterdir()) == []


def test_a_file_that_somebody_else_changed_meanwhile_is_left_alone(folder: Path) -> None:
    file = folder / "file"
    file.write_bytes(b"A=2\n")
    with pytest.raises(InputError, match="another program has written"):
        server().write([FileWrite(Wanted(str(file)), SECRET, b"A=1\n")])
    assert file.read_bytes() == b"A=2\n"


def test_what_a_file_contains_runs_as_its_owner_and_never_as_root(folder: Path) -> None:
    local = folder / "local.js"
    seen = folder / "seen"
    seen.mkdir()
    seen.chmod(0o777)
    local.write_text(f"require('fs').writeFileSync('{seen}/' + process.getuid(), '');\nmodule.exports = {{ a: 1 }};\n")
    local.chmod(0o644)
    load = load_of(str(local), {"a": 1}, [])
    [rooted], _ = server().finish([load], [])
    assert (rooted.loaded, rooted.owner, rooted.ran.code) == (False, "root", 0)
    [stranger], _ = server("nobody").finish([load], [])
    assert (stranger.loaded, stranger.ran.code) == (False, 0)
    assert list(seen.iterdir()) == []

    os.chown(local, NOBODY.pw_uid, NOBODY.pw_gid)
    for user in (None, "nobody"):
        [loaded], _ = server(user).finish([load], [])
        assert (loaded.loaded, loaded.owner, loaded.ran.code) == (True, "nobody", 0), loaded
        assert [one.name for one in seen.iterdir()] == [str(NOBODY.pw_uid)]
    [different], _ = server().finish([load_of(str(local), {"a": 2}, [])], [])
    assert different.ran.code == 1
    assert "does not export what was written: a" in different.ran.errors
    [absent], _ = server().finish([load_of(str(local), {"a": 1}, [], "no-such-node")], [])
    assert absent.ran.code is None


def test_nothing_secret_is_on_a_command_line_or_in_the_environment(folder: Path) -> None:
    port = server()
    ran = port.run(["sh", "-c", "tr '\\0' ' ' < /proc/$PPID/cmdline; env; cat"], "s3cret~Value")
    assert ran.output.endswith("s3cret~Value")
    assert ran.output.count("s3cret~Value") == 1
    rewrite(folder / "file", by=port)
    assert not any("s3cret" in command for command in port._action.commands)


def test_a_disk_that_fills_up_while_writing_keeps_the_old_file_whole(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    try:
        file = folder / "file"
        file.write_bytes(b"A=1\n")
        error = refusal(file, content=SECRET * 10_000)
        assert error.code == "ENOSPC"
        assert f"{file}: No space left on device" in error.message
        assert error.remedy == f"Make room on the file system that {file} is on."
        assert [(one, one.read_bytes()) for one in folder.iterdir()] == [(file, b"A=1\n")]
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_server_without_python_is_told(folder: Path) -> None:
    port = PosixServer(Shell(), {"ansible_python_interpreter": "/no/python"})  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        port.look([Wanted(str(folder / "file"))])
    assert "/no/python" in caught.value.message
    assert "ansible_python_interpreter" in str(caught.value.remedy)


@pytest.mark.parametrize("plugin", ["connection", "become"])
def test_a_plugin_that_hands_no_standard_input_on_is_refused(folder: Path, plugin: str) -> None:
    shell = Shell()
    if plugin == "connection":
        shell._connection.has_pipelining = False
    else:
        shell._connection.become = SimpleNamespace(name="su", pipelining=False)
    port = PosixServer(shell, {"ansible_python_interpreter": sys.executable})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"the plugin (shell|su) hands no standard input on"):
        port.look([Wanted(str(folder / "file"))])
    assert shell.commands == []


def test_states_tell_age_and_rights_without_reading(folder: Path) -> None:
    file = folder / "cache"
    file.write_bytes(b"protected")
    os.utime(file, (1795000000, 1795000000))
    file.chmod(0o640)
    asked = [(str(file), "nobody"), (str(file), "root"), (str(file), None), (str(folder / "none" / "cache"), "nobody")]
    written = "2026-11-18T11:06:40Z"
    told = server().states(asked)
    assert [(one.written, one.readable) for one in told] == [
        (written, False), (written, True), (written, None), (None, None),
    ]
    assert all(one.now[:4] >= "2024" for one in told)
    file.chmod(0o644)
    # Who is not root can only tell of itself.
    assert [one.readable for one in server("nobody").states(asked)] == [True, None, None, None]
    folder.chmod(0o700)
    assert server().states(asked[:1])[0].readable is False
    with pytest.raises(InputError, match="there is no user none on the server"):
        server().states([(str(file), "none")])


def test_a_program_is_found_as_it_would_be_run_and_is_not_started(folder: Path) -> None:
    ran, program = folder / "ran", folder / "restart"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")

    def found(name: str) -> Program | None:
        port = server(program=name)
        port.look([Wanted(str(folder / "keys"))])
        return port.program

    me = pwd.getpwuid(os.geteuid()).pw_name
    assert found(str(program)) == Program(str(program), str(program), executable=False, user=me)
    program.chmod(0o755)
    assert found(str(program)) == Program(str(program), str(program), executable=True, user=me)
    assert found("no-such-program") == Program("no-such-program", None, executable=False, user=me)
    assert found("sh") == Program("sh", shutil.which("sh"), executable=True, user=me)
    assert not ran.exists()
    assert server().program is None
