# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an application is granted in Entra and in Exchange, and how it is proved that it reaches nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan import plan as _plan

SMTP_SEND = {"resource": "Office 365 Exchange Online", "application": ["SMTP.SendAsApp"], "delegated": []}
TICKETS = "tickets@contoso.example"
TENANT = {"tenant_id": "0f0e0d0c-1111-2222-3333-444455556666"}
OWN = {
    "tenant_id": {"fact": "tenant_id"}, "client_id": {"fact": "client_id"},
    "client_secret": {"secret": "client_secret"},
}


def ici(**changes: Any) -> dict[str, Any]:
    return {
        "mail_product": "ici", "mail_environment": "test", "mail_app": {"unique_name": "c", "name": "C"},
        "mail_send": {"transport": "graph", "from": "contracts@contoso.example"},
        "mail_ici": {"config_file": "/srv/ici.json"}, "mail_entra": TENANT, **changes,
    }


def team_assistant(send: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "mail_product": "team_assistant", "mail_environment": "test", "mail_app": {"unique_name": "t", "name": "T"},
        "mail_send": {"transport": "smtp", "from": TICKETS, **(send or {})},
        "mail_team_assistant": {"backends": ["/srv/tas", "/srv/tas-cron"], "environment_file": ".env"},
        "mail_entra": TENANT, **changes,
    }


def exchange(unwanted: dict[str, list[str]] | None = None, **granted: Any) -> dict[str, Any]:
    return {
        "full_access": [], "send_as": [], "smtp_auth": [], "imap": [], "pop3": [], "scope": None, **granted,
        "unwanted": {"full_access": [], "send_as": [], "scope": [], **(unwanted or {})},
    }


def without(settings: dict[str, Any], variable: str, name: str) -> dict[str, Any]:
    changed = copy.deepcopy(settings)
    del changed[variable][name]
    return changed


# -- Team assistant ------------------------------------------------------------------------------------------------


def test_team_assistant_has_an_environment_and_a_local_js_for_each_backend() -> None:
    files = _plan.make(team_assistant())["targets"]
    assert [(file["path"], file["format"], file.get("mode")) for file in files] == [
        ("/srv/tas/.env", "environment", "0600"), ("/srv/tas-cron/.env", "environment", "0600"),
        ("/srv/tas/local.js", "commonjs", None), ("/srv/tas-cron/local.js", "commonjs", None),
    ]
    assert files[0]["settings"] == {
        "TAS_SMTP_AUTH_USER": TICKETS, "TAS_SMTP_OAUTH_TENANT_ID": {"fact": "tenant_id"},
        "TAS_SMTP_OAUTH_CLIENT_ID": {"fact": "client_id"}, "TAS_SMTP_OAUTH_CLIENT_SECRET": {"secret": "client_secret"},
    }
    assert files[2]["settings"] == files[3]["settings"] == {
        "mail": {
            "smtp": {
                "type": "oauth2", "host": "smtp.office365.com", "port": 587,
                "auth": {"user": {"environment": "TAS_SMTP_AUTH_USER"}, "pass": None, "password": None},
                "oauth2": {
                    "host": [
                        "https://login.microsoftonline.com/", {"environment": "TAS_SMTP_OAUTH_TENANT_ID"},
                        "/oauth2/v2.0/token",
                    ],
                    "grantType": "client_credentials",
                    "clientId": {"environment": "TAS_SMTP_OAUTH_CLIENT_ID"},
                    "clientSecret": {"environment": "TAS_SMTP_OAUTH_CLIENT_SECRET"},
                    "scope": "https://outlook.office365.com/.default",
                },
            },
            "from": TICKETS,
        },
    }


def test_backends_may_share_an_environment() -> None:
    extras = {"backends": ["/srv/a", "/srv/b"], "environment_file": "/etc/tas/environment", "owner": "tas"}
    files = _plan.make(team_assistant(mail_team_assistant=extras))["targets"]
    assert [(file["path"], file.get("owner")) for file in files] == [
        ("/etc/tas/environment", "tas"), ("/srv/a/local.js", None), ("/srv/b/local.js", None),
    ]


