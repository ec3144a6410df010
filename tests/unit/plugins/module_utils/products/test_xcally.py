# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an operator may ask of XCALLY Motion, what it comes to, and what is refused in which words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan import plan as _plan
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw

TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
URL = "https://motion.contoso.example"
CALLBACK = "/api/cloudProviders/oauth2/microsoft/callback"


def own() -> dict[str, Any]:
    """An account with a mailbox of its own."""
    return {
        "mail_product": "xcally",
        "mail_environment": "test",
        "mail_app": {"unique_name": "support-test", "name": "Support (test)"},
        "mail_send": {"transport": "smtp", "from": "support-test@contoso.example"},
        "mail_receive": {"transport": "imap"},
        "mail_xcally": {
            "url": URL, "authentication": {"username": "admin", "password": "m0tion s3cret"}, "key": "SUPT", "list": 4,
        },
        "mail_entra": {"tenant_id": TENANT},
    }


def shared() -> dict[str, Any]:
    """One with a shared mailbox."""
    return changed(own(), {
        "mail_environment": "prod", "mail_app": {"unique_name": "support-prod", "name": "Support"},
        "mail_send.from": "support@contoso.example", "mail_xcally.key": "SUPP", "mail_xcally.shared_mailbox": True,
        "mail_xcally.delegate": "agent@contoso.example",
    })


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


