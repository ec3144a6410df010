# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What stores may hold of applications that no host uses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._estate.options import applications
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.unused import removal, unused

STORE = {"kind": "ansible_vault", "path": "/srv/store.yml"}
COMMON = {
    "mail_product": "ici", "mail_environment": "test", "mail_ici": {"config_file": "/srv/ici.json"},
    "mail_entra": {"tenant_id": "0f0e0d0c-1111-2222-3333-444455556666"},
}


def graph(unique_name: str, store: str = "/srv/store.yml", **more: Any) -> Host:
    """A host with an application."""
    kept = {**STORE, "path": store}
    send = {"transport": "graph", "from": "contracts@contoso.example"}
    app = {"unique_name": unique_name, "name": unique_name.title()}
    return Host({**COMMON, "mail_app": app, "mail_send": send, **more}, store=kept, same_store=kept)


def relay(**more: Any) -> Host:
    """A host without one."""
    send = {"transport": "smtp", "host": "relay", "from": "contracts@contoso.example", "username": "u", "password": "p"}
    return Host({**COMMON, "mail_send": send, **more}, store=STORE, same_store=STORE)


def drawn(hosts: dict[str, Host], further: dict[str, Host] | None = None) -> dict[str, Any]:
    """The work of a run on hosts of an inventory that has further ones."""
    work: dict[str, Any] = draw(hosts, {**hosts, **(further or {})}, {})
    return work


def test_a_store_is_there_once_and_knows_what_the_whole_inventory_uses() -> None:
    [store] = drawn({"a": relay(), "b": graph("here")}, further={"c": graph("there")})["stores"]
    assert (store["store"], store["host"], store["applications"]) == (STORE, "b", ["here", "there"])


def test_a_store_of_hosts_that_all_sign_in_otherwise_by_now_is_still_looked_into() -> None:
    [store] = drawn({"a": relay()})["stores"]
    assert (store["host"], store["applications"]) == ("a", [])
    [application] = removal(drawn({"a": relay()}), ["old"], [["old"]])["applications"]
    assert (application["unique_name"], application["hosts"], application["identity"]) == ("old", ["a"], "entra")


@pytest.mark.parametrize(("more", "asked"), [({}, False), ({"mail_exchange": {"organization": "contoso"}}, True)])
def test_exchange_is_asked_if_it_is_known_how(more: dict[str, Any], asked: bool) -> None:
    [application] = removal(drawn({"a": graph("here", **more)}), ["old"], [["old"]])["applications"]
    assert (application["exchange"] is not None) is asked


def test_what_hosts_use_is_not_removed_this_way() -> None:
    with pytest.raises(InputError, match=r"mail_unused: hosts of the inventory use there\. Nothing was removed\."):
        removal(drawn({"a": graph("here")}, {"c": graph("there")}), ["old", "there"], [["old", "there"]])


def test_only_the_stores_that_hold_it_are_rid_of_it() -> None:
    work = drawn({"a": graph("here"), "b": graph("there", store="/srv/other.yml"), "c": relay()})
    gone = removal(work, ["old", "nobodys"], [[], ["old"]])
    assert [(one["unique_name"], one["hosts"]) for one in gone["applications"]] == [("old", ["b"])]
    assert [one["display_name"] for one in gone["hosts"]["b"]["applications"]] == ["old"]
    assert (gone["hosts"]["a"]["applications"], gone["deliveries"]) == ([], [])
    both = removal(work, ["old"], [["old"], ["old"]])["applications"]
    assert list(applications(both, {})) == ["a/old", "b/old"]


def test_each_is_told_with_the_command_that_removes_it() -> None:
    stores = drawn({"a": graph("here")})["stores"]
    [one] = unused(stores, [["old", "here"]], "remove {}".format)
    line = one["told"]
    assert (one["unique_name"], one["environment"]) == ("old", "test")
    assert line.startswith("The store holds old, which no host of the inventory uses")
    assert line.endswith("remove it with remove old")
