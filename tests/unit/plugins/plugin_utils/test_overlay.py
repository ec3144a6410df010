# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A server that is only looked at, and what would be written there."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.server import FileWrite, FoundFile, Wanted
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._overlay import Overlay

HERE, NEW, LOCKED = (Wanted(f"/srv/{name}") for name in ("here", "new", "locked"))
FOUND = {
    HERE.path: FoundFile(b"\xff\x00old", "/data/here", as_wanted=False, links=2),
    NEW.path: FoundFile(None, NEW.path, as_wanted=False),
    LOCKED.path: FoundFile(b"", LOCKED.path, True, obstacle=InputError("It is immutable.", remedy="Use chattr -i.")),
}


class Looked:
    """Notes what it was asked for. It has nothing to write with."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def look(self, files: Sequence[Wanted]) -> Sequence[FoundFile]:
        self.asked += [file.path for file in files]
        return [FOUND[file.path] for file in files]


@pytest.fixture
def server() -> Looked:
    return Looked()


@pytest.fixture
def overlay(server: Looked, tmp_path: Path) -> Overlay:
    return Overlay(server, tmp_path / "host.json")


def test_a_file_is_fetched_once_and_known_to_later_tasks(overlay: Overlay, server: Looked, tmp_path: Path) -> None:
    assert overlay.look([HERE, NEW]) == [FOUND[HERE.path], FOUND[NEW.path]]
    later = Overlay(server, tmp_path / "host.json")
    assert later.look([NEW, HERE]) == [FOUND[NEW.path], FOUND[HERE.path]]
    assert server.asked == [HERE.path, NEW.path]
    assert stat.S_IMODE((tmp_path / "host.json").stat().st_mode) == 0o600


def test_what_stands_in_the_way_is_remembered(overlay: Overlay) -> None:
    for _again in range(2):
        [found] = overlay.look([LOCKED])
        assert found.obstacle is not None
        assert (found.obstacle.message, found.obstacle.remedy) == ("It is immutable.", "Use chattr -i.")


def test_what_would_be_written_is_there_afterwards(overlay: Overlay, server: Looked) -> None:
    overlay.look([HERE])
    assert overlay.write([FileWrite(HERE, b"new", b"\xff\x00old")]) == {}
    assert overlay.look([HERE]) == [FoundFile(b"new", HERE.path, as_wanted=True)]
    assert server.asked == [HERE.path]


def test_no_program_is_run(overlay: Overlay) -> None:
    assert overlay.finish([], ["reboot"]) == ([], None)
    ran = overlay.run(["/opt/encrypt"], "a secret")
    assert ran.code == 0
    assert "a secret" not in ran.output
