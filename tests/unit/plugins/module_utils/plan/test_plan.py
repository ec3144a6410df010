# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator may ask for, what it comes to, and what is refused in which words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import connection_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Table
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan import plan as _plan
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import MAIL_ENTRA, MAIL_EXCHANGE

GUID = "0f0e0d0c-1111-2222-3333-444455556666"


def graph() -> dict[str, Any]:
    return {
        "mail_product": "ici",
        "mail_environment": "test",
        "mail_app": {"unique_name": "contracts-test", "name": "Contracts (test)"},
        "mail_send": {"transport": "graph", "from": "contracts@contoso.example", "display_name": "Contracts"},
        "mail_receive": None,
        "mail_ici": {"config_file": "/srv/ici.json"},
        "mail_entra": {"tenant_id": GUID},
        "mail_verify": {
            "recipient": "probe@contoso.example",
            "receive": {"transport": "imap", "client_id": GUID, "client_secret": "reader s3cret"},
        },
    }


def smtp() -> dict[str, Any]:
    return {
        "mail_product": "ici",
        "mail_environment": "test",
        "mail_send": {
            "transport": "smtp", "host": "relay.contoso.example", "password": "relay s3cret",
            "from": "contracts@contoso.example",
        },
        "mail_ici": {"config_file": "/srv/ici.json"},
    }


