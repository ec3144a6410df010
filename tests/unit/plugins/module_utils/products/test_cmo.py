# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What CMO is told beside the combinations: keys as it sees them, applications, sign-ins of people, and refusals."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import examine, make
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _cmo_keys
from ansible_collections.mailops.modern_auth.tests.unit.plugins.module_utils.products.cmo_combinations import (
    CACHE,
    FOR_PEOPLE,
    KEYS,
    TENANT,
)

DOCS = Path(__file__).parents[5] / "docs" / "cmo.md"
GUID = "9b1c0d5e-0000-4000-8000-000000000001"
READER = {"transport": "graph", "client_id": "reader", "client_secret": "readers s3cret"}


def graph(**changes: Any) -> dict[str, Any]:
    """A CMO with Microsoft 365; a dotted path with __ for the dot changes a value, ... takes it away."""
    settings: dict[str, Any] = {
        "mail_product": "cmo", "mail_environment": "test", "mail_app": {"unique_name": "cmo", "name": "CMO"},
        "mail_entra": {"tenant_id": TENANT}, "mail_send": {"transport": "graph", "from": "cmo@contoso.example"},
        "mail_receive": {"transport": "graph", "mailbox": "in@contoso.example"},
        "mail_cmo": {"path": r"C:\cmo\web.config", "integration_type": "Confidential"},
    }
    return changed(settings, changes)


def basic(**changes: Any) -> dict[str, Any]:
    """One with passwords."""
    user = {"authentication": "basic", "host": "mail.contoso.example", "password": "old s3cret"}
    settings = graph(
        mail_send={"transport": "smtp", "from": "cmo@contoso.example", "username": "cmo", **user},
        mail_receive={"transport": "imap", "mailbox": "in@contoso.example", **user},
        mail_cmo={"path": "/srv/cmo/web.config"}, mail_app=..., mail_entra=...,
    )
    return changed(settings, changes)


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