def settings_of(given: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands in the targets."""
    return [one["settings"] for one in _plan.make(given)["targets"]]


def test_an_account_is_a_cloud_provider_and_an_account_that_has_it() -> None:
    provider, account = _plan.make(own())["targets"]
    assert provider["url"] == f"{URL}/api/cloudProviders"
    assert provider["settings"] == {
        "name": "Support (test)", "service": "Microsoft Azure", "type": "Outlook365",
        "applicationId": {"fact": "client_id"}, "tenantId": {"fact": "tenant_id"},
        "clientSecret": {"secret": "client_secret"}, "redirectUri": f"{URL}{CALLBACK}",
    }
    assert provider["secret_fields"] == ["clientSecret"]
    assert provider["listed"] == {"rows": "rows", "id": "id", "by": {"name": "Support (test)"}}
    assert account["url"] == f"{URL}/api/mail/accounts"
    assert account["settings"] == {
        "name": "Support (test)", "key": "SUPT", "email": "support-test@contoso.example", "ListId": 4, "active": True,
        "service": "Outlook365", "modernAuthentication": True, "user": "support-test@contoso.example",
        "CloudProviderId": {"object": provider["name"], "field": "id"}, "modernAuthenticationEmail": None,
    }
    assert account["listed"]["by"] == {"key": "SUPT"}
    assert [one["update"] for one in (provider, account)] == ["PUT", "PUT"]


def test_a_person_signs_in_for_the_account_before_a_mail_travels() -> None:
    plan = _plan.make(own())
    provider = plan["targets"][0]
    assert provider["sign_in"] == {
        "what": "the cloud provider", "account": "support-test@contoso.example", "field": "authenticated",
        "since_field": "authenticatedAt",
        "do": f"Open {URL}, sign in as an administrator of Motion, go to the cloud provider Support (test), press "
        "Authenticate, and sign in to Microsoft as support-test@contoso.example.",
    }


def test_a_shared_mailbox_is_opened_by_its_delegate() -> None:
    provider, account = _plan.make(shared())["targets"]
    assert account["settings"]["email"] == account["settings"]["user"] == "support@contoso.example"
    assert account["settings"]["modernAuthenticationEmail"] == "agent@contoso.example"
    assert provider["sign_in"]["account"] == "agent@contoso.example"
    assert "sign in to Microsoft as agent@contoso.example" in provider["sign_in"]["do"]


def test_the_application_is_a_confidential_client_for_people() -> None:
    [application] = _plan.make(own())["applications"]
    assert application["permissions"] == [
        {
            "resource": "Office 365 Exchange Online", "application": [],
            "delegated": ["IMAP.AccessAsUser.All", "SMTP.Send"],
        },
        {
            "resource": "Microsoft Graph", "application": [],
            "delegated": ["email", "offline_access", "openid", "profile"],
        },
    ]
    assert f"{URL}{CALLBACK}" in application["redirect_uris"]["web"]
    assert application["credential"] == "client_secret"
    switches = {name: application["exchange"][name] for name in ("smtp_auth", "imap", "full_access", "send_as")}
    assert switches == {
        "smtp_auth": ["support-test@contoso.example"], "imap": ["support-test@contoso.example"], "full_access": [],
        "send_as": [],
    }


def test_a_redirect_uri_that_browsers_know_may_be_another_address() -> None:
    public = f"https://service.contoso.example{CALLBACK}"
    plan = _plan.make(changed(own(), {"mail_xcally.redirect_uri": public}))
    assert plan["targets"][0]["settings"]["redirectUri"] == public
    assert public in plan["applications"][0]["redirect_uris"]["web"]
    assert f"{URL}{CALLBACK}" not in plan["applications"][0]["redirect_uris"]["web"]


def test_what_the_fields_are_called_can_be_overridden() -> None:
    plan = _plan.make(changed(own(), {
        "mail_xcally.cloud_provider": {
            "name": "Azure", "path": "/api/providers",
            "fields": {"client_secret": "data3", "name": "label", "authenticated": "token.valid"},
            "settings": {"service": "azure", "region": "eu"},
        },
        "mail_xcally.email_account": {"fields": {"list": "listId", "key": "shortKey"}},
    }))
    provider, account = plan["targets"]
    assert provider["url"] == f"{URL}/api/providers"
    assert provider["settings"] == {
        "label": "Azure", "service": "azure", "region": "eu", "type": "Outlook365",
        "applicationId": {"fact": "client_id"}, "tenantId": {"fact": "tenant_id"},
        "data3": {"secret": "client_secret"}, "redirectUri": f"{URL}{CALLBACK}",
    }
    assert provider["secret_fields"] == ["data3"]
    assert provider["listed"]["by"] == {"label": "Azure"}
    assert provider["sign_in"]["field"] == "token.valid"
    assert provider["described_at"] == {
        "url": f"{URL}/apidoc/api_data.json", "format": "apidoc", "object": "/api/providers",
    }
    assert account["settings"]["listId"] == 4
    assert account["listed"]["by"] == {"shortKey": "SUPT"}


def verified(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks of a plan with a proof."""
    return list(_plan.make(changed(given, {"mail_verify": {
        "recipient": "probe@contoso.example",
        "receive": {"transport": "imap", "client_id": TENANT, "client_secret": "x"},
    }}))["checks"])


def test_motion_itself_sends_and_shows_what_it_has_received() -> None:
    plan = _plan.make(shared())
    sent, received = verified(shared())
    access = {"authentication": {"username": "admin", "password": {"secret": "mail_xcally.authentication.password"}}}
    assert sent["send"] == {
        "transport": "web", "mailbox": "support@contoso.example", "web": {
            "url": f"{URL}/api/mail/accounts/{{id}}/send",
            "listed": {"url": f"{URL}/api/mail/accounts", "rows": "rows", "id": "id", "by": {"key": "SUPP"}},
            "body": {"to": {"mail": "recipient"}, "subject": {"mail": "subject"}, "text": {"mail": "text"}}, **access,
        },
    }
    assert (received["to"], received["receive"]["web"]["url"]) == (
        "support@contoso.example", f"{URL}/api/mail/messages?direction=in&sort=-id",
    )
    for check in (sent, received):
        assert check["needs"] == check["sign_in"]["where"] == plan["targets"][0]["name"]
        assert "/var/log/xcally/email-error.DATE.log" in check["remedy"]
        assert check["delegate"] == {"account": "agent@contoso.example", "mailbox": "support@contoso.example"}
    assert all("delegate" not in check for check in verified(own()))


def test_what_a_message_is_called_can_be_overridden() -> None:
    sent, received = verified(changed(own(), {"mail_xcally.message": {
        "path": "/api/mails", "fields": {"text": "body", "subject": "title"}, "settings": {"html": False},
    }}))
    assert sent["send"]["web"]["body"] == {
        "to": {"mail": "recipient"}, "title": {"mail": "subject"}, "body": {"mail": "text"}, "html": False,
    }
    assert (received["receive"]["web"]["url"], received["receive"]["web"]["subject"]) == (f"{URL}/api/mails", "title")


@pytest.mark.parametrize(("debug", "level"), [(True, "DEBUG"), (False, "INFO")])
def test_the_logs_level_is_a_file_and_takes_a_restart(debug: bool, level: str) -> None:
    plan = _plan.make(changed(own(), {"mail_xcally.debug": debug}))
    assert plan["targets"][2] == {
        "kind": "file", "path": "/var/opt/motion2/.env", "format": "environment", "create": False,
        "settings": {"XC_DEBUG_LEVEL": level},
    }
    assert plan["restart_command"] == ["su", "-", "motion", "-c", "pm2 restart motion2"]


def test_without_it_the_file_is_left_alone_and_nothing_restarts() -> None:
    plan = _plan.make(own())
    assert len(plan["targets"]) == 2
    assert plan["restart_command"] == []


def test_a_plan_holds_no_secret() -> None:
    plan = json.dumps(_plan.make(own()))
    assert "s3cret" not in plan
    assert '{"secret": "mail_xcally.authentication.password"}' in plan


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mail_send.grant": "client_credentials"},
         "mail_send.grant: 'client_credentials' is not possible with xcally; use authorization_code"),
        ({"mail_send.transport": "graph"}, "mail_send.transport: 'graph' is not possible with xcally; use smtp"),
        ({"mail_send.authentication": "basic"},
         "mail_send.authentication: 'basic' is not possible with xcally; use oauth2"),
        ({"mail_send.tls": "implicit"}, "mail_send.tls: 'implicit' is not possible with xcally; use starttls"),
        ({"mail_send.host": "smtp.office365.com"}, "mail_send.host: is not used with xcally, whose service Outlook365"),
        ({"mail_send.port": 587}, "mail_send.port: is not used with xcally, whose service Outlook365"),
        ({"mail_send.password": "x"}, "mail_send.password: is not used with xcally; remove it"),
        ({"mail_send.display_name": "x"}, "mail_send.display_name: is not used with xcally; remove it"),
        ({"mail_send.from": ...}, "mail_send.from: is required; it is the mailbox of the e-mail account"),
        ({"mail_receive": ...}, "mail_receive: is required; an e-mail account of xcally's receives"),
        ({"mail_receive.transport": "pop3"}, "mail_receive.transport: 'pop3' is not possible with xcally; use imap"),
        ({"mail_receive.grant": "token_cache"},
         "mail_receive.grant: 'token_cache' is not possible with xcally; use authorization_code"),
        ({"mail_receive.tls": "starttls"}, "mail_receive.tls: 'starttls' is not possible with xcally; use implicit"),
        ({"mail_receive.mailbox": "sales@contoso.example"},
         "mail_receive.mailbox: sales@contoso.example is another one than mail_send.from"),
        ({"mail_xcally": ...}, "mail_xcally: is required"),
        ({"mail_xcally.url": "http://motion.example"}, "mail_xcally.url: 'http://motion.example' is no address"),
        ({"mail_xcally.url": f"{URL}/api"}, f"mail_xcally.url: '{URL}/api' is no address of a server"),
        ({"mail_xcally.url": "https://[motion"}, "mail_xcally.url: 'https://[motion' is no address of a server"),
        ({"mail_xcally.key": "SUPPORT"}, "mail_xcally.key: 'SUPPORT' is longer than 5 characters"),
        ({"mail_xcally.key": ...}, "mail_xcally.key: is required"),
        ({"mail_xcally.list": ...}, "mail_xcally.list: is required"),
        ({"mail_xcally.list": "Support"}, "mail_xcally.list: 'Support' is no whole number"),
        ({"mail_xcally.list": 0}, "mail_xcally.list: 0 is not between"),
        ({"mail_xcally.authentication": ...}, "mail_xcally.authentication: is required"),
        ({"mail_xcally.authentication": {}}, "mail_xcally.authentication: is empty; give username and password, or"),
        ({"mail_xcally.authentication": {"username": "x"}},
         "mail_xcally.authentication: has username alone; give username and password, or token, or header and value"),
        ({"mail_xcally.authentication": {"username": "x", "password": "y", "token": "z"}},
         "mail_xcally.authentication: has username, password, token; give"),
        ({"mail_xcally.authentication.password": ""}, "mail_xcally.authentication.password: is empty"),
        ({"mail_xcally.redirect_uri": "https://motion.contoso.example/callback"},
         "mail_xcally.redirect_uri: 'https://motion.contoso.example/callback' is no redirect URI of Motion's"),
        ({"mail_xcally.redirect_uri": f"http://motion.contoso.example{CALLBACK}"}, "mail_xcally.redirect_uri: 'http://"),
        ({"mail_xcally.shared_mailbox": True}, "mail_xcally.delegate: is required with a shared mailbox"),
        ({"mail_xcally.delegate": "agent@contoso.example"}, "mail_xcally.delegate: is who opens a shared mailbox"),
        ({"mail_xcally.shared_mailbox": True, "mail_xcally.delegate": "Support-Test@contoso.example"},
         "mail_xcally.delegate: Support-Test@contoso.example is the shared mailbox itself"),
        ({"mail_xcally.shared_mailbox": True, "mail_xcally.delegate": "agent@contoso.example",
          "mail_send.username": "agent@contoso.example"}, "mail_send.username: is the shared mailbox itself"),
        ({"mail_xcally.environment_file": "/srv/.env"}, "mail_xcally.environment_file: is of no use without"),
        ({"mail_xcally.keyy": "x"}, "mail_xcally.keyy: unknown; did you mean key?"),
        ({"mail_xcally.cloud_provider": {"fields": {"client_secrte": "x"}}},
         "mail_xcally.cloud_provider.fields: a cloud provider has no 'client_secrte'; did you mean client_secret?"),
        ({"mail_xcally.email_account": {"fields": {"key": 5}}}, "mail_xcally.email_account.fields: is no text"),
        ({"mail_xcally.email_account": {"fields": "x"}}, "mail_xcally.email_account.fields: is no dictionary of name"),
        ({"mail_app": ...}, "mail_app: is required"),
        ({"mail_apps": [{"unique_name": "x", "name": "X"}]}, "mail_apps[0]: the product does not sign in as 'x'"),
    ],
)
def test_each_problem_is_named_once_by_its_path(changes: dict[str, Any], problem: str) -> None:
    problems = _plan.examine(changed(own(), changes))[1]
    assert [one for one in problems if one.startswith(problem)] == problems
    assert len(problems) == 1


