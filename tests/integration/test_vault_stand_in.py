# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The stand-in of Vault, driven by hvac, a client that knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hvac
import pytest
import trustme
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown
from m365_sandbox.state.certificates import load_or_create_tls
from vault_stand_in import VaultStandIn, serving


@pytest.fixture
def vault() -> Iterator[VaultStandIn]:
    with serving(VaultStandIn()) as server:
        yield server


@pytest.fixture
def client(vault: VaultStandIn) -> hvac.Client:
    return hvac.Client(url=vault.url, token="root")


def test_versions_and_check_and_set(client: hvac.Client) -> None:
    kv = client.secrets.kv.v2
    assert kv.create_or_update_secret("a/b", {"x": "1"}, cas=0)["data"]["version"] == 1
    with pytest.raises(InvalidRequest, match="check-and-set parameter did not match the current version"):
        kv.create_or_update_secret("a/b", {"x": "2"}, cas=0)
    assert kv.create_or_update_secret("a/b", {"x": "2"}, cas=1)["data"]["version"] == 2
    assert kv.read_secret_version("a/b", raise_on_deleted_version=True)["data"]["data"] == {"x": "2"}
    assert kv.read_secret_version("a/b", version=1, raise_on_deleted_version=True)["data"]["data"] == {"x": "1"}
    assert kv.list_secrets("a")["data"]["keys"] == ["b"]


def test_a_deleted_version_keeps_its_number(client: hvac.Client) -> None:
    kv = client.secrets.kv.v2
    kv.create_or_update_secret("a", {"x": "1"})
    kv.delete_latest_version_of_secret("a")
    with pytest.raises(InvalidPath):
        kv.read_secret_version("a", raise_on_deleted_version=True)
    assert kv.read_secret_metadata("a")["data"]["current_version"] == 1
    with pytest.raises(InvalidRequest):
        kv.create_or_update_secret("a", {"x": "2"}, cas=0)
    kv.undelete_secret_versions("a", [1])
    assert kv.read_secret_version("a", raise_on_deleted_version=True)["data"]["data"] == {"x": "1"}
    kv.delete_metadata_and_all_versions("a")
    with pytest.raises(InvalidPath):
        kv.read_secret_metadata("a")


def test_policies(vault: VaultStandIn, client: hvac.Client) -> None:
    vault.approles["role", "word"] = {"secret/data/mailops/": ["read", "create"]}
    with pytest.raises(InvalidRequest, match="invalid role or secret ID"):
        client.auth.approle.login("role", "another")
    client.auth.approle.login("role", "word")
    assert client.is_authenticated()
    client.secrets.kv.v2.create_or_update_secret("mailops/a", {"x": "1"})
    with pytest.raises(Forbidden, match=r"1 error occurred:\n\t\* permission denied"):
        client.secrets.kv.v2.create_or_update_secret("mailops/a", {"x": "2"})
    found = client.sys.get_capabilities(paths=["secret/data/mailops/a", "secret/metadata/mailops/a"])
    assert found["data"]["secret/data/mailops/a"] == ["read", "create"]
    assert found["data"]["secret/metadata/mailops/a"] == ["deny"]


def test_what_is_refused_altogether(vault: VaultStandIn, client: hvac.Client) -> None:
    with pytest.raises(InvalidPath, match="no handler for route"):
        client.secrets.kv.v2.read_secret_metadata("a", mount_point="nowhere")
    client.token = "hvs.expired"
    assert not client.is_authenticated()
    with pytest.raises(Forbidden, match="invalid token"):
        client.read("secret/data/a")
    vault.sealed = True
    assert client.sys.is_sealed()
    with pytest.raises(VaultDown, match="Vault is sealed"):
        client.read("secret/data/a")


def test_it_speaks_tls(tmp_path: Path) -> None:
    with serving(VaultStandIn(), load_or_create_tls(tmp_path)) as server:
        assert hvac.Client(url=server.url, token="root", verify=str(tmp_path / "ca.pem")).is_authenticated()
        stranger = tmp_path / "stranger.pem"
        trustme.CA().cert_pem.write_to_path(stranger)
        with pytest.raises(OSError, match="certificate verify failed"):
            hvac.Client(url=server.url, token="root", verify=str(stranger)).is_authenticated()
