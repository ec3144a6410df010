# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Integration Server is told, what its application needs, and what is refused in which words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.estate import Host, draw
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import examine, make
from hypothesis import given
from hypothesis import strategies as st

TENANT = "0f0e0d0c-1111-2222-3333-444455556666"
URL = "https://is.contoso.example:5543"
REDIRECT = f"{URL}/WmRoot/security-oauth-get-authcode.dsp"
MAILBOX = "integration@contoso.example"
OUTLOOK = "https://outlook.office365.com"
LOGIN = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0"


def people(**changes: Any) -> dict[str, Any]:
    """A server for which people sign in; a path with __ for the dot changes a value, ... takes it away."""
    return changed({
        "mail_product": "integration_server", "mail_environment": "test",
        "mail_app": {"unique_name": "is", "name": "IS"}, "mail_entra": {"tenant_id": TENANT},
        "mail_send": {"transport": "smtp", "from": MAILBOX},
        "mail_receive": {"transport": "imap", "mailbox": MAILBOX},
        "mail_integration_server": {"url": URL, "username": "admin", "password": "admins s3cret", "alias": "orders"},
    }, changes)


def basic(**changes: Any) -> dict[str, Any]:
    """One with passwords."""
    user = {"authentication": "basic", "host": "mail.contoso.example", "username": "is", "password": "old s3cret"}
    return changed(people(
        mail_send={"transport": "smtp", "from": MAILBOX, **user},
        mail_receive={"transport": "pop3", "mailbox": MAILBOX, **user}, mail_app=..., mail_entra=...,
    ), changes)


