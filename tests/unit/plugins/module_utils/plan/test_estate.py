# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the plans of all hosts to the work of a run."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw

TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
STORE = {"kind": "ansible_vault", "path": "/srv/store.yml"}
SHARED = {"mail_entra": {"tenant_id": TENANT, "client_secret": "callers~s3cret"}}


def product(unique_name: str = "contracts", **more: Any) -> Host:
    """A host of ICI that sends through Graph."""
    return Host({
        **SHARED, "mail_product": "ici", "mail_environment": "test",
        "mail_app": {"unique_name": unique_name, "name": unique_name.title()},
        "mail_send": {"transport": "graph", "from": "contracts@contoso.example"},
        "mail_ici": {"config_file": "/srv/ici.json"},
        "mail_verify": {"recipient": "probe@contoso.example", "receive": {
            "transport": "graph", "client_id": "reader", "client_secret": "readers~s3cret",
        }},
        **more,
    }, store=STORE, same_store=STORE)


def drawn(hosts: dict[str, Host], further: dict[str, Host] | None = None, **environment: str) -> dict[str, Any]:
    """The work of a run on hosts of an inventory that has further ones."""
    work: dict[str, Any] = draw(hosts, {**hosts, **(further or {})}, environment)
    return work


def test_an_application_is_there_once_with_those_of_the_run_and_all_that_use_it() -> None:
    work = drawn({"a": product(), "b": product("other"), "c": product()}, {"d": product()})
    assert [(one["name"], one["hosts"], one["team"]) for one in work["applications"]] == [
        (f"{TENANT}/contracts", ["a", "c"], ["a", "c", "d"]), (f"{TENANT}/other", ["b"], ["b"]),
    ]
    assert list(work["hosts"]) == ["a", "b", "c"]
    assert [check["host"] for check in work["deliveries"]] == ["a", "b", "c"]


def test_who_else_uses_an_application_changes_nothing_of_what_it_is_for_the_hosts_of_the_run() -> None:
    alone, among = drawn({"a": product()}), drawn({"a": product()}, {"d": product(), "e": product("other")})
    [one], [other] = alone.pop("applications"), among.pop("applications")
    assert (one.pop("team"), other.pop("team")) == (["a"], ["a", "d"])
    assert one == other
    assert (alone.pop("stores")[0]["applications"], among.pop("stores")[0]["applications"]) == (
        ["contracts"], ["contracts", "other"],
    )
    assert alone == among


def test_the_work_holds_no_secret_but_says_where_it_is() -> None:
    work = drawn({"a": product()})
    assert "s3cret" not in json.dumps(work)
    [application] = work["applications"]
    assert application["entra"]["client_secret"] == {"variable": "mail_entra.client_secret", "host": "a"}


def test_a_host_that_only_knows_what_all_hosts_know_is_left_out() -> None:
    hosts = {
        "bare": Host({}), "shared": Host({**SHARED, "mail_hosts": "x", "mail_verify_through": "imap"}),
        "broken": Host({}, ("mail_store_path: cannot be told, since 'mail_environment' is undefined",)),
        "localhost": Host({**SHARED, "mail_send": {}}), "a": product(),
    }
    work = drawn(hosts)
    assert work["left_out"] == ["bare", "shared", "broken", "localhost"]
    assert list(work["hosts"]) == ["a"]


def test_who_forgot_the_product_is_told() -> None:
    work = drawn({"a": Host({**product().variables, "mail_product": None})})
    assert work["left_out"] == []
    assert work["hosts"]["a"]["msg"] == "mail_product: is required"


def test_what_cannot_be_told_is_said_once() -> None:
    known = {name: value for name, value in product().variables.items() if name != "mail_entra"}
    work = drawn({"a": Host(known, ("mail_entra: cannot be told, since there is no such file",))})
    assert work["hosts"]["a"]["msg"] == "mail_entra: cannot be told, since there is no such file"


def test_a_misspelt_variable_is_told_with_the_nearest() -> None:
    wrong = {"mail_verfy": {}, "mail_backupp": True, "mail_sned": {}, "mail_host": "x", "mail_domain": "x"}
    work = drawn({"a": product(**wrong), "b": product("other")})
    assert work["hosts"]["a"]["msg"].splitlines() == [
        f"{name}: unknown; did you mean {nearest}?" for name, nearest in (
            ("mail_verfy", "mail_verify"), ("mail_backupp", "mail_backup"), ("mail_sned", "mail_send"),
        )
    ]
    assert (work["hosts"]["b"]["failed"], [one["name"] for one in work["applications"]]) == (False, [f"{TENANT}/other"])