def changed(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy in which the values at dotted paths are others; ... takes one away."""
    result = copy.deepcopy(settings)
    for path, value in changes.items():
        *above, name = path.split(".")
        place = result
        for step in above:
            place = place.setdefault(step, {})
        if value is ...:
            del place[name]
        else:
            place[name] = value
    return result


def test_graph_needs_one_permission_and_the_key_of_that_provider() -> None:
    plan = _plan.make(graph())
    [application] = plan["applications"]
    assert application["permissions"] == [
        {"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": []}
    ]
    assert plan["targets"][0]["settings"] == {
        "provider": "GRAPH",
        "configuration": {
            "TenantId": {"fact": "tenant_id"}, "ClientId": {"fact": "client_id"},
            "ClientSecret": {"secret": "client_secret"}, "EmailId": "contracts@contoso.example", "Name": "Contracts",
        },
    }
    assert application["secret"] == {"lifetime": "180d", "renew_within": "30d"}
    assert plan["checks"][0]["send"]["client_secret"] == {"secret": "client_secret"}
    assert plan["checks"][0]["receive"]["tenant_id"] == {"fact": "tenant_id"}


def test_mailkit_needs_no_application_and_keeps_the_vendors_types() -> None:
    plan = _plan.make(smtp())
    assert plan["applications"] == []
    assert plan["targets"][0]["settings"] == {
        "provider": "MAILKIT",
        "configuration": {
            "SecureSocketOptions": 3, "EmailUserName": "apikey", "EmailPassword": {"secret": "mail_send.password"},
            "EmailServer": "relay.contoso.example", "EmailServer.Port": "2525", "UseDefaultEmailFromAddress": True,
            "EmailFromAddress": "contracts@contoso.example",
        },
    }


@pytest.mark.parametrize(
    ("tls", "number"), [("none", 0), ("auto", 1), ("implicit", 2), ("starttls", 3), ("starttls_optional", 4)]
)
def test_tls_is_mailkits_number(tls: str, number: int) -> None:
    plan = _plan.make(changed(smtp(), {"mail_send.tls": tls}))
    assert plan["targets"][0]["settings"]["configuration"]["SecureSocketOptions"] == number


@pytest.mark.parametrize(
    ("settings", "changes", "override"),
    [
        (graph(), {"mail_send.override": "one@contoso.example"}, "one@contoso.example"),
        (graph(), {"mail_send.override": "None"}, "None"),
        (smtp(), {"mail_send.override": "None"}, None),
        (smtp(), {"mail_send.override": ["a@b.example", "c@d.example"], "mail_ici.override_separator": ";"},
         "a@b.example;c@d.example"),
    ],
)
def test_override(settings: dict[str, Any], changes: dict[str, Any], override: str | None) -> None:
    configuration = _plan.make(changed(settings, changes))["targets"][0]["settings"]["configuration"]
    assert configuration.get("EmailOverride") == override


def test_the_proof_is_looked_for_where_all_mail_goes() -> None:
    plan = _plan.make(changed(graph(), {"mail_send.override": "tester@contoso.example"}))
    [check] = plan["checks"]
    assert (check["to"], check["override"]) == ("probe@contoso.example", ["tester@contoso.example"])
    assert check["receive"]["mailbox"] == plan["reader"] == "tester@contoso.example"


def test_the_sender_is_the_user_when_it_is_not_fixed() -> None:
    changes = {"mail_send.from": ..., "mail_send.username": "user@contoso.example", "mail_send.use_default_from": "no"}
    plan = _plan.make(changed(smtp(), changes))
    configuration = plan["targets"][0]["settings"]["configuration"]
    assert configuration["UseDefaultEmailFromAddress"] is False
    assert "EmailFromAddress" not in configuration


def test_an_encrypted_secret_goes_to_the_server_and_the_plain_one_to_the_check() -> None:
    plan = _plan.make(changed(graph(), {"mail_ici.encrypt_command": ["ici-encrypt", "--stdin"]}))
    configuration = plan["targets"][0]["settings"]["configuration"]
    assert configuration["ClientSecret"] == {"secret": "encrypted_client_secret"}
    assert plan["encryption"] == {"command": ["ici-encrypt", "--stdin"]}
    assert plan["checks"][0]["send"]["client_secret"] == {"secret": "client_secret"}


def test_further_permissions_are_merged() -> None:
    further = [
        {"resource": "Microsoft Graph", "application": ["Mail.Send", "Mail.Read"]},
        {"resource": GUID, "delegated": "x"},
    ]
    [application] = _plan.make(changed(graph(), {"mail_app.permissions": further}))["applications"]
    assert application["permissions"] == [
        {"resource": "Microsoft Graph", "application": ["Mail.Send", "Mail.Read"], "delegated": []},
        {"resource": GUID, "application": [], "delegated": ["x"]},
    ]


@pytest.mark.parametrize("settings", [graph(), smtp()])
def test_a_plan_holds_no_secret_but_names_each(settings: dict[str, Any]) -> None:
    secrets = _plan.secrets_of(settings)
    assert all("s3cret" in secret for secret in secrets.values())
    plan = json.dumps(_plan.make(settings))
    assert "s3cret" not in plan
    assert all(f'{{"secret": "{name}"}}' in plan for name in secrets)


@pytest.mark.parametrize(
    ("settings", "changes", "problem"),
    [
        (graph(), {"mail_product": "icy"},
         "mail_product: 'icy' is not one of cmo, ici, integration_server, team_assistant, xcally; did you mean ici?"),
        (graph(), {"mail_product": None}, "mail_product: is required"),
        (graph(), {"mail_environment": "../x"}, "mail_environment: '../x' is no word"),
        (graph(), {"mail_sned": {}}, "mail_sned: unknown; did you mean mail_send?"),
        (graph(), {"mail_send": "x"}, "mail_send: is no dictionary of transport,"),
        (graph(), {"mail_send.form": "x"}, "mail_send.form: unknown; did you mean from?"),
        (graph(), {"mail_send.from": "contracts"}, "mail_send.from: 'contracts' is no e-mail address"),
        (graph(), {"mail_send.from": ...}, "mail_send.from: is required; ici sends through graph"),
        (graph(), {"mail_send.transport": "imap"}, "mail_send.transport: 'imap' is not one of graph, smtp"),
        (graph(), {"mail_send.authentication": "basic"},
         "mail_send.authentication: 'basic' is not possible with ici over graph; use oauth2"),
        (graph(), {"mail_send.grant": "authorization_code"},
         "mail_send.grant: 'authorization_code' is not possible with ici; use client_credentials"),
        (graph(), {"mail_send.tls": "starttls"}, "mail_send.tls: is not used with transport graph"),
        (graph(), {"mail_send.override": ["a@b.example", "c@d.example"]},
         "mail_send.override: ici over graph takes one"),
        (graph(), {"mail_environment": "PROD", "mail_send.override": "a@b.example"},
         "mail_send.override: would send all mail of PROD to a@b.example; remove it"),
        (graph(), {"mail_receive": {}}, "mail_receive: ici only sends; remove it"),
        (graph(), {"mail_ici": None}, "mail_ici: is required"),
        (graph(), {"mail_ici.config_file": ...}, "mail_ici.config_file: is required"),
        (graph(), {"mail_ici.encrypt_command": ["x"], "mail_ici.encrypted_secret": {"key_id": GUID, "value": "x"}},
         "mail_ici.encrypted_secret: excludes mail_ici.encrypt_command"),
        (graph(), {"mail_app": ...}, "mail_app: is required"),
        (graph(), {"mail_app.secret": {"lifetime": "1 year"}}, "mail_app.secret.lifetime: '1 year' is no duration"),
        (graph(), {"mail_app.secret": {"lifetime": "2w", "renew_within": "14d"}},
         "mail_app.secret.renew_within: 14d is not shorter than the lifetime, 2w"),
        (graph(), {"mail_app.permissions": [{"application": ["Mail.Send"]}]},
         "mail_app.permissions[0].resource: is required"),
        (graph(), {"mail_app.permissions": {"resource": "x"}}, "mail_app.permissions: is no list"),
        (graph(), {"mail_entra.client_secret": GUID}, "mail_entra.client_secret: looks like the secret's ID"),
        (graph(), {"mail_entra.tenent_id": GUID}, "mail_entra.tenent_id: unknown; did you mean tenant_id?"),
        (graph(), {"mail_entra.cloud": "mars"}, "mail_entra.cloud: 'mars' is not one of global"),
        (graph(), {"mail_verify.receive.client_secret": GUID},
         "mail_verify.receive.client_secret: looks like the secret's ID"),
        (graph(), {"mail_verify.receive.client_secret": ""}, "mail_verify.receive.client_secret: is empty"),
        (graph(), {"mail_verify.receive.client_secret": ...}, "mail_verify.receive.client_secret: is required, or"),
        (graph(), {"mail_verify.receive.transport": "graph", "mail_verify.receive.authentication": "basic"},
         "mail_verify.receive.authentication: 'basic' is not possible with graph; use oauth2"),
        (graph(), {"mail_verify.receive": {"transport": "pop3", "authentication": "basic", "username": "x"}},
         "mail_verify.receive.password: is required with authentication basic"),
        (graph(), {"mail_verify.receive.transport": "graph", "mail_verify.receive.port": 993},
         "mail_verify.receive.port: is not used with transport graph"),
        (graph(), {"mail_verify.timeout": 0}, "mail_verify.timeout: 0 is not between 1 and 3600"),
        (graph(), {"mail_verify.cleanup": "perhaps"}, "mail_verify.cleanup: 'perhaps' is neither true nor false"),
        (smtp(), {"mail_send.tls": "ssl"},
         "mail_send.tls: 'ssl' is not one of none, auto, implicit, starttls, starttls_optional; did you mean "
         "implicit?"),
        (smtp(), {"mail_send.authentication": "oauth2"},
         "mail_send.authentication: 'oauth2' is not possible with ici over smtp"),
        (smtp(), {"mail_send.grant": "client_credentials"}, "mail_send.grant: ici over smtp has no OAuth"),
        (smtp(), {"mail_send.display_name": "x"}, "mail_send.display_name: is not used with transport smtp"),
        (smtp(), {"mail_send.host": ...}, "mail_send.host: is required with transport smtp"),
        (smtp(), {"mail_send.password": ""}, "mail_send.password: is empty"),
        (smtp(), {"mail_send.password": ["s3cret"]}, "mail_send.password: is no text"),
        (smtp(), {"mail_send.port": "70000"}, "mail_send.port: 70000 is not between 1 and 65535"),
        (smtp(), {"mail_send.port": "smtp"}, "mail_send.port: 'smtp' is no whole number"),
        (smtp(), {"mail_send.port": 465, "mail_send.tls": "starttls"},
         "mail_send.tls: 'starttls' is not possible with port 465"),
        (smtp(), {"mail_send.port": 465, "mail_send.tls": "none"},
         "mail_send.tls: 'none' is not possible with port 465"),
        (smtp(), {"mail_send.port": 465},
         "mail_send.tls: ici's default 'starttls' is not possible with port 465"),
        (smtp(), {"mail_send.port": 25, "mail_send.tls": "implicit"},
         "mail_send.tls: 'implicit' is not possible with port 25"),
        (graph(), {"mail_verify.receive.port": 993, "mail_verify.receive.tls": "starttls"},
         "mail_verify.receive.tls: 'starttls' is not possible with port 993"),
        (smtp(), {"mail_send.host": "smtp.partner.outlook.cn", "mail_send.tls": "starttls_optional"},
         "mail_send.tls: 'starttls_optional' is not possible with smtp.partner.outlook.cn; Microsoft 365 needs"),
        (graph(), {"mail_send.override": "a@b.example", "mail_verify.receive.mailbox": "probe@contoso.example"},
         "mail_verify.receive.mailbox: probe@contoso.example gets no mail"),
        (smtp(), {"mail_send.port": 587, "mail_send.tls": "implicit"},
         "mail_send.tls: 'implicit' is not possible with port 587"),
        (smtp(), {"mail_send.host": "smtp.office365.com", "mail_send.tls": "auto"},
         "mail_send.tls: 'auto' is not possible with smtp.office365.com; Microsoft 365 needs starttls"),
        (smtp(), {"mail_send.from": ..., "mail_send.use_default_from": True}, "mail_send.from: is required while"),
        (smtp(), {"mail_send.use_default_from": False}, "mail_send.from: is not used while"),
        (smtp(), {"mail_send.from": ...}, "mail_send.from: is required, since ici would send as the user"),
        (smtp(), {"mail_send.override": ["a@b.example", "c@d.example"]},
         "mail_send.override: several addresses need mail_ici.override_separator"),
        (smtp(), {"mail_ici.encrypt_command": ["x"]}, "mail_ici.encrypt_command: encrypts the application's secret"),
        (
            smtp(),
            {"mail_verify": {
                "recipient": "a@b.example", "receive": {"transport": "imap", "client_id": "x", "client_secret": "x"},
            }},
            "mail_verify.receive.tenant_id: is required",
        ),
    ],
)
def test_each_problem_is_named_once_by_its_path(
    settings: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    problems = _plan.examine(changed(settings, changes))[1]
    assert [found[: len(problem)] for found in problems] == [problem]
    assert "s3cret" not in str(problems)
    with pytest.raises(InputError, match=r".+"):
        _plan.make(changed(settings, changes))


def test_all_problems_come_at_once() -> None:
    changes = {"mail_send.tls": "ssl", "mail_send.host": ..., "mail_ici.config_file": "", "mail_environment": ...}
    assert {problem.partition(":")[0] for problem in _plan.examine(changed(smtp(), changes))[1]} == {
        "mail_send.tls", "mail_send.host", "mail_ici.config_file", "mail_environment",
    }


def planned(settings: dict[str, Any], store: str = "/srv/store.yml") -> dict[str, Any]:
    """A host's plan, with what its run adds."""
    return {**_plan.make(settings), "store": {"kind": "ansible_vault", "path": store}, "same_store": store}


def test_the_same_name_in_two_tenants_is_two_applications() -> None:
    plans = {
        tenant: planned(changed(graph(), {"mail_entra.tenant_id": tenant, "mail_environment": tenant}))
        for tenant in ("one", "two")
    }
    assert [plan["applications"][0]["name"] for plan in plans.values()] == ["one/contracts-test", "two/contracts-test"]
    assert _plan.conflicts(plans) == {}


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"mail_app.name": "Other"}, "mail_app.name"),
        ({"mail_app.secret": {"lifetime": "90d"}}, "mail_app.secret"),
        ({"mail_app.tags": ["x"]}, "mail_app.tags"),
        ({"mail_environment": "prod"}, "mail_environment"),
        ({"mail_app.permissions": [{"resource": "Microsoft Graph", "application": ["Mail.Read"]}]}, "permissions"),
    ],
)
def test_hosts_that_share_an_application_must_want_the_same_of_it(changes: dict[str, Any], variable: str) -> None:
    plans = {"one": planned(graph()), "none": planned(smtp()), "two": planned(changed(graph(), changes))}
    found = _plan.conflicts(plans)
    (conflict,) = found["one"]
    assert conflict.startswith(f"{variable}: one has ")
    assert "and two has " in conflict
    assert found == {"one": [conflict], "two": [conflict]}