def drawn(**hosts: dict[str, Any]) -> dict[str, str]:
    """What is said of each host."""
    store = {"kind": "ansible_vault", "path": "/srv/store.yml"}
    said = {name: Host(variables, store=store, same_store="one") for name, variables in hosts.items()}
    return {name: verdict["msg"] for name, verdict in draw(said, said, {})["hosts"].items()}


def test_two_accounts_have_an_application_each_on_whatever_hosts() -> None:
    another = changed(own(), {"mail_xcally.key": "SALES", "mail_send.from": "sales@contoso.example"})
    elsewhere = changed(own(), {"mail_xcally.url": "https://motion2.contoso.example"})
    for other, words in ((another, f"the e-mail account SALES at {URL}"),
                         (elsewhere, "the e-mail account SUPT at https://motion2.contoso.example")):
        said = drawn(one=own(), two=other)
        assert said["one"] == said["two"] == (
            f"mail_app.unique_name: one uses 'support-test' for the e-mail account SUPT at {URL} and two for {words}, "
            "but it can be for one alone; give each another one"
        )


def test_another_product_cannot_share_it_either() -> None:
    cmo = {
        "mail_product": "cmo", "mail_environment": "test", "mail_app": own()["mail_app"],
        "mail_send": {"transport": "graph", "from": "cmo@contoso.example"}, "mail_entra": {"tenant_id": TENANT},
        "mail_cmo": {"path": "C:\\web.config", "integration_type": "Confidential"},
    }
    said = drawn(one=own(), two=cmo)
    assert f"one uses 'support-test' for the e-mail account SUPT at {URL} and two for something else" in said["two"]


def test_the_account_of_a_farm_is_one_on_all_its_hosts() -> None:
    assert drawn(one=own(), two=own()) == {"one": "xcally is planned.", "two": "xcally is planned."}


def test_a_step_is_told_of_the_application_without_what_it_is_for() -> None:
    store = {"kind": "ansible_vault", "path": "/srv/store.yml"}
    work = draw({"one": Host(own(), store=store)}, {}, {})
    assert "dedicated" not in work["applications"][0]
