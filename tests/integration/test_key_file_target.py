# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A service account's key is brought to the server: the bytes and the rights on disk judge, and what is never shown."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import ACCOUNT, END, as_json, as_p12
from targets_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def options(world: World, content: bytes, **more: Any) -> dict[str, Any]:
    """A target for a key that lies on the controller."""
    key = world.folder / "key"
    key.write_bytes(content)
    return {"targets": [{"kind": "key_file", "path": str(world.home() / "google.key"), "key_file": str(key), **more}]}


def test_four_runs_and_a_new_key(world: World) -> None:
    path = world.home() / "google.key"
    for content in (as_json(), as_json(private_key_id="cd" * 20)):
        wanted = options(world, content)
        for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
            done = world.configure({"server": wanted}, "--diff", "-vvv", *arguments)
            assert done.code == 0, done.output
            assert done.last()["changed"] is changed
            assert "PRIVATE KEY" not in done.output
            assert (f"key {json.loads(content)['private_key_id']} of {ACCOUNT}" in done.output) is changed
        assert path.read_bytes() == content
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_p12_file_goes_byte_for_byte_and_its_rights_are_settable(world: World) -> None:
    path = world.home() / "google.key"
    group = str(os.getgid())
    wanted = options(world, as_p12(), service_account=ACCOUNT, mode="0640", group=group)
    assert world.configure({"server": wanted}).code == 0
    assert path.read_bytes() == as_p12()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o644)
    done = world.configure({"server": wanted}, "--diff")
    assert "with other rights" in done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_key_in_a_variable(world: World) -> None:
    path = world.home() / "google.key"
    target = {
        "kind": "key_file", "path": str(path), "key": {"secret": "mail_google.key"}, "service_account": ACCOUNT,
    }
    google = {"key": base64.b64encode(as_p12()).decode()}
    done = world.configure({"server": {"targets": [target]}}, "-vvv", variables={"mail_google": google})
    assert done.code == 0, done.output
    assert path.read_bytes() == as_p12()
    assert google["key"] not in done.output


def test_a_certificate_that_has_ended_is_told(world: World) -> None:
    done = world.configure({"server": options(world, as_p12(end=END.replace(year=2020)), service_account=ACCOUNT)})
    assert done.code == 0, done.output
    assert "the certificate of the key ended on 2020-01-02." in " ".join(done.output.split())


@pytest.mark.parametrize(("content", "more", "words"), [
    (b"{}", {}, "is no key of a service account"),
    (as_json(), {"service_account": "other@project.iam.gserviceaccount.com"}, f"is a key of {ACCOUNT}, not of other@"),
    (as_json(), {"mode": "0644"}, "would let everybody on the server read the key"),
    (as_json(), {"mode": "rw"}, "the mode 'rw' is no permissions"),
])
def test_what_does_not_fit_leaves_the_server_alone(
    world: World, content: bytes, more: dict[str, Any], words: str
) -> None:
    done = world.configure({"server": options(world, content, **more)})
    assert done.code == 2
    assert words in done.last()["msg"]
    assert list(world.home().iterdir()) == []
