# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is kept on disk between two runs, whole or damaged, judged by the token that comes out."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._discovery import Discovery
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth._http import Connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOST = "https://login.test"
TENANT = "11111111-2222-3333-4444-555555555555"
SCOPE = "https://graph.microsoft.com/.default"
DOCUMENT = {
    "authorization_endpoint": f"{HOST}/authorize", "token_endpoint": f"{HOST}/token", "issuer": f"{HOST}/{TENANT}/v2.0",
}


class Platform:
    """Gives numbered tokens, and counts what it is asked for."""

    def __init__(self, folder: Path | None) -> None:
        self.discovery = Discovery(folder)
        self.documents = 0
        self.tokens = 0

    def http(self, ca_path: str | None, timeout: float, folder: Path | None = None) -> Platform:
        return self

    def get(self, url: str, **ignored: Any) -> Any:
        kept = self.discovery.get(url)
        if kept is None:
            self.documents += 1
            kept = json.dumps(DOCUMENT).encode()
            self.discovery.keep(url, kept)
        return SimpleNamespace(status_code=200, text=kept.decode(), headers={}, raise_for_status=lambda: None)

    def post(self, url: str, **ignored: Any) -> Any:
        self.tokens += 1
        answer = {"access_token": f"token {self.tokens}", "expires_in": 3600, "token_type": "Bearer"}
        return SimpleNamespace(status_code=200, text=json.dumps(answer), headers={}, raise_for_status=lambda: None)


def a_run(folder: Path | None) -> tuple[str, Platform]:
    """The token that a run gets, and what it had to ask for."""
    platform = Platform(folder)
    source = token_source({
        "cloud": "custom", "authority_host": HOST, "graph_endpoint": "https://graph.test", "tenant_id": TENANT,
        "client_id": "app", "client_secret": "s3cret", "token_cache": str(folder) if folder else None,
    }, platform)  # type: ignore[arg-type]
    return source.token(SCOPE), platform


def only(folder: Path, kind: str) -> Path:
    (path,) = folder.glob(f"{kind}-*.json")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    a_run(tmp_path)
    return tmp_path


def test_the_next_run_asks_for_nothing(folder: Path) -> None:
    token, platform = a_run(folder)
    assert (token, platform.tokens, platform.documents) == ("token 1", 0, 0)
    assert sorted(path.stat().st_mode & 0o777 for path in folder.iterdir()) == [0o600, 0o600]
    assert "s3cret" not in "".join(path.read_text() for path in folder.iterdir())


def replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def doubled(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def by_a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut off": lambda path: os.truncate(path, 200),
    "empty": lambda path: os.truncate(path, 0),
    "doubled": doubled,
    "not UTF-8": lambda path: replaced(path, b"\xff\xfe" + path.read_bytes()),
    "NUL bytes": lambda path: replaced(path, bytes(5000)),
    "a list": lambda path: replaced(path, b"[]"),
    "a text": lambda path: replaced(path, b'"text"'),
    "null": lambda path: replaced(path, b"null"),
    "lists inside": lambda path: replaced(path, b'{"AccessToken": [], "issuer": []}'),
    "texts inside": lambda path: replaced(path, b'{"AccessToken": {"key": "text"}, "issuer": {}}'),
    "deep": lambda path: replaced(path, b"[" * 100_000),
    "other names and values": lambda path: replaced(
        path, path.read_bytes().replace(b'_on": "1', b'_on": "x').replace(b"iss", b"is")
    ),
    "a folder": by_a_folder,
    "a link to itself": by_a_link_to_itself,
}


@pytest.mark.parametrize("kind", ["tokens", "discovery"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_dropped(folder: Path, kind: str, damage: str) -> None:
    DAMAGE[damage](only(folder, kind))
    token, platform = a_run(folder)
    assert (platform.tokens, platform.documents) == ((1, 0) if kind == "tokens" else (0, 1))
    assert token == "token 1"
    if damage != "a folder":
        _token, again = a_run(folder)
        assert (again.tokens, again.documents) == (0, 0)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_ends_a_run(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cache")
    folder.chmod(0o700)
    a_run(folder)
    for kind in ("tokens", "discovery"):
        path = only(folder, kind)
        content = bytearray(path.read_bytes())
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    token, _platform = a_run(folder)
    assert token


def test_a_folder_that_cannot_be_written_is_no_failure(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.parent.joinpath("elsewhere").mkdir(mode=0o700)
    folder.symlink_to("elsewhere")
    folder.parent.joinpath("elsewhere").chmod(0o500)
    token, _platform = a_run(folder)
    assert token == "token 1"


def test_without_a_folder_nothing_is_kept() -> None:
    assert a_run(None)[1].tokens == a_run(None)[1].tokens == 1


def test_many_threads_get_one_token() -> None:
    platform = Platform(None)
    source = token_source({
        "cloud": "custom", "authority_host": HOST, "graph_endpoint": "https://graph.test", "tenant_id": TENANT,
        "client_id": "app", "client_secret": "s3cret",
    }, platform)  # type: ignore[arg-type]
    together = threading.Barrier(20)

    def ask() -> str:
        together.wait()
        return source.token(SCOPE)

    with ThreadPoolExecutor(20) as pool:
        tokens = {future.result() for future in [pool.submit(ask) for _number in range(20)]}
    assert (tokens, platform.tokens) == ({"token 1"}, 1)


def test_the_same_connections_serve_the_same_options(tmp_path: Path) -> None:
    connections = Connections()
    assert connections.http(None, 30) is connections.http(None, 30)
    assert connections.http(None, 30) is not connections.http(None, 30, tmp_path)
