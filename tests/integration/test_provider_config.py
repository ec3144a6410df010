# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""provider_config on real files, run by ansible-playbook; judged by the bytes on disk."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playbook_runner import REPOSITORY, Outcome, play

SAMPLE = (REPOSITORY / "sandbox/servers/ConfigurationKeys.json").read_bytes()
NAME = "Platform.Email.ProviderConfiguration"
SECRET = "s3cret~Value.that-must-not-be-seen"
SETTINGS = {
    "provider": "GRAPH",
    "configuration": {
        "TenantId": {"fact": "tenant_id"}, "ClientSecret": {"secret": "client_secret"}, "EmailId": "a@b.example",
        "Name": "Verträge",
    },
}


UNUSUAL = {
    "not_json": b'[{"Name": "x",}]',
    "not_utf8": b"[{\xff}]",
    "read_only": f'[{{"Name": "{NAME}", "Value": "", "IsReadOnly": true}}]'.encode(),
    "twice": f'[{{"Name": "{NAME}", "Value": ""}}, {{"Name": "{NAME}"}}]'.encode(),
    "without_key": b'[{"Name": "other", "Value": "1"}]',
}


class Servers:
    """Servers with a configuration file each; one for every case, so that one run shows many."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, content: bytes = SAMPLE) -> Path:
        """A further server; its file."""
        file = self.folder / name / "ConfigurationKeys.json"
        file.parent.mkdir()
        file.write_bytes(content)
        return file

    def configure(self, options: Mapping[str, Mapping[str, Any]], *arguments: str) -> Outcome:
        """One run of the task, with the given further options on each server."""
        hosts = {
            name: {
                "options": {
                    "format": "ici", "path": str(self.folder / name / "ConfigurationKeys.json"), "settings": SETTINGS,
                    "facts": {"tenant_id": "t"}, "secrets": {"client_secret": SECRET}, **further,
                },
            }
            for name, further in options.items()
        }
        return play(self.folder, [{"mailops.modern_auth.provider_config": "{{ options }}"}], *arguments, hosts=hosts)


def mail_settings(file: Path) -> Any:
    """What ICI would read."""
    keys = json.loads(file.read_text("utf-8-sig"))["ConfigurationKeys"]
    [value] = [key["Value"] for key in keys if key["Name"] == NAME]
    return json.loads(value)


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path)


@pytest.fixture
def immutable(servers: Servers) -> Iterator[Path]:
    """A server's file that not even root may write."""
    file = servers.add("immutable")
    subprocess.run(["chattr", "+i", file], check=True)
    yield file
    subprocess.run(["chattr", "-i", file], check=True)


def test_four_runs(servers: Servers) -> None:
    plain, kept, linked = servers.add("plain"), servers.add("kept"), servers.add("linked")
    plain.chmod(0o640)
    target = linked.rename(servers.folder / "target.json")
    linked.symlink_to(target)
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        before = plain.read_bytes()
        done = servers.configure({"plain": {}, "kept": {"backup": True}, "linked": {}}, "--diff", *arguments)
        assert done.code == 0, done.output
        assert [done.last(host)["changed"] for host in ("plain", "kept", "linked")] == [changed] * 3
        assert (plain.read_bytes() != before) is (changed and not arguments)
        if "backup_file" in done.last("kept"):
            assert Path(done.last("kept")["backup_file"]).read_bytes() == SAMPLE
    assert mail_settings(plain) == {
        "provider": "GRAPH",
        "configuration": {"TenantId": "t", "ClientSecret": SECRET, "EmailId": "a@b.example", "Name": "Verträge"},
    }
    assert plain.read_bytes() == kept.read_bytes() == target.read_bytes()
    assert linked.is_symlink()
    assert stat.S_IMODE(plain.stat().st_mode) == 0o640
    assert [len(list(file.parent.iterdir())) for file in (plain, kept, linked)] == [1, 2, 1]

    old, new = SAMPLE.split(b"\r\n"), plain.read_bytes().split(b"\r\n")
    [(was, now)] = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    assert was == b'      "Value": "",'
    assert now.startswith(b'      "Value": "{')


def test_the_secret_is_in_the_file_only(servers: Servers) -> None:
    file = servers.add("server")
    done = servers.configure({"server": {}}, "--diff", "-vvv")
    again = servers.configure({"server": {"secrets": {"client_secret": SECRET + "2"}}}, "--diff", "-vvv")
    assert "(secret, new)" in done.output
    assert "(secret, to be replaced)" in again.output
    assert SECRET not in done.output + again.output
    (servers.folder / "inventory.json").unlink()
    found = subprocess.run(["grep", "-rlF", SECRET, servers.folder], text=True, capture_output=True, check=True)
    assert found.stdout.split() == [str(file)]


