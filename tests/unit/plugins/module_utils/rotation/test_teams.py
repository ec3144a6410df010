# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who shares an application: those of the run, and those of the whole inventory, of which nobody must be forgotten."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw


def host(name: str, tenant_id: str = "00000000-0000-4000-8000-000000000001", **more: Any) -> Host:
    return Host({
        "mail_product": "ici", "mail_environment": "prod", "mail_app": {"unique_name": name, "name": name.title()},
        "mail_send": {"transport": "graph", "from": "a@contoso.example"}, "mail_entra": {"tenant_id": tenant_id},
        "mail_ici": {"config_file": "/x"}, **more,
    })


INVENTORY = {
    "other": Host({}), "a1": host("a"), "outside": host("a"), "b1": host("b"), "a2": host("a"),
    "elsewhere": host("a", "00000000-0000-4000-8000-000000000002"),
    "wrong": host("a", mail_send={"transport": "graph"}),
    "basic": host("a", mail_send={
        "transport": "smtp", "host": "relay.example", "username": "u", "password": "p", "from": "a@contoso.example",
    }),
}
LIMIT = ["a1", "b1", "a2", "other", "elsewhere"]


def test_hosts_that_share_an_application_work_together_whether_the_run_includes_them_or_not() -> None:
    work = draw({name: INVENTORY[name] for name in LIMIT}, INVENTORY, {})
    found = [(one["unique_name"], one["hosts"], one["team"]) for one in work["applications"]]
    assert found == [
        ("a", ["a1", "a2"], ["a1", "outside", "a2", "wrong"]), ("b", ["b1"], ["b1"]),
        ("a", ["elsewhere"], ["elsewhere"]),
    ]


def test_a_host_that_is_not_planned_is_awaited_and_keeps_nobody() -> None:
    work = draw(INVENTORY, INVENTORY, {})
    assert work["hosts"]["wrong"]["failed"]
    found = next(one for one in work["applications"] if "a1" in one["hosts"])
    assert (found["hosts"], found["team"]) == (["a1", "outside", "a2"], ["a1", "outside", "a2", "wrong"])