def changed(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(settings)
    for path, value in changes.items():
        *above, name = path.split("__")
        place = found
        for one in above:
            place = place.setdefault(one, {})
        if value is ...:
            del place[name]
        else:
            place[name] = value
    return found


# -- the e-mail port -----------------------------------------------------------------------------------------------


def test_a_port_has_what_the_sign_in_of_a_person_takes() -> None:
    [port] = make(people())["targets"]
    assert port["settings"] == {
        "alias": "orders", "type": "IMAP", "host": "outlook.office365.com", "serverPort": 993, "user": MAILBOX,
        "tlsSettings": "Implicit", "packageName": "WmRoot", "interval": 60, "authentication": "OAuth",
        "clientID": {"fact": "client_id"}, "clientSecret": {"secret": "client_secret"},
        "authURL": f"{LOGIN}/authorize", "accessTokenURL": f"{LOGIN}/token", "redirectURL": REDIRECT,
        "scope": f"offline_access {OUTLOOK}/SMTP.Send {OUTLOOK}/IMAP.AccessAsUser.All",
    }
    assert (port["url"], port["create_url"]) == (f"{URL}/admin/port/email/orders", f"{URL}/admin/port/email")
    assert port["secret_fields"] == ["clientSecret"]
    assert port["activate"] == {"url": f"{URL}/admin/port/email/orders?action=enable", "field": "enabled"}
    assert port["authentication"] == {
        "username": "admin", "password": {"secret": "mail_integration_server.password"},
    }


def test_the_words_say_what_to_open_what_to_press_and_as_whom() -> None:
    plan = make(people(mail_receive__username="clerk@contoso.example"))
    [port] = plan["targets"]
    assert port["sign_in"] == {
        "what": "the e-mail port", "account": "clerk@contoso.example", "field": "enabled",
        "do": f"Open {URL}/WmRoot/security-ports.dsp as an administrator, go to the port orders, \"Edit Email Client "
        "Configuration\", press \"Get Authorization Code\", sign in with clerk@contoso.example, and press \"Save "
        "Changes\".",
    }
    assert port["settings"]["user"] == MAILBOX
    assert plan["targets"][0]["name"] == f"orders at {URL}"


def test_a_port_with_a_password_waits_for_nobody() -> None:
    plan = make(basic())
    [port] = plan["targets"]
    assert port["settings"] == {
        "alias": "orders", "type": "POP3", "host": "mail.contoso.example", "serverPort": 995, "user": "is",
        "tlsSettings": "Implicit", "packageName": "WmRoot", "interval": 60, "authentication": "Basic",
        "password": {"secret": "mail_receive.password"},
    }
    assert port["secret_fields"] == ["password"]
    assert "sign_in" not in port
    assert plan["applications"] == []


def test_every_option_of_a_port_has_its_field() -> None:
    said = {
        "package": "Orders", "interval": "5", "run_as_user": "clerk", "authenticate_with_message": False,
        "global_service": "orders:all", "default_service": "orders:any", "reply": True, "reply_on_error": False,
        "multithreaded": True, "threads": 3, "include_headers": True, "remove": False, "delete_invalid": False,
        "invoke_per_part": True, "url_encoded_body": False,
    }
    plan = make(people(**{f"mail_integration_server__{name}": value for name, value in said.items()}))
    expected = {
        "packageName": "Orders", "interval": 5, "runAsUser": "clerk", "authenticateWithMessage": False,
        "globalService": "orders:all", "defaultService": "orders:any", "reply": True, "replyOnError": False,
        "multiThreaded": True, "numThreads": 3, "includeHeaders": True, "remove": False, "deleteInvalid": False,
        "invokePerPart": True, "urlEncodedBody": False,
    }
    assert expected.items() <= plan["targets"][0]["settings"].items()
    plan = make(basic(mail_integration_server__logout=True))
    assert plan["targets"][0]["settings"]["logout"] is True


@pytest.mark.parametrize(("tls", "word", "port"), [("none", "None", 143), ("starttls", "Explicit", 143),
                                                   ("implicit", "Implicit", 993)])
def test_tls_is_the_administrators_word(tls: str, word: str, port: int) -> None:
    settings = make(people(mail_receive__tls=tls))["targets"][0]["settings"]
    assert (settings["tlsSettings"], settings["serverPort"]) == (word, port)


@pytest.mark.parametrize(
    ("entra", "login", "outlook", "host"),
    [
        ({"cloud": "us_government"}, "https://login.microsoftonline.us", "https://outlook.office365.us",
         "outlook.office365.us"),
        ({"cloud": "china"}, "https://login.partner.microsoftonline.cn", "https://partner.outlook.cn",
         "partner.outlook.cn"),
        ({"authority_host": "login.example:8443"}, "https://login.example:8443", OUTLOOK, "outlook.office365.com"),
    ],
)
def test_each_cloud_has_its_own_addresses(entra: dict[str, str], login: str, outlook: str, host: str) -> None:
    settings = make(people(mail_entra={"tenant_id": TENANT, **entra}))["targets"][0]["settings"]
    assert settings["authURL"] == f"{login}/{TENANT}/oauth2/v2.0/authorize"
    assert settings["scope"].split()[1:] == [f"{outlook}/SMTP.Send", f"{outlook}/IMAP.AccessAsUser.All"]
    assert settings["host"] == host


# -- the notifications -----------------------------------------------------------------------------------------------


def test_the_notifications_go_the_way_of_all_mail() -> None:
    recipients = {
        "internal_email": "operators@contoso.example", "service_email": "clerks@contoso.example", "charset": "utf-8",
        "trust_store": "public", "token_refresh_interval": 30,
    }
    plan = make(people(mail_receive=..., mail_integration_server__alias=...,
                       mail_integration_server__notification=recipients))
    [notification] = plan["targets"]
    assert notification["url"] == f"{URL}/admin/server/notification"
    assert notification["settings"] == {
        "smtpServer": "smtp.office365.com", "smtpPort": 587, "transportSecurity": "explicit", "userName": MAILBOX,
        "internalEmail": "operators@contoso.example", "serviceMail": "clerks@contoso.example",
        "defaultCharset": "utf-8", "trustStoreAlias": "public", "tokenRefreshInterval": 30,
        "authType": "OAuth", "clientId": {"fact": "client_id"}, "clientSecret": {"secret": "client_secret"},
        "authURL": f"{LOGIN}/authorize", "accessTokenURL": f"{LOGIN}/token", "redirectURL": REDIRECT,
        "scope": f"offline_access {OUTLOOK}/SMTP.Send",
    }
    assert notification["sign_in"]["field"] == "accessTokenExpiryTime"
    assert f"{URL}/WmRoot/settings-resources.dsp" in notification["sign_in"]["do"]
    assert "create_url" not in notification


def test_notifications_by_a_relay_need_no_version() -> None:
    plan = make(basic(mail_send__tls="none", mail_integration_server__notification={}))
    assert plan["targets"][1]["settings"] == {
        "smtpServer": "mail.contoso.example", "smtpPort": 25, "transportSecurity": "none", "userName": "is",
        "password": {"secret": "mail_send.password"},
    }
    open_relay = {"transport": "smtp", "from": MAILBOX, "authentication": "none", "host": "relay", "tls": "none"}
    plan = make(basic(mail_send=open_relay, mail_integration_server__notification={}))
    assert plan["targets"][1]["settings"] == {
        "smtpServer": "relay", "smtpPort": 25, "transportSecurity": "none",
    }


# -- the proof -------------------------------------------------------------------------------------------------------

VERIFY = {
    "recipient": "probe@contoso.example",
    "receive": {"transport": "graph", "tenant_id": TENANT, "client_id": "reader", "client_secret": "readers s3cret"},
}


def test_the_server_itself_sends_and_takes_the_mail_that_proves_it() -> None:
    plan = make(people(mail_verify=VERIFY, mail_receive__username="clerk@contoso.example"))
    sent, taken = plan["checks"]
    scope = f"{OUTLOOK}/.default"
    assert sent["send"] == {"transport": "web", "mailbox": MAILBOX, "web": {
        "url": f"{URL}/invoke/pub.client/smtp",
        "body": {
            "to": {"mail": "recipient"}, "from": {"mail": "sender"}, "subject": {"mail": "subject"},
            "body": {"mail": "text"}, "mailhost": "smtp.office365.com", "mailhostPort": "587",
            "secure": {"transportLayerSecurity": "explicit"},
            "auth": {"type": "Bearer", "user": MAILBOX, "token": {"token": scope, "account": MAILBOX}},
        },
        "authentication": {"username": "admin", "password": {"secret": "mail_integration_server.password"}},
    }}
    assert taken["receive"] == {
        "transport": "imap", "mailbox": MAILBOX, "host": "outlook.office365.com", "port": 993, "tls": "implicit",
        "auth_source": "access_token", "access_token": {"token": scope, "account": "clerk@contoso.example"},
    }
    assert (taken["expect"], taken["timeout"]) == ("taken", 120)
    assert {sent["needs"], taken["needs"]} == {f"orders at {URL}"}
    assert taken["sign_in"]["where"] == taken["needs"]
    assert plan["applications"][0]["redirect_uris"] == {"web": [REDIRECT, "http://localhost"]}


def test_a_delegate_is_named_where_it_is_one_for_both_directions() -> None:
    clerk = {"mail_receive__username": "clerk@contoso.example", "mail_send__username": "clerk@contoso.example"}
    for check in make(people(mail_verify=VERIFY, **clerk))["checks"]:
        assert check["delegate"]["account"] == "clerk@contoso.example"
    assert all("delegate" not in check for check in make(people(mail_verify=VERIFY))["checks"])


def test_the_proof_with_passwords() -> None:
    plan = make(basic(mail_verify=VERIFY, mail_integration_server__notification={}))
    [sent] = plan["checks"]
    assert sent["send"]["web"]["body"]["auth"] == {
        "type": "Basic", "user": "is", "pass": {"secret": "mail_send.password"},
    }
    assert plan["unproven"] == ["receiving by pop3", "the server's notifications"]
    by_imap = make(basic(mail_verify=VERIFY, mail_receive__transport="imap"))
    assert by_imap["checks"][1]["receive"] == {
        "transport": "imap", "mailbox": MAILBOX, "host": "mail.contoso.example", "port": 993, "tls": "implicit",
        "authentication": "basic", "username": "is", "password": {"secret": "mail_receive.password"},
    }


# -- the application -------------------------------------------------------------------------------------------------


def test_people_consent_to_no_more_than_what_they_sign_in_for() -> None:
    offline = {"resource": "Microsoft Graph", "application": [], "delegated": ["offline_access"]}
    exchange = {"resource": "Office 365 Exchange Online", "application": []}
    [application] = make(people())["applications"]
    assert application["permissions"] == [
        {**exchange, "delegated": ["SMTP.Send", "IMAP.AccessAsUser.All"]}, offline,
    ]
    assert application["redirect_uris"] == {"web": [REDIRECT]}
    assert (application["credential"], application["users"]) == ("client_secret", [])
    relay = {"transport": "smtp", "from": MAILBOX, "authentication": "none", "host": "relay", "tls": "none"}
    [application] = make(people(mail_send=relay))["applications"]
    assert application["permissions"] == [{**exchange, "delegated": ["IMAP.AccessAsUser.All"]}, offline]


def test_the_mailboxes_protocols_are_switched_on_and_the_application_gets_no_rights() -> None:
    plan = make(people(mail_send__from="sales@contoso.example"))
    [application] = plan["applications"]
    assert application["exchange"] == {
        "full_access": [], "send_as": [], "smtp_auth": ["sales@contoso.example"], "imap": [MAILBOX], "pop3": [],
        "scope": None, "unwanted": {"full_access": [], "send_as": [], "scope": []},
    }
    assert plan["mailboxes"] == ["sales@contoso.example", MAILBOX]


def test_servers_that_share_an_application_are_all_among_its_redirect_uris() -> None:
    def host(name: str) -> Host:
        variables = people(mail_integration_server__url=f"https://{name}:5543")
        return Host(variables, store={"kind": "ansible_vault", "path": "s"}, same_store="s")

    estate = {name: host(name) for name in ("is-1", "is-2")}
    page = "/WmRoot/security-oauth-get-authcode.dsp"
    for limited in (estate, {"is-2": estate["is-2"]}):
        drawn = draw(limited, estate, {})
        assert not any(one["failed"] for one in drawn["hosts"].values()), drawn["hosts"]
        [application] = drawn["applications"]
        assert application["redirect_uris"] == {"web": [f"https://{name}:5543{page}" for name in ("is-1", "is-2")]}


# -- refusals --------------------------------------------------------------------------------------------------------

SERVER = "mail_integration_server"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (people(mail_send__grant="client_credentials"),
         "mail_send.grant: 'client_credentials' is not possible with integration_server; use authorization_code"),
        (people(mail_receive__grant="token_cache"),
         "mail_receive.grant: 'token_cache' is not possible with integration_server; use authorization_code"),
        (basic(mail_receive__grant="authorization_code"),
         "mail_receive.grant: is not used with authentication basic; remove it"),
        (people(mail_send__transport="graph"),
         "mail_send.transport: 'graph' is not possible with integration_server; use smtp"),
        (people(mail_receive__transport="mapi"),
         "mail_receive.transport: 'mapi' is not possible with integration_server; use imap or pop3"),
        (people(mail_receive__transport="pop3", mail_receive__authentication="oauth2"),
         "mail_receive.authentication: 'oauth2' is not possible with integration_server over pop3; OAuth needs "
         "transport imap"),
        (people(mail_receive__authentication="google_service_account"),
         "mail_receive.authentication: 'google_service_account' is not possible with integration_server over imap; use "
         "oauth2 or basic"),
        (people(mail_send__tls="implicit"),
         "mail_send.tls: 'implicit' is not possible with oauth2; Microsoft 365 needs starttls"),
        (people(mail_send__tls="implicit", mail_send__host="smtp.office365.com"),
         "mail_send.tls: 'implicit' is not possible with smtp.office365.com; Microsoft 365 needs starttls"),
        (basic(mail_send__tls="auto"),
         "mail_send.tls: 'auto' cannot be expressed by integration_server; use none, starttls, implicit"),
        (people(mail_receive__tls="starttls_optional"),
         "mail_receive.tls: 'starttls_optional' cannot be expressed by integration_server; use none, starttls, "
         "implicit"),
        (people(mail_send__override="a@b.example"),
         "mail_send.override: is not used with integration_server; remove it"),
        (people(mail_receive__app="is"), "mail_receive.app: is not used with integration_server; remove it"),
        (people(mail_send__password="s3cret~"),
         "mail_send.password: is not used with authentication oauth2; remove it"),
        (basic(mail_receive__password=...), "mail_receive.password: is required with authentication basic"),
        (basic(mail_send__host=...), "mail_send.host: is required with authentication basic"),
        (people(mail_send__from=...), "mail_send.from: is required"),
        (people(mail_receive__mailbox=...), "mail_receive.mailbox: is required"),
        (people(mail_receive=..., mail_integration_server__alias=...),
         "mail_receive: is required, or mail_integration_server.notification; what services pass to pub.client:smtp is "
         "their own, so that there would be nothing to configure"),
        (people(mail_receive=..., mail_integration_server__notification={}),
         f"{SERVER}.alias: is about the e-mail port, which there is none of without mail_receive; remove it"),
        (people(mail_integration_server__alias=...),
         f"{SERVER}.alias: is required with mail_receive; it is the name of the e-mail port"),
        (people(mail_integration_server__alias="two words"),
         f"{SERVER}.alias: 'two words' is no alias; it has 1 to 255 letters, digits, '_', '.' and '-'"),
        (people(mail_integration_server__interval=0), f"{SERVER}.interval: 0 is not between 1 and 9999"),
        (people(mail_integration_server__interval=10000), f"{SERVER}.interval: 10000 is not between 1 and 9999"),
        (people(mail_integration_server__threads=100), f"{SERVER}.threads: 100 is not between 0 and 99"),
        (people(mail_integration_server__threads=3),
         f"{SERVER}.threads: is of use with multithreaded: true; set that, or remove this"),
        (basic(mail_integration_server__multithreaded=True),
         f"{SERVER}.multithreaded: is for IMAP alone; remove it"),
        (basic(mail_integration_server__remove=False),
         f"{SERVER}.remove: must not be false with POP3, whose messages are always deleted; remove it, or use IMAP"),
        (people(mail_integration_server__logout=True), f"{SERVER}.logout: is for POP3 alone; remove it"),
        (people(mail_integration_server__authenticate_with_message=False),
         f"{SERVER}.run_as_user: is required with authenticate_with_message: false; services run as that user"),
        (people(mail_integration_server__run_as_user="clerk"),
         f"{SERVER}.run_as_user: is of use with authenticate_with_message: false; set that, or remove this"),
        (people(mail_integration_server__url_encoded_body=False),
         f"{SERVER}.url_encoded_body: must not be false unless authenticate_with_message is, whose words stand in the "
         "body"),
        (basic(mail_integration_server__notification={"token_refresh_interval": 5}),
         f"{SERVER}.notification.token_refresh_interval: is not used with mail_send.authentication basic; remove it"),
        (people(mail_integration_server__url="http://is:5555"),
         f"{SERVER}.url: 'http://is:5555' is not the https address of a server, for example "
         "https://is.contoso.example:5543"),
        (people(mail_integration_server__redirect_url=REDIRECT.replace("https", "http")),
         f"{SERVER}.redirect_url: '{REDIRECT.replace('https', 'http')}' must be https; http is possible for localhost "
         "alone"),
        (people(mail_integration_server__redirect_url="https://is.contoso.example/callback"),
         f"{SERVER}.redirect_url: 'https://is.contoso.example/callback' must end in "
         "/WmRoot/security-oauth-get-authcode.dsp"),
        (people(mail_integration_server=...), f"{SERVER}: is required"),
        (people(mail_integration_server__intervall=5),
         f"{SERVER}.intervall: unknown; did you mean interval?; known: url, username, password, ca_path, redirect_url, "
         "alias, package, interval, run_as_user, authenticate_with_message, global_service, default_service, reply, "
         "reply_on_error, multithreaded, threads, include_headers, logout, remove, delete_invalid, invoke_per_part, "
         "url_encoded_body, notification"),
        (people(mail_app=...), "mail_app: is required; the product signs in as an application of its own"),
        (people(mail_access={"model": "rbac"}),
         "mail_access.model: is about SMTP with OAuth; for Microsoft Graph use mail_access.scope"),
    ],
)
def test_refused(settings: dict[str, Any], problem: str) -> None:
    assert examine(settings)[1] == [problem]


@pytest.mark.parametrize("redirect", [
    "http://localhost:5555/WmRoot/security-oauth-get-authcode.dsp",
    "https://integration.contoso.example/WmRoot/security-oauth-get-authcode.dsp",
])
def test_a_redirect_uri_of_ones_own(redirect: str) -> None:
    plan = make(people(mail_integration_server__redirect_url=redirect))
    assert plan["targets"][0]["settings"]["redirectURL"] == redirect
    assert plan["applications"][0]["redirect_uris"] == {"web": [redirect]}


WORDS = st.none() | st.text(max_size=20) | st.integers() | st.booleans() | st.lists(st.text(max_size=3), max_size=2)


@given(st.data())
def test_whatever_is_said_is_planned_or_refused_with_its_place(data: st.DataObject) -> None:
    settings = data.draw(st.sampled_from([people(), basic()]))
    for variable in ("mail_send", "mail_receive", SERVER):
        names = st.sampled_from([*settings[variable], "tls", "grant", "threads", "redirect_url"])
        for name in data.draw(st.sets(names)):
            settings[variable][name] = data.draw(WORDS)
    _plan, problems = examine(settings)
    assert all(one.startswith("mail_") and ": " in one and "s3cret" not in one for one in problems)
