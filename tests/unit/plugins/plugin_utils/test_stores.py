# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The registry of the stores, what a host's variables make of it, and the store that only reads the environment."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, StoreError
from ansible_collections.mailops.modern_auth.plugins.plugin_utils import _stores as stores
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import (
    comparable,
    kinds,
    open_store,
    options_of,
)
from ansible_collections.mailops.modern_auth.tests.unit.plugins.plugin_utils.controller import PlainController

HOST = {
    "inventory_hostname": "ici-1", "inventory_dir": "/srv/inventory", "playbook_dir": "/srv/playbooks",
    "mail_environment": "prod",
}
TOY = '''
from typing import Any, ClassVar
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, text
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores._contract import Held

KEPT = {}

class Store:
    OPTIONS: ClassVar = {"drawer": Key(text, required=True)}

    def __init__(self, options, controller):
        self._entries = KEPT.setdefault(options["drawer"], {})

    @classmethod
    def of(cls, variables, surroundings, problems):
        return {"drawer": variables.get("mail_store_drawer", "top")}

    def prove(self, names):
        return {}

    def read(self, names):
        return {name: self._entries.get(name, Held({}, "")) for name in names}

    def write(self, name, entry, revision):
        self._entries[name] = Held(entry, str(int(revision or 0) + 1))
        return self._entries[name].revision
'''


def drawn(exists: tuple[str, ...] = (), **variables: Any) -> dict[str, Any]:
    return options_of({**HOST, **variables}, folder="/home/me", exists=exists.__contains__)


def test_another_kind_is_one_more_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ansible's loader of collections searches one folder for a package, so the others are there as well.
    folder = Path(shutil.copytree(stores.__path__[0], tmp_path / "stores"))
    (folder / "toy_drawer.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(stores, "__path__", [str(folder)])
    monkeypatch.delitem(sys.modules, f"{stores.__name__}.toy_drawer", raising=False)
    assert "toy_drawer" in kinds()
    options = drawn(mail_store_kind="toy_drawer", mail_store_drawer="left")
    assert options == {"kind": "toy_drawer", "drawer": "left"}
    assert open_store(options, PlainController()).write("a", {"client_id": "c"}, "") == "1"
    assert open_store(options, PlainController()).read(["a"])["a"].entry == {"client_id": "c"}
    with pytest.raises(InputError, match=r"^store\.drawer: is required$"):
        open_store({"kind": "toy_drawer"}, PlainController())


def test_the_kinds_are_those_that_have_a_file() -> None:
    assert kinds() == ["ansible_vault", "azure_keyvault", "environment", "hashi_vault"]


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    known = "is not one of ansible_vault, azure_keyvault, environment, hashi_vault; did you mean hashi_vault?"
    with pytest.raises(InputError) as caught:
        drawn(mail_store_kind="hashi_vaul")
    assert caught.value.message == f"mail_store_kind: 'hashi_vaul' {known}"
    with pytest.raises(InputError, match=r"^store\.kind: 'hashi_vaul' is not one of"):
        open_store({"kind": "hashi_vaul"}, PlainController())
    with pytest.raises(InputError, match=r"^store\.kind"):
        open_store({"kind": "_contract"}, PlainController())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "ansible_vault"}, "store.path: is required"),
        ({"kind": "ansible_vault", "path": ""}, "store.path: is empty"),
        ({"kind": "ansible_vault", "path": "/x", "pasword_file": "y"}, "did you mean password_file?"),
        ({"kind": "hashi_vault", "folder": "x", "connection": "y"}, "store.connection: is no dictionary"),
    ],
)
def test_bad_options_are_told_with_their_path(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        open_store(options, PlainController())
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"mail_store_path": ""}, "mail_store_path: is empty"),
        ({"mail_store_path": "store\0.yml"}, "mail_store_path: holds a NUL character; remove it"),
        ({"mail_environment": None}, "mail_environment: is required"),
        ({"mail_environment": None, "mail_store_kind": "hashi_vault"}, "mail_environment: is required"),
        ({"mail_store_kind": "hashi_vault", "mail_store_hashi_vault": "x"}, "mail_store_hashi_vault: is no dictionary"),
        (
            {"mail_store_kind": "hashi_vault", "mail_store_hashi_vault": {"engine_mount_point": []}},
            "mail_store_hashi_vault.engine_mount_point: is no text",
        ),
        ({"mail_store_kind": "azure_keyvault"}, "mail_store_azure_keyvault.vault_uri: is required"),
    ],
)
def test_bad_variables_are_told_by_their_name(variables: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        drawn(**variables)
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("variables", "exists", "path"),
    [
        ({}, (), "/srv/inventory/.credentials/prod.yml"),
        ({}, ("/srv/inventory/credentials/prod.yml",), "/srv/inventory/credentials/prod.yml"),
        ({"inventory_dir": None}, (), "/home/me/.credentials/prod.yml"),
        ({"inventory_dir": "None"}, (), "/home/me/.credentials/prod.yml"),
        ({"mail_store_path": "x/store.yml"}, (), "/home/me/x/store.yml"),
        ({"mail_store_path": "../store.yml"}, (), "/home/store.yml"),
        ({"mail_store_path": "store.yml"}, ("/srv/playbooks/store.yml",), "/srv/playbooks/store.yml"),
        ({"mail_store_path": "store.yml"}, ("/srv/playbooks/store.yml", "/home/me/store.yml"), "/home/me/store.yml"),
        ({"mail_store_path": "/etc/store.yml"}, (), "/etc/store.yml"),
    ],
)
def test_where_the_file_is(variables: dict[str, Any], exists: tuple[str, ...], path: str) -> None:
    assert drawn(exists, **variables) == {"kind": "ansible_vault", "path": path}


