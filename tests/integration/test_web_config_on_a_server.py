# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A web.config on a server: it is the old or the new one, whole, whatever happens while it is replaced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds import file as files
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._server import PosixServer
from shell_server import Shell, server
from targets_world import SECRET, World

SETTINGS = {
    "Mail.Sending.ServerType": "Microsoft365",
    "Mail.Sending.Microsoft365.ConfidentialApp.Secret": {"secret": "client_secret"},
    "Mail.Sending.Smtp.Password": None,
}
OLD = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <appSettings>\r\n'
    + "".join(f'    <add key="Key{number}" value="{"v" * 100}" />\r\n' for number in range(500))
    + '    <add key="Mail.Sending.Smtp.Password" value="old" />\r\n  </appSettings>\r\n</configuration>\r\n'
).encode()
NEW = OLD.replace(b'    <add key="Mail.Sending.Smtp.Password" value="old" />\r\n', (
    '    <add key="Mail.Sending.ServerType" value="Microsoft365" />\r\n'
    f'    <add key="Mail.Sending.Microsoft365.ConfidentialApp.Secret" value="{SECRET}" />\r\n'
).encode())
# Runs what Ansible's Python is told to, and kills itself before the given line of those that write the file.
MORTAL = """#!{python} -I
import os, signal, sys
left = {lines}
def begin(frame, event, argument):
    return count if frame.f_code.co_name in ("write", "replace", "keep_attributes", "laid") else None
def count(frame, event, argument):
    global left
    left -= event == "line"
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return count
sys.settrace(begin)
exec(sys.argv[3])
"""


def options(path: Path) -> dict[str, Any]:
    """What mail_targets is told."""
    return {"targets": [{"kind": "file", "format": "web_config", "path": str(path), "settings": SETTINGS}]}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_run_in_four_steps(world: World) -> None:
    path = world.home() / "web.config"
    path.write_bytes(OLD)
    for arguments, changed, after in ((["--check"], 1, OLD), ([], 1, NEW), (["--check"], 0, NEW), ([], 0, NEW)):
        ran = world.configure({"server": options(path)}, "--diff", *arguments)
        assert (ran.code, ran.last()["changed"], path.read_bytes()) == (0, bool(changed), after)
        assert SECRET not in ran.output
        assert '"Mail.Sending.ServerType": "Microsoft365"' in ran.output or not changed


def test_killed_at_any_line_it_leaves_the_old_or_the_new_file_whole(tmp_path: Path) -> None:
    path, python = tmp_path / "server" / "web.config", tmp_path / "python"
    path.parent.mkdir()
    path.write_bytes(OLD)
    target = files.File(str(path), "web_config", {
        **SETTINGS, "Mail.Sending.Microsoft365.ConfidentialApp.Secret": SECRET,
    })
    [found] = files.look([target], server(), {})
    change = target.compare(found).write
    assert change
    left = []
    for lines in count(1):
        path.write_bytes(OLD)
        python.write_text(MORTAL.format(python=sys.executable, lines=lines))
        python.chmod(0o755)
        port = PosixServer(Shell(), {"ansible_python_interpreter": str(python)})
        try:
            files.write([change], port)
        except InputError:
            left.append(path.read_bytes())
        else:
            break
    assert path.read_bytes() == NEW
    first_new = left.index(NEW)
    assert first_new > 20
    assert left == [OLD] * first_new + [NEW] * (len(left) - first_new)
    files.look([target], server(), {})
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture
def small_disk(world: World) -> Iterator[Path]:
    """A web.config on a file system that has no room for another one."""
    home = world.home()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", home], check=True)
    (home / "web.config").write_bytes(OLD)
    yield home / "web.config"
    subprocess.run(["umount", home], check=True)


def test_a_full_disk_leaves_the_old_file_and_is_told(world: World, small_disk: Path) -> None:
    for arguments in (["--check"], []):
        ran = world.configure({"server": options(small_disk)}, *arguments)
        assert ran.code != 0
        assert "No space left on device" in ran.last()["msg"]
        assert ran.last()["remedy"] == f"Make room on the file system that {small_disk.parent} is on."
        assert list(small_disk.parent.iterdir()) == [small_disk]
        assert small_disk.read_bytes() == OLD


@pytest.mark.parametrize(
    ("how", "words", "remedy"),
    [
        ("attribute", "is immutable", "chattr -i"),
        ("mount", "Read-only file system", "Mount the file system for writing"),
    ],
)
def test_a_file_that_is_read_only_stays_and_is_told(world: World, how: str, words: str, remedy: str) -> None:
    home = world.home()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", home], check=True)
    path = home / "web.config"
    path.write_bytes(OLD)
    lock, unlock = (
        (["chattr", "+i", path], ["chattr", "-i", path]) if how == "attribute"
        else (["mount", "-o", "remount,ro", home], ["true"])
    )
    subprocess.run(lock, check=True)
    try:
        ran = world.configure({"server": options(path)})
        assert ran.code != 0
        assert words in ran.last()["msg"]
        assert remedy in ran.last()["remedy"]
        assert path.read_bytes() == OLD
    finally:
        subprocess.run(unlock, check=True)
        subprocess.run(["umount", home], check=True)