def test_what_the_environment_says_is_in_the_plan_unless_the_host_says_it() -> None:
    said = {"AZURE_TENANT_ID": "from~environment", "AZURE_AUTHORITY_HOST": "https://login.example"}
    work = drawn({"a": product(), "b": product("other", mail_entra={})}, **said)
    assert [one["name"] for one in work["applications"]] == [f"{TENANT}/contracts", "from~environment/other"]
    assert {check["authority_host"] for check in work["deliveries"]} == {"https://login.example"}
    assert work["applications"][1]["entra"]["authority_host"] == "https://login.example"


def test_a_check_takes_no_token_from_a_cache() -> None:
    work = drawn({"a": product(mail_entra={**SHARED["mail_entra"], "token_cache": "/tokens", "cloud": "china"})})
    [check] = work["deliveries"]
    assert (check["cloud"], "token_cache" in check) == ("china", False)
    assert work["applications"][0]["entra"]["token_cache"] == "/tokens"


def test_what_is_wrong_between_hosts_ends_both_and_nobody_else() -> None:
    work = drawn({"a": product(), "b": product(mail_environment="prod"), "c": product("other")})
    assert [host for host, verdict in work["hosts"].items() if verdict["failed"]] == ["a", "b"]
    assert [one["hosts"] for one in work["applications"]] == [["c"]]


# -- several applications of a host ----------------------------------------------------------------------------------


def several(reads: str = "reads", **more: Any) -> Host:
    """A host of CMO, one application of which sends, and another one reads."""
    return Host({
        **SHARED, "mail_product": "cmo", "mail_environment": "test",
        "mail_app": {"unique_name": "sends", "name": "Sends"}, "mail_apps": [{"unique_name": reads, "name": "Reads"}],
        "mail_send": {"transport": "graph", "from": "cmo@contoso.example"},
        "mail_receive": {"transport": "graph", "mailbox": "in@contoso.example", "app": reads},
        "mail_cmo": {"path": "/srv/web.config", "integration_type": "Confidential"}, **more,
    }, store=STORE, same_store=STORE)


def test_each_of_a_hosts_applications_is_there_with_all_that_share_it() -> None:
    other = several("others", mail_receive={"transport": "graph", "mailbox": "b@contoso.example", "app": "others"})
    work = drawn({"a": several(), "b": other, "c": several()})
    assert [(one["unique_name"], one["hosts"], one["users"]) for one in work["applications"]] == [
        ("sends", ["a", "b", "c"], ["cmo@contoso.example"]), ("reads", ["a", "c"], ["in@contoso.example"]),
        ("others", ["b"], ["b@contoso.example"]),
    ]
    assert work["stores"][0]["applications"] == ["others", "reads", "sends"]


def test_hosts_that_share_an_application_may_name_different_users() -> None:
    other = several(mail_receive={"transport": "graph", "mailbox": "b@contoso.example", "app": "reads"})
    [_sends, reads] = drawn({"a": several(), "b": other})["applications"]
    assert reads["users"] == ["in@contoso.example", "b@contoso.example"]


def test_references_and_mails_name_the_application_that_is_meant() -> None:
    work = drawn({"a": several(mail_verify=product().variables["mail_verify"])})
    settings = work["hosts"]["a"]["targets"][0]["settings"]
    assert [
        settings[f"Mail.{name}.Microsoft365.ConfidentialApp.Secret"]["application"] for name in ("Sending", "Receiving")
    ] == [f"{TENANT}/sends", f"{TENANT}/reads"]
    _sent, received = work["deliveries"]
    assert (received["application"], received["send"]["client_id"], received["receive"]["client_id"]) == (
        None, {"fact": "client_id", "application": f"{TENANT}/sends"},
        {"fact": "client_id", "application": f"{TENANT}/reads"},
    )


def test_a_difference_about_one_of_several_names_its_variable() -> None:
    other = several(mail_apps=[{"unique_name": "reads", "name": "Reads", "notes": "x"}])
    said = drawn({"a": several(), "b": other})["hosts"]["a"]["msg"]
    assert said.startswith("mail_apps[0].notes: a has None and b has 'x', but both share the application 'reads'; give")