def test_nothing_is_needed_in_ansibles_own_folder_on_the_server(servers: Servers) -> None:
    file = servers.add("server")
    done = servers.configure({"server": {}}, "-e", json.dumps({
        "ansible_remote_tmp": "/proc/no-room", "ansible_pipelining": False,
    }))
    assert done.code == 0, done.output
    assert mail_settings(file)["configuration"]["ClientSecret"] == SECRET


def test_a_missing_key_is_added_if_that_is_allowed(servers: Servers) -> None:
    file = servers.add("server", UNUSUAL["without_key"])
    assert servers.configure({"server": {"create": True}}).last("server")["changed"] is True
    assert [key["Name"] for key in json.loads(file.read_bytes())] == ["other", NAME]


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "do"])
def test_what_cannot_be_done_is_said_and_changes_nothing(
    servers: Servers, immutable: Path, arguments: list[str]
) -> None:
    files = {name: servers.add(name, content) for name, content in UNUSUAL.items()}
    wrong_options = {"format": {"format": "icy"}, "option": {"pth": "x"}, "secret": {"secrets": {}}}
    files |= {name: servers.add(name) for name in wrong_options}
    before = {name: file.read_bytes() for name, file in files.items()}
    plain: dict[str, dict[str, Any]] = {name: {} for name in ("immutable", "missing", *UNUSUAL)}
    done = servers.configure({**plain, **wrong_options}, *arguments)
    assert done.code == 2
    expected = {
        "not_json": "it is not valid JSON (line 1, column 15",
        "not_utf8": "byte 2 is not UTF-8",
        "read_only": "has IsReadOnly: true (line 1, column",
        "twice": "is there 2 times (line 1",
        "without_key": "set mail_ici.create_key: true",
        "missing": "missing: No such file or directory (ENOENT). Check the path on the server.",
        "immutable": "ConfigurationKeys.json is immutable. Allow changes: chattr -i",
        "format": "value of format must be one of: commonjs, environment, ici_keys, web_config, ici, got: icy",
        "option": "pth. Supported parameters include:",
        "secret": "The secret 'client_secret' is needed, but was not given.",
    }
    for name, words in expected.items():
        assert words in done.last(name)["msg"], name
        if name not in ("format", "option"):
            assert f"Could not write the mail settings into {servers.folder / name}" in done.last(name)["msg"]
    assert {name: file.read_bytes() for name, file in files.items()} == before
    assert immutable.read_bytes() == SAMPLE


# -- files of environment variables -----------------------------------------------------------------------------------


def environment(servers: Servers, **options: Any) -> dict[str, Any]:
    """The options for such a file; it is missing unless a test makes it."""
    (servers.folder / "server").mkdir(exist_ok=True)
    return {
        "format": "environment", "settings": {"USER": "a@b.example", "CLIENT_SECRET": {"secret": "client_secret"}},
        "create": True, "mode": "0600", **options,
    }


def test_a_missing_environment_file_is_made_in_four_runs(servers: Servers) -> None:
    options = environment(servers)
    file = servers.folder / "server/ConfigurationKeys.json"
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        done = servers.configure({"server": options}, "--diff", *arguments)
        assert done.code == 0, done.output
        assert done.last()["changed"] is changed
        assert file.exists() is (arguments == [] or not changed)
        assert SECRET not in done.output
    assert file.read_text() == f"USER=a@b.example\nCLIENT_SECRET={SECRET}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_rights_are_set_before_a_secret_is_written(servers: Servers) -> None:
    options = environment(servers, owner="nobody", group="nogroup")
    file = servers.folder / "server/ConfigurationKeys.json"
    file.write_text("OTHER=1\n")
    file.chmod(0o644)
    for arguments, changed in ((["--check"], True), ([], True), (["--check"], False), ([], False)):
        assert servers.configure({"server": options}, *arguments).last()["changed"] is changed
        if arguments and changed:
            assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("OTHER=1\n", 0o644)
    assert (file.owner(), file.group(), stat.S_IMODE(file.stat().st_mode)) == ("nobody", "nogroup", 0o600)
    file.chmod(0o640)
    assert servers.configure({"server": options}).last()["changed"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_an_environment_file_cannot_be_is_said(servers: Servers) -> None:
    absent = environment(servers, path=str(servers.folder / "absent/file"))
    unquotable = environment(servers, secrets={"client_secret": "it's $HOME"})
    nobody = environment(servers, owner="no-such-user")
    for options, words in (
        (absent, "absent: No such file or directory (ENOENT)"),
        (unquotable, "the value of CLIENT_SECRET holds characters"),
        (nobody, "there is no user no-such-user on the server"),
    ):
        done = servers.configure({"server": options})
        assert words in done.last()["msg"]
        assert "$HOME" not in done.output
