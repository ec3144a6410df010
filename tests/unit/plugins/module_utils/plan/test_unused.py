# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What stores may hold of applications that no host uses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.unused import told

STORE = {"kind": "ansible_vault", "path": "/srv/store.yml"}
COMMON = {
    "mail_product": "ici", "mail_environment": "test", "mail_ici": {"config_file": "/srv/ici.json"},
    "mail_entra": {"tenant_id": "0f0e0d0c-1111-2222-3333-444455556666"},
}


def graph(unique_name: str, **more: Any) -> Host:
    """A host with an application."""
    send = {"transport": "graph", "from": "contracts@contoso.example"}
    app = {"unique_name": unique_name, "name": unique_name.title()}
    return Host({**COMMON, "mail_app": app, "mail_send": send, **more}, store=STORE, same_store=STORE)


def relay(**more: Any) -> Host:
    """A host without one."""
    send = {"transport": "smtp", "host": "relay", "from": "contracts@contoso.example", "username": "u", "password": "p"}
    return Host({**COMMON, "mail_send": send, **more}, store=STORE, same_store=STORE)


def drawn(hosts: dict[str, Host], *unused: str, further: dict[str, Host] | None = None) -> dict[str, Any]:
    """The work of a run on hosts of an inventory that has further ones."""
    work: dict[str, Any] = draw(hosts, {**hosts, **(further or {})}, {}, unused)
    return work


def test_a_store_is_there_once_and_knows_what_the_whole_inventory_uses() -> None:
    [store] = drawn({"a": relay(), "b": graph("here")}, further={"c": graph("there")})["stores"]
    assert (store["store"], store["host"], store["applications"]) == (STORE, "b", ["here", "there"])


def test_a_store_of_hosts_that_all_sign_in_otherwise_by_now_is_still_looked_into() -> None:
    [store] = drawn({"a": relay()})["stores"]
    assert (store["host"], store["applications"]) == ("a", [])
    [application] = drawn({"a": relay()}, "old")["applications"]
    assert (application["unique_name"], application["hosts"], application["identity"]) == ("old", ["a"], "entra")


@pytest.mark.parametrize(("more", "asked"), [({}, False), ({"mail_exchange": {"organization": "contoso"}}, True)])
def test_exchange_is_asked_if_it_is_known_how(more: dict[str, Any], asked: bool) -> None:
    [application] = drawn({"a": graph("here", **more)}, "old")["applications"]
    assert (application["exchange"] is not None) is asked


def test_what_hosts_use_is_not_removed_this_way() -> None:
    with pytest.raises(InputError, match=r"mail_unused: hosts of the inventory use there\. Nothing was removed\."):
        drawn({"a": graph("here")}, "old", "there", further={"c": graph("there")})


def test_each_is_told_with_the_command_that_removes_it() -> None:
    stores = drawn({"a": graph("here")})["stores"]
    [line] = told(stores, [["old", "here"]])
    assert line.startswith("The store holds old, which no host of the inventory uses")
    assert line.endswith("remove it with mailops.modern_auth.remove_mail -e mail_unused=old")