@pytest.mark.parametrize(
    ("entra", "host", "token_host", "scope"),
    [
        ({"cloud": "us_government"}, "smtp.office365.us", "https://login.microsoftonline.us/",
         "https://outlook.office365.us/.default"),
        ({"cloud": "us_government_dod"}, "outlook-dod.office365.us", "https://login.microsoftonline.us/",
         "https://outlook-dod.office365.us/.default"),
        ({"cloud": "china"}, "smtp.partner.outlook.cn", "https://login.partner.microsoftonline.cn/",
         "https://partner.outlook.cn/.default"),
        ({"authority_host": "login.example:8443"}, "smtp.office365.com", "https://login.example:8443/",
         "https://outlook.office365.com/.default"),
    ],
)
def test_each_cloud_has_its_own_addresses(entra: dict[str, str], host: str, token_host: str, scope: str) -> None:
    plan = _plan.make(team_assistant(mail_entra={**TENANT, **entra}))
    smtp = plan["targets"][2]["settings"]["mail"]["smtp"]
    assert (smtp["host"], smtp["oauth2"]["host"][0], smtp["oauth2"]["scope"]) == (host, token_host, scope)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (team_assistant({"transport": "graph"}),
         "mail_send.transport: 'graph' is not possible with team_assistant; use smtp"),
        (team_assistant({"authentication": "basic"}),
         "mail_send.authentication: 'basic' is not possible with team_assistant; use oauth2"),
        (team_assistant({"grant": "authorization_code"}),
         "mail_send.grant: 'authorization_code' is not possible with team_assistant; use client_credentials"),
        (team_assistant({"tls": "implicit"}),
         "mail_send.tls: 'implicit' is not possible with team_assistant; use starttls"),
        (team_assistant({"port": 465}), "mail_send.port: 465 starts with TLS"),
        (team_assistant({"password": "x"}), "mail_send.password: is not used with team_assistant"),
        (team_assistant({"override": "a@b.example"}), "mail_send.override: is not used with team_assistant"),
        (team_assistant({"username": "tickets"}), "mail_send.username: 'tickets' is no e-mail address"),
        (without(team_assistant(), "mail_send", "from"), "mail_send.from: is required"),
        (team_assistant(mail_receive={}), "mail_receive: team_assistant only sends; remove it"),
        (team_assistant({"host": "a.example"}, mail_entra={**TENANT, "cloud": "custom"}),
         "mail_entra.cloud: custom needs both authority_host and"),
        (team_assistant(mail_entra={
            **TENANT, "cloud": "custom", "authority_host": "https://a.example", "graph_endpoint": "https://b.example",
        }), "mail_send.host: is required with mail_entra.cloud: custom"),
        (team_assistant(mail_team_assistant=None), "mail_team_assistant: is required"),
        (without(team_assistant(), "mail_team_assistant", "backends"), "mail_team_assistant.backends: is required"),
        *[
            (team_assistant(mail_team_assistant={"backends": "/a", "environment_file": "e", "version": version}),
             f"mail_team_assistant.version: {words}")
            for version, words in (
                ("5.7.9", "5.7.9 has no OAuth; 5.7.10 is the first that has"), ("5.7", "5.7 has no OAuth"),
                ("five", "'five' is no version"),
            )
        ],
    ],
)
def test_what_team_assistant_cannot_do(settings: dict[str, Any], problem: str) -> None:
    problems = _plan.examine(settings)[1]
    assert [found[: len(problem)] for found in problems] == [problem]


@pytest.mark.parametrize("version", ["5.7.10", "5.8", "6"])
def test_versions_that_know_oauth(version: str) -> None:
    extras = {"backends": "/a", "environment_file": "e", "version": version}
    assert _plan.examine(team_assistant(mail_team_assistant=extras))[1] == []


# -- rights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "permissions", "granted"),
    [
        (ici(), [{"resource": "Microsoft Graph", "application": ["Mail.Send"], "delegated": []}], None),
        (ici(mail_access={"scope": "mailboxes"}), [], exchange(
            scope={"roles": ["Application Mail.Send"], "mailboxes": ["contracts@contoso.example"]},
        )),
        (team_assistant(), [SMTP_SEND], exchange({"scope": [TICKETS]}, full_access=[TICKETS], smtp_auth=[TICKETS])),
        (team_assistant({"username": "robot@contoso.example"}), [SMTP_SEND], exchange(
            {"scope": ["robot@contoso.example", TICKETS]},
            full_access=["robot@contoso.example"], smtp_auth=["robot@contoso.example"], send_as=[TICKETS],
        )),
        (team_assistant(mail_access={"model": "rbac"}), [], exchange(
            {"full_access": [TICKETS]},
            smtp_auth=[TICKETS], scope={"roles": ["Application SMTP.SendAsApp"], "mailboxes": [TICKETS]},
        )),
        (team_assistant({"username": "robot@contoso.example"}, mail_access={"model": "rbac"}), [], exchange(
            {"full_access": ["robot@contoso.example"], "send_as": [TICKETS]},
            smtp_auth=["robot@contoso.example"],
            scope={"roles": ["Application SMTP.SendAsApp"], "mailboxes": ["robot@contoso.example", TICKETS]},
        )),
    ],
)
def test_what_is_granted_where(
    settings: dict[str, Any], permissions: list[dict[str, Any]], granted: dict[str, Any] | None
) -> None:
    [application] = _plan.make(settings)["applications"]
    assert (application["permissions"], application["exchange"]) == (permissions, granted)
    assert application["exclusive"] is bool(granted and granted["scope"])