def test_hosts_that_share_an_application_keep_it_in_one_store() -> None:
    found = _plan.conflicts({"one": planned(graph()), "two": planned(graph(), "/elsewhere/store.yml")})
    (conflict,) = found["one"]
    assert conflict.startswith("mail_store_path: one and two keep what they know of the application 'contracts-test'")
    assert "(ansible_vault /srv/store.yml and ansible_vault /elsewhere/store.yml)" in conflict


@pytest.mark.parametrize(
    ("table", "spec"),
    [
        (MAIL_ENTRA, connection_spec()), (MAIL_EXCHANGE, exchange_spec()),
        (MAIL_EXCHANGE["winrm"].keys, exchange_spec()["winrm"]["options"]),
    ],
)
def test_the_caller_may_set_what_the_modules_take(table: Table, spec: dict[str, Any]) -> None:
    assert {name: (key.secret, key.required) for name, key in table.items()} == {
        name: (bool(option.get("no_log")), option.get("required", False)) for name, option in spec.items()
    }


def test_what_follows_from_a_problem_is_not_another_one() -> None:
    changes = {"mail_verify": {"recipient": "probe@contoso.example", "recieve": {}}}
    assert {problem.partition(":")[0] for problem in _plan.examine(changed(graph(), changes))[1]} == {
        "mail_verify.recieve", "mail_verify.receive",
    }