def test_a_home_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/other")
    options = drawn(mail_store_path="~/store.yml", mail_store_password_file="~/password")
    assert options == {
        "kind": "ansible_vault", "path": "/home/other/store.yml", "password_file": "/home/other/password"
    }


def test_secrets_of_vault_are_references() -> None:
    given = {"url": "https://v", "auth_method": "approle", "role_id": "r", "secret_id": "s3cret", "path": "mail/x"}
    assert drawn(mail_store_kind="hashi_vault", mail_store_hashi_vault=given) == {
        "kind": "hashi_vault", "engine_mount_point": "secret", "folder": "mail/x", "connection": {
            "url": "https://v", "auth_method": "approle",
            "role_id": {"variable": "mail_store_hashi_vault.role_id", "host": "ici-1"},
            "secret_id": {"variable": "mail_store_hashi_vault.secret_id", "host": "ici-1"},
        },
    }
    assert drawn(mail_store_kind="hashi_vault")["folder"] == "mailops/prod"


def test_secrets_of_key_vault_are_references() -> None:
    given = {"vault_uri": "https://v", "auth_source": "auto", "client_id": "c", "secret": "s3cret"}
    options = drawn(mail_store_kind="azure_keyvault", mail_store_azure_keyvault=given)
    assert options["vault_uri"] == "https://v"
    assert options["connection"]["auth_source"] == "auto"
    assert options["connection"]["secret"] == {"variable": "mail_store_azure_keyvault.secret", "host": "ici-1"}
    assert "s3cret" not in str(options)


def test_hosts_that_use_the_same_store_are_told_from_those_that_do_not() -> None:
    def store(host: str, **given: str) -> Any:
        variables = {"inventory_hostname": host, "mail_store_kind": "hashi_vault", "mail_store_hashi_vault": given}
        return comparable(drawn(**variables))

    assert store("a", url="https://v", token="s3cret") == store("b", url="https://v", token="s3cret")
    assert store("a", url="https://v", token="s3cret") != store("b", url="https://w", token="s3cret")
    assert comparable(drawn()) != comparable(drawn(inventory_dir="/srv/other"))


def environment(variables: Mapping[str, str], **options: str) -> stores.Store:
    return open_store({"kind": "environment", **options}, PlainController(environment=variables))


def test_the_environment_has_credentials_by_the_name_of_the_application() -> None:
    store = environment(
        {"MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_ID": "c", "MAILOPS_CONTRACTS_MAIL_TEST_CLIENT_SECRET": "s3cret"},
        tenant_id="t",
    )
    assert store.read(["contracts-mail.test"])["contracts-mail.test"].entry == {
        "tenant_id": "t", "client_id": "c", "current": {"key_id": "unknown", "secret_text": "s3cret"},
    }


def test_what_the_environment_lacks_of_one_application_is_nobody_elses_failure() -> None:
    given = {"MAILOPS_A_CLIENT_ID": "c", "MAILOPS_A_CLIENT_SECRET": "s", "MAILOPS_B_CLIENT_ID": "c"}
    held = environment({**given, "AZURE_TENANT_ID": "t"}).read(["a", "b"])
    assert held["a"].entry["tenant_id"] == "t"
    for asked in ("entry", "revision"):
        with pytest.raises(StoreError, match=r"lacks MAILOPS_B_CLIENT_SECRET\.") as caught:
            getattr(held["b"], asked)
        assert "the application 'b' signs in with" in str(caught.value.remedy)


def test_nothing_is_kept_in_the_environment() -> None:
    store = environment({})
    with pytest.raises(StoreError, match="so a new secret could not be kept there, and none was made"):
        store.prove(["a"])
    with pytest.raises(StoreError) as caught:
        store.write("a", {}, "")
    assert "Let mail_store_kind be ansible_vault, hashi_vault or azure_keyvault" in str(caught.value.remedy)


def test_where_the_tenant_comes_from() -> None:
    assert drawn(mail_store_kind="environment", mail_entra={"tenant_id": "t"}) == {
        "kind": "environment", "tenant_id": "t"
    }
    assert drawn(mail_store_kind="environment") == {"kind": "environment"}