def test_a_scope_takes_all_of_graphs_mail_out_of_entra() -> None:
    further = [
        {"resource": "Microsoft Graph", "application": ["Mail.Read", "User.Read.All"]},
        {"resource": "x", "delegated": ["y"]},
    ]
    settings = ici(
        mail_access={"scope": "mailboxes"}, mail_app={"unique_name": "c", "name": "C", "permissions": further}
    )
    [application] = _plan.make(settings)["applications"]
    assert application["permissions"] == [
        {"resource": "Microsoft Graph", "application": ["User.Read.All"], "delegated": []},
        {"resource": "x", "application": [], "delegated": ["y"]},
    ]
    assert application["exchange"]["scope"]["roles"] == ["Application Mail.Send", "Application Mail.Read"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (ici(mail_access={"model": "rbac"}), "mail_access.model: is about SMTP with OAuth; for Microsoft Graph use"),
        (team_assistant(mail_access={"scope": "mailboxes"}), "mail_access.scope: is about Microsoft Graph; by SMTP"),
        (team_assistant(mail_access={"model": "acl"}), "mail_access.model: 'acl' is not one of permissions, rbac"),
    ],
)
def test_what_does_not_fit(settings: dict[str, Any], problem: str) -> None:
    assert [found[: len(problem)] for found in _plan.examine(settings)[1]] == [problem]


def test_hosts_that_share_an_application_name_the_same_mailboxes() -> None:
    same = {"same_store": "x"}
    plans = {
        "one": _plan.make(team_assistant()) | same,
        "two": _plan.make(team_assistant({"from": "other@contoso.example"})) | same,
    }
    found = _plan.conflicts(plans)
    (conflict,) = found["one"]
    assert conflict.startswith("exchange: one has ")
    assert found["two"] == [conflict]


# -- checks --------------------------------------------------------------------------------------------------------


def verify(transport: str = "imap", **further: Any) -> dict[str, Any]:
    server = {} if transport == "graph" else {"host": "mail.example", "port": 1993, "tls": "implicit"}
    receive = {"transport": transport, **server, "client_id": "reader", "client_secret": "s3cret"}
    wanted = {"recipient": "probe@contoso.example", "receive": receive, "refused_mailbox": "ceo@contoso.example"}
    return wanted | further


def test_a_foreign_mailbox_is_refused_in_every_way() -> None:
    checks = _plan.make(team_assistant({"host": "smtp.example"}, mail_verify=verify()))["checks"]
    assert "expect" not in checks[0]
    assert checks[1:] == [
        {
            "name": "ceo@contoso.example is refused by smtp", "expect": "refused",
            "proves": "mailbox", "patience": 1800, "from": "ceo@contoso.example", "to": "probe@contoso.example",
            "send": {
                "transport": "smtp", "authentication": "oauth2", "host": "smtp.example", "port": 587, "tls": "starttls",
                "mailbox": "ceo@contoso.example", **OWN,
            },
        },
        {
            "name": "ceo@contoso.example is refused by graph", "expect": "refused",
            "proves": "permission", "patience": 1800, "from": "ceo@contoso.example", "to": "probe@contoso.example",
            "send": {"transport": "graph", "mailbox": "ceo@contoso.example", **OWN},
        },
        {
            "name": "ceo@contoso.example is not shown by imap", "expect": "refused", "proves": "permission",
            "patience": 1800,
            "receive": {
                "transport": "imap", "host": "mail.example", "port": 1993, "tls": "implicit",
                "authentication": "oauth2", "mailbox": "ceo@contoso.example", **OWN,
            },
        },
    ]


def test_with_a_scope_graph_is_refused_as_well() -> None:
    plan = _plan.make(ici(mail_access={"scope": "mailboxes"}, mail_verify=verify("graph")))
    assert [(check["name"], check["proves"]) for check in plan["checks"][1:]] == [
        ("ceo@contoso.example is refused by graph", "mailbox"),
        ("ceo@contoso.example is not shown by graph", "permission"),
    ]
    assert plan["foreign"] == "ceo@contoso.example"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ici(mail_verify=verify()), "the application reaches ceo@contoso.example as every other mailbox"),
        (team_assistant(mail_verify=verify(refused_mailbox=TICKETS.upper())), "is one that the application may use"),
    ],
)
def test_a_mailbox_that_would_not_be_refused(settings: dict[str, Any], words: str) -> None:
    (problem,) = _plan.examine(settings)[1]
    assert problem.startswith("mail_verify.refused_mailbox: ")
    assert words in problem


def test_without_an_application_nothing_can_be_refused() -> None:
    relay = ici(
        mail_send={"transport": "smtp", "host": "relay.example", "password": "p", "from": "a@b.example"},
        mail_access={"scope": "mailboxes"}, mail_verify=verify() | {
            "receive": {"transport": "graph", "tenant_id": "t", "client_id": "c", "client_secret": "s"},
        },
    )
    plan = _plan.make(relay)
    assert (len(plan["checks"]), plan["applications"]) == (1, [])