def web_config(settings: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = make(settings)["targets"][0]["settings"]
    return found


# -- keys ----------------------------------------------------------------------------------------------------------


def test_the_table_has_the_vendors_keys() -> None:
    assert {
        name: sorted(_cmo_keys.keys(mailbox)) for name, mailbox in _cmo_keys.MAILBOXES.items()
    } == {name: sorted(keys) for name, keys in KEYS.items()}
    assert len(KEYS["new_action"]) == 16


def test_the_documentation_names_every_key() -> None:
    text = DOCS.read_text(encoding="utf-8")
    last = {key.rpartition(".")[2] for key in itertools.chain(*KEYS.values())}
    assert [name for name in (*last, *CACHE) if name not in text] == []


def test_keys_count_in_any_capitals_and_are_inherited_where_they_are_missing() -> None:
    found = _cmo_keys.read({
        "MAIL.SENDING.SERVERTYPE": "smtp", "mail.sending.smtp.server": "a", "Mail.Sending.Smtp.UseAuth": "TRUE",
        "Mail.Sending.Smtp.Login": "cmo", "Mail.Sending.Microsoft365.IntegrationType": "Public",
        "Mail.Receiving.ServerType": "POP3", "Mail.Receiving.Pop3.Server": "b", "Mail.Receiving.Imap.Server": "c",
        "Mail.Receiving.Pop3.AuthType": "GoogleOAuth2", "Mail.Receiving.Pop3.GoogleOAuth2.GsuiteUser": "in",
        "mail.newaction.emailclient.authtype": "basicauth", "Mail.NewAction.EmailClient.Login": "new",
        "Mail.DocumentImport.EmailClient.GoogleOAuth2.GsuiteUser": "documents",
        # Nobody reads these.
        "Mail.NewAction.EmailClient.ServerType": "IMAP", "Mail.NewAction.EmailClient.UseSSL": "True",
    })
    receiving = {"ServerType": "POP3", "Pop3.Server": "b", "Pop3.UseSSL": "False"}
    assert found == {
        "sending": {
            "ServerType": "smtp", "Smtp.Server": "a", "Smtp.NumberOfMessagesPerSession": "3", "Smtp.UseAuth": "TRUE",
            "Smtp.UseSsl": "False", "Smtp.AuthType": "BasicAuth", "Smtp.Login": "cmo",
        },
        "receiving": {**receiving, "Pop3.AuthType": "GoogleOAuth2", "Pop3.GoogleOAuth2.GsuiteUser": "in"},
        "new_action": {**receiving, "Pop3.AuthType": "basicauth", "Pop3.Login": "new"},
        "document_import": {**receiving, "Pop3.AuthType": "GoogleOAuth2", "Pop3.GoogleOAuth2.GsuiteUser": "documents"},
    }


def test_what_cmo_is_not_told_to_receive_is_left_as_it_is() -> None:
    found = web_config(graph(mail_receive=...))
    assert [key for key in found if not key.startswith("Mail.Sending.")] == []


@pytest.mark.parametrize(("said", "server", "ssl"), [
    ({}, "mail.contoso.example:587", "True"),
    ({"tls": "implicit"}, "mail.contoso.example:465", "True"),
    ({"port": 465}, "mail.contoso.example:465", "True"),
    ({"port": 465, "tls": "auto"}, "mail.contoso.example:465", "True"),
    ({"tls": "none"}, "mail.contoso.example:25", "False"),
    ({"tls": "starttls", "port": 2525}, "mail.contoso.example:2525", "True"),
])
def test_tls_is_a_switch_and_a_port(said: dict[str, Any], server: str, ssl: str) -> None:
    settings = basic(**{f"mail_send__{name}": value for name, value in said.items()})
    found = web_config(settings)
    assert (found["Mail.Sending.Smtp.Server"], found["Mail.Sending.Smtp.UseSsl"]) == (server, ssl)


def test_a_proof_sends_as_many_mails_in_a_session_as_cmo_does() -> None:
    settings = basic(mail_send__messages_per_session=5, mail_verify={"recipient": "p@contoso.example", "receive": {
        **READER, "tenant_id": TENANT,
    }})
    plan = make(settings)
    assert plan["targets"][0]["settings"]["Mail.Sending.Smtp.NumberOfMessagesPerSession"] == "5"
    assert [check["send"]["messages_per_session"] for check in plan["checks"]] == [5, 5]
    assert plan["checks"][1]["receive"]["password"] == {"secret": "mail_receive.password"}


# -- applications --------------------------------------------------------------------------------------------------


def test_an_integration_type_is_that_of_every_mailbox_that_does_not_say_its_own() -> None:
    of_all = web_config(graph(mail_cmo={"path": "/w", "integration_type": "Public", **FOR_PEOPLE}))
    of_each = web_config(graph(
        mail_cmo={"path": "/w", **FOR_PEOPLE}, mail_send__grant="token_cache", mail_receive__grant="token_cache",
    ))
    assert of_all == of_each
    mixed = web_config(graph(mail_cmo={"path": "/w", "integration_type": "Public", **FOR_PEOPLE},
                             mail_send__grant="client_credentials"))
    assert [mixed[f"Mail.{name}.Microsoft365.IntegrationType"] for name in ("Sending", "Receiving")] == [
        "Confidential", "Public",
    ]


def test_an_object_id_that_is_given_is_not_looked_up() -> None:
    plan = make(graph(mail_send__object_id=GUID))
    assert plan["users"] == ["in@contoso.example"]
    assert plan["targets"][0]["settings"]["Mail.Sending.Microsoft365.ConfidentialApp.UserObjectId"] == GUID


def test_each_application_needs_what_its_own_mailboxes_do() -> None:
    plan = make(graph(
        mail_apps=[{"unique_name": "reads", "name": "Reads"}], mail_receive__app="reads",
        mail_cmo__new_action={"mailbox": "new@contoso.example"},
        mail_cmo__document_import={"mailbox": "documents@contoso.example", "app": "cmo"},
    ))
    sends, reads = plan["applications"]
    assert [(one["unique_name"], one["users"]) for one in (sends, reads)] == [
        ("cmo", ["cmo@contoso.example", "documents@contoso.example"]),
        ("reads", ["in@contoso.example", "new@contoso.example"]),
    ]
    assert [one["permissions"][0]["application"] for one in (sends, reads)] == [
        ["Mail.Send", "Mail.Read", "Mail.ReadWrite"], ["Mail.Read", "Mail.ReadWrite"],
    ]
    found = plan["targets"][0]["settings"]
    assert found["Mail.DocumentImport.EmailClient.Microsoft365.ConfidentialApp.ClientId"] == {
        "fact": "client_id", "application": f"{TENANT}/cmo",
    }
    assert found["Mail.NewAction.EmailClient.Microsoft365.ConfidentialApp.ClientId"] is None


def test_people_sign_in_to_a_public_client_and_nothing_is_proved_for_them() -> None:
    plan = make(graph(
        mail_cmo={"path": r"C:\cmo\web.config", "integration_type": "Public", **FOR_PEOPLE},
        mail_receive__username="robot@contoso.example",
        mail_verify={"recipient": "p@contoso.example", "receive": READER, "refused_mailbox": "ceo@contoso.example"},
    ))
    [application] = plan["applications"]
    assert (application["credential"], application["public_client"], application["users"]) == ("none", True, [])
    assert application["redirect_uris"] == {"public_client": ["http://localhost"]}
    assert application["permissions"] == [{
        "resource": "Microsoft Graph", "application": [],
        "delegated": ["Mail.Send", "Mail.Read", "Mail.ReadWrite", "offline_access"],
    }]
    assert (application["exchange"], plan["checks"]) == (None, [])
    assert plan["unproven"] == ["sending (a token cache on the server)", "receiving (a token cache on the server)"]
    _site, helper, cache = plan["targets"]
    assert helper["path"] == r"C:\cmo\tool\CMO.Microsoft365TokenHelper.exe.config"
    assert helper["settings"] == {
        "ClientId": {"fact": "client_id", "application": f"{TENANT}/cmo"}, "TenantId": TENANT,
        "RedirectUri": "http://localhost", "CacheFileName": "cmo_msal_cache.dat", "CacheDirectory": r"C:\cmo\cache",
    }
    assert (cache["kind"], cache["path"]) == ("token_cache", r"C:\cmo\cache\cmo_msal_cache.dat")
    assert (cache["account"], "reader" in cache) == ("cmo@contoso.example, robot@contoso.example", False)
    pool = {"application_pool": "CMO", "integration_type": "Public", "path": "/w", **FOR_PEOPLE}
    assert make(graph(mail_cmo=pool))["targets"][2]["reader"] == r"IIS AppPool\CMO"
    assert make(graph(mail_cmo={**pool, "runs_as": r"CONTOSO\cmo"}))["targets"][2]["reader"] == r"CONTOSO\cmo"


def test_the_pool_is_recycled_unless_there_is_another_command() -> None:
    assert make(graph(mail_cmo__application_pool="CMO"))["restart_command"] == [
        r"C:\Windows\System32\inetsrv\appcmd.exe", "recycle", "apppool", "/apppool.name:CMO",
    ]
    assert make(graph(mail_restart_command=["iisreset"]))["restart_command"] == ["iisreset"]


def test_a_service_account_opens_googles_mailboxes_and_its_key_is_brought_to_the_server() -> None:
    google = {"unique_name": "cmo-google", "key_file": "keys/cmo.json", "server_path": r"C:\cmo\google.p12"}
    by_google = {"authentication": "google_service_account"}
    plan = make(graph(
        mail_send={"transport": "smtp", "from": "cmo@example.org", **by_google}, mail_google=google,
        mail_cmo__new_action={"mailbox": "new@contoso.example"},
        mail_verify={"recipient": "p@contoso.example", "receive": READER},
    ))
    assert [(one["identity"], one["unique_name"], one["users"]) for one in plan["applications"]] == [
        ("entra", "cmo", ["in@contoso.example", "new@contoso.example"]), ("google", "cmo-google", ["cmo@example.org"]),
    ]
    # Entra ID knows none of Google's users.
    assert plan["users"] == ["in@contoso.example", "new@contoso.example"]
    key, site = plan["targets"]
    assert (key["kind"], key["path"], key["key_file"]) == ("key_file", r"C:\cmo\google.p12", "keys/cmo.json")
    assert site["settings"]["Mail.Sending.Smtp.GoogleOAuth2.ServiceAccount"] == {
        "fact": "service_account", "application": "google/cmo-google",
    }
    sent = plan["checks"][0]["send"]
    assert (sent["host"], sent["port"], sent["mailbox"]) == ("smtp.gmail.com", 587, "cmo@example.org")
    assert sent["google"] == {"key_file": "keys/cmo.json"}
    everywhere = examine(graph(
        mail_send={"transport": "smtp", "from": "cmo@example.org", **by_google}, mail_google=google, mail_receive=...,
        mail_app=..., mail_entra=..., mail_verify={
            "recipient": "p@contoso.example", "receive": {**READER, "tenant_id": TENANT},
            "refused_mailbox": "ceo@example.org",
        },
    ))[0]
    assert everywhere["unproven"] == ["a refusal of ceo@example.org (Google's delegation is for a whole domain)"]


# -- refusals ------------------------------------------------------------------------------------------------------

FURTHER = {"mailbox": "new@contoso.example"}


@pytest.mark.parametrize(("settings", "problem"), [
    (basic(mail_send__authentication="oauth2", mail_send__username=..., mail_send__password=...),
     "mail_send.authentication: 'oauth2' is not possible with cmo over smtp, which has no OAuth of Microsoft's; use"),
    (graph(mail_cmo__integration_type=...), "mail_cmo.integration_type: is required with graph, and has no default"),
    (graph(mail_send__object_id="cmo@contoso.example"), "mail_send.object_id: 'cmo@contoso.example' is no GUID; write"),
    (graph(mail_cmo__new_action={**FURTHER, "object_id": "x"}), "mail_cmo.new_action.object_id: 'x' is no GUID"),
    (graph(mail_cmo__new_action={**FURTHER, "transport": "imap"}), "mail_cmo.new_action.transport: cannot be set"),
    (graph(mail_cmo__document_import={**FURTHER, "tls": "none"}), "mail_cmo.document_import.tls: cannot be set"),
    (basic(mail_send__tls="starttls_optional"),
     "mail_send.tls: 'starttls_optional' cannot be expressed by cmo, which either uses TLS or does not; use none,"),
    (basic(mail_send__tls="auto"), "mail_send.tls: 'auto' cannot be expressed"),
    (basic(mail_receive__tls="starttls", mail_receive__port=993), "mail_receive.tls: 'starttls' is not possible"),
    (basic(mail_receive__tls="implicit", mail_receive__port=143), "mail_receive.tls: 'implicit' is not possible"),
    (basic(mail_send__port=465, mail_send__tls="starttls"), "mail_send.tls: 'starttls' is not possible with port 465"),
    (basic(mail_send__host="smtp.office365.com", mail_send__tls="none"), "mail_send.tls: 'none' is not possible with"),
    (basic(mail_send__password=...), "mail_send.password: is required with authentication basic"),
    (basic(mail_send__username=...), "mail_send.username: is required with authentication basic"),
    (basic(mail_receive__host=...), "mail_receive.host: is required with transport imap"),
    (basic(mail_receive__mailbox=...), "mail_receive.mailbox: is required"),
    (basic(mail_send__authentication="none"), "mail_send.username: is not used with authentication none; remove it"),
    (basic(mail_cmo__new_action=FURTHER), "mail_cmo.new_action.password: is required with authentication basic"),
    (graph(mail_send__from=...), "mail_send.from: is required"),
    (graph(mail_send__override=["a@b.example"]), "mail_send.override: is not used with cmo; remove it"),
    (graph(mail_send__port=25), "mail_send.port: is not used with transport graph; remove it"),
    (graph(mail_send__grant="authorization_code"),
     "mail_send.grant: 'authorization_code' is not possible with cmo; use"),
    (graph(mail_send__app="other"), "mail_send.app: 'other' is the unique_name of neither mail_app nor one of"),
    (graph(mail_apps=[{"unique_name": "x", "name": "X"}]), "mail_apps[0]: the product does not sign in as 'x'; remove"),
    (graph(mail_apps=[{"unique_name": "cmo", "name": "X"}], mail_send__app="cmo"),
     "mail_app.unique_name: 'cmo' is another one's name as well"),
    (graph(mail_app=...), "mail_app: is required; the product signs in as an application of its own"),
    (graph(mail_entra=...), "mail_entra.tenant_id: is required"),
    (graph(mail_receive=..., mail_cmo__new_action=FURTHER),
     "mail_cmo.new_action: inherits from mail_receive, which is"),
    (graph(mail_receive={"transport": "mapi"}, mail_cmo__new_action=FURTHER),
     "mail_cmo.new_action: is not possible with"),
    (graph(mail_cmo__integration_type="Public"), "mail_cmo.redirect_uri: is required with the integration type Public"),
    (graph(mail_cmo__cache_folder="x"),
     "mail_cmo.cache_folder: is about the integration type Public, which no mailbox"),
    (graph(mail_cmo__redirect_uri="http://cmo.example"), "mail_cmo.redirect_uri: 'http://cmo.example' must be https"),
    (graph(mail_cmo={"path": "/w", "integration_type": "Public", **FOR_PEOPLE}, mail_receive__app="y",
           mail_apps=[{"unique_name": "y", "name": "Y"}]), "mail_receive.app: must be the one of mail_send"),
    (graph(mail_send__username="x@contoso.example"), "mail_send.username: is the account of a person, which the"),
    (graph(mail_cmo__application_pool="CMO", mail_restart_command=["x"]),
     "mail_cmo.application_pool: excludes mail_re"),
    (graph(mail_cmo__aplication_pool="C"), "mail_cmo.aplication_pool: unknown; did you mean application_pool?"),
    (graph(mail_cmo=...), "mail_cmo: is required"),
    (graph(mail_access={"model": "rbac"}), "mail_access.model: is about SMTP with OAuth"),
    (basic(mail_send__password=""), "mail_send.password: is empty"),
    (basic(mail_receive={"transport": "imap", "mailbox": "a@b.example", "authentication": "google_service_account"}),
     "mail_google: is required"),
    (basic(mail_receive={"transport": "imap", "mailbox": "a@b.example", "authentication": "google_service_account"},
           mail_google={"unique_name": "g", "key_file": "k"}), "mail_google.server_path: is required with cmo"),
])
def test_what_is_refused(settings: dict[str, Any], problem: str) -> None:
    problems = examine(settings)[1]
    assert problem in [one[: len(problem)] for one in problems]
