"""What Exchange's administration does to the faces that people and products use: Graph, IMAP, POP3, SMTP."""

from __future__ import annotations

import imaplib
import smtplib
from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange
from graph_client import ALL, GRAPH, Graph, refusal
from mail_client import CONTRACTS, PROBE, MailApp, imap, letter, mail_app, pop3, submission
from sandbox_fixture import RunningSandbox

DENIED = (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
BLOCKED = (
    403, "ErrorAccessDenied",
    "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
)
MESSAGE = {
    "message": {
        "subject": "Scoped", "body": {"contentType": "Text", "content": "Hello"},
        "toRecipients": [{"emailAddress": {"address": CONTRACTS}}],
    },
}


@pytest.fixture
def exchange(clean: RunningSandbox) -> Exchange:
    return Exchange(clean, ADMINISTRATOR)


def register(exchange: Exchange, app_id: str, object_id: str) -> None:
    exchange.run("New-ServicePrincipal", AppId=app_id, ObjectId=object_id)


def limit(exchange: Exchange, app_id: str, role: str, address: str) -> None:
    """Assign a role for one mailbox."""
    exchange.run("New-ManagementScope", Name="One", RecipientRestrictionFilter=f"PrimarySmtpAddress -eq '{address}'")
    exchange.run("New-ManagementRoleAssignment", App=app_id, Role=role, CustomResourceScope="One")


# -- IMAP, POP3, SMTP with permissions --------------------------------------------------------------------------------


def open_imap(app: MailApp) -> None:
    with imap(app.sandbox, app, PROBE) as client:
        assert client.select("INBOX")[0] == "OK"


def test_from_nothing_to_imap_and_back(exchange: Exchange) -> None:
    app = mail_app(exchange.sandbox, known=False)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"):
        open_imap(app)
    register(exchange, app.app_id, app.object_id)
    with pytest.raises(imaplib.IMAP4.error, match="User is authenticated but not connected"):
        open_imap(app)
    right = {"Identity": PROBE, "User": app.object_id, "AccessRights": ["FullAccess"]}
    exchange.run("Add-MailboxPermission", **right, AutoMapping=False)
    open_imap(app)
    exchange.run("Add-MailboxPermission", **right, Deny=True)
    with pytest.raises(imaplib.IMAP4.error, match="not connected"):
        open_imap(app)
    exchange.run("Remove-MailboxPermission", **right, Deny=True, Confirm=False)
    open_imap(app)
    exchange.run("Set-CASMailbox", Identity=PROBE, ImapEnabled=False)
    with pytest.raises(imaplib.IMAP4.error, match="not connected"):
        open_imap(app)
    with pop3(exchange.sandbox, app, PROBE) as client:
        assert client.stat() == (0, 0)


def test_wrong_object_id_cannot_sign_in(exchange: Exchange) -> None:
    added = exchange.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Mail", "roles": {
            "00000002-0000-0ff1-ce00-000000000000": ["IMAP.AccessAsApp"],
        }},
    )
    app = MailApp(exchange.sandbox, added["appId"], added["servicePrincipalId"])
    exchange.sandbox.control("PATCH", "/tenant/exchange-behaviour", {"ChecksServicePrincipals": False})
    register(exchange, app.app_id, added["id"])
    exchange.run("Add-MailboxPermission", Identity=PROBE, User=added["id"], AccessRights="FullAccess")
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"):
        open_imap(app)


def test_deletion_in_entra_ends_the_sign_in_at_once(exchange: Exchange) -> None:
    app = mail_app(exchange.sandbox, PROBE)
    open_imap(app)
    token = app.token()
    Graph(exchange.sandbox, *ALL).delete(f"/servicePrincipals/{app.object_id}").raise_for_status()
    # A token from before is still signed and in its time.
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"), imap(
        exchange.sandbox, StaleToken(app, token), PROBE
    ):
        pass


class StaleToken(MailApp):
    """An application that goes on using one token."""

    def __init__(self, app: MailApp, token: str) -> None:
        super().__init__(app.sandbox, app.app_id, app.object_id)
        object.__setattr__(self, "_token", token)

    def token(self, **_: Any) -> str:
        token: str = object.__getattribute__(self, "_token")
        return token


def send(app: MailApp, sender: str, mailbox: str = PROBE) -> None:
    text, _ = letter(sender, CONTRACTS)
    with submission(app.sandbox, app, mailbox) as client:
        client.sendmail(sender, [CONTRACTS], text)


def test_smtp_switches_of_organisation_and_mailbox(exchange: Exchange) -> None:
    app = mail_app(exchange.sandbox, PROBE)
    with pytest.raises(smtplib.SMTPAuthenticationError, match="disabled for the Tenant"):
        send(app, PROBE)
    exchange.run("Set-CASMailbox", Identity=PROBE, SmtpClientAuthenticationDisabled=False)
    send(app, PROBE)
    exchange.run("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    exchange.run("Set-CASMailbox", Identity=PROBE, SmtpClientAuthenticationDisabled=True)
    with pytest.raises(smtplib.SMTPAuthenticationError, match="disabled for the Mailbox"):
        send(app, PROBE)


def test_send_as_another(exchange: Exchange) -> None:
    app = mail_app(exchange.sandbox, PROBE)
    exchange.run("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    with pytest.raises(smtplib.SMTPDataError, match="SendAsDenied"):
        send(app, CONTRACTS)
    exchange.run(
        "Add-RecipientPermission", Identity=CONTRACTS, Trustee=app.object_id, AccessRights="SendAs", Confirm=False
    )
    send(app, CONTRACTS)


# -- SMTP by role -----------------------------------------------------------------------------------------------------


def test_smtp_by_role_needs_no_permission_and_no_full_access(exchange: Exchange) -> None:
    exchange.run("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    app = mail_app(exchange.sandbox, roles=(), known=False)
    with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
        send(app, PROBE)
    register(exchange, app.app_id, app.object_id)
    limit(exchange, app.app_id, "Application SMTP.SendAsApp", PROBE)
    send(app, PROBE)
    with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
        send(app, CONTRACTS, CONTRACTS)
    with pytest.raises(smtplib.SMTPDataError, match="SendAsDenied"):
        send(app, CONTRACTS)


def test_granting_the_permission_beside_the_role_brings_full_access_back(exchange: Exchange) -> None:
    exchange.run("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    app = mail_app(exchange.sandbox, roles=("SMTP.SendAsApp",))
    limit(exchange, app.app_id, "Application SMTP.SendAsApp", PROBE)
    with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
        send(app, PROBE)
    app.may_open(PROBE)
    send(app, PROBE)


def test_a_role_for_smtp_is_none_for_imap(exchange: Exchange) -> None:
    app = mail_app(exchange.sandbox, PROBE, roles=())
    limit(exchange, app.app_id, "Application SMTP.SendAsApp", PROBE)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"):
        open_imap(app)


# -- Graph ------------------------------------------------------------------------------------------------------------


def test_scoped_role_without_any_grant_in_entra(exchange: Exchange) -> None:
    graph = Graph(exchange.sandbox)
    assert refusal(graph.post(f"/users/{PROBE}/sendMail", json=MESSAGE)) == DENIED
    register(exchange, graph.app_id, graph.object_id)
    limit(exchange, graph.app_id, "Application Mail.Send", PROBE)
    assert graph.post(f"/users/{PROBE}/sendMail", json=MESSAGE).status_code == 202
    assert refusal(graph.post(f"/users/{CONTRACTS}/sendMail", json=MESSAGE)) == DENIED
    assert refusal(graph.get(f"/users/{PROBE}/messages")) == DENIED
    exchange.run("New-ManagementRoleAssignment", App=graph.app_id, Role="Application Mail.ReadBasic")
    sent, = graph.values(f"/users/{PROBE}/mailFolders/sentitems/messages")
    assert (sent["subject"], "body" in sent) == ("Scoped", False)
    exchange.run("New-ManagementRoleAssignment", App=graph.app_id, Role="Application Mail.Read")
    sent, = graph.values(f"/users/{PROBE}/mailFolders/sentitems/messages")
    assert sent["body"]["content"].strip() == "Hello"
    assert graph.get("/users/unlicensed@contoso.example/messages").status_code == 404


def test_grant_in_entra_defeats_the_scope(exchange: Exchange) -> None:
    graph = Graph(exchange.sandbox, "Mail.Send")
    register(exchange, graph.app_id, graph.object_id)
    limit(exchange, graph.app_id, "Application Mail.Send", PROBE)
    assert graph.post(f"/users/{CONTRACTS}/sendMail", json=MESSAGE).status_code == 202


def test_access_policy_limits_the_grant_but_not_the_role(exchange: Exchange) -> None:
    graph = Graph(exchange.sandbox, "Mail.Send")
    exchange.run("New-DistributionGroup", Name="Allowed", Type="Security", Members=[PROBE])
    exchange.run(
        "New-ApplicationAccessPolicy", AccessRight="RestrictAccess", AppId=graph.app_id, PolicyScopeGroupId="Allowed"
    )
    assert graph.post(f"/users/{PROBE}/sendMail", json=MESSAGE).status_code == 202
    assert refusal(graph.post(f"/users/{CONTRACTS}/sendMail", json=MESSAGE)) == BLOCKED
    register(exchange, graph.app_id, graph.object_id)
    limit(exchange, graph.app_id, "Application Mail.Send", CONTRACTS)
    assert graph.post(f"/users/{CONTRACTS}/sendMail", json=MESSAGE).status_code == 202


def test_role_of_a_pointer_with_another_object_id_is_worth_nothing(exchange: Exchange) -> None:
    added = exchange.sandbox.control(
        "POST", "/tenant/applications", {"displayName": "Scoped", "roles": {GRAPH: []}}
    )
    exchange.sandbox.control("PATCH", "/tenant/exchange-behaviour", {"ChecksServicePrincipals": False})
    register(exchange, added["appId"], added["id"])
    exchange.run("New-ManagementRoleAssignment", App=added["appId"], Role="Application Mail.Send")
    token = exchange.sandbox.control("POST", "/tenant/tokens", {"appId": added["appId"], "resource": GRAPH})
    graph = Graph(exchange.sandbox, token=token["access_token"])
    assert refusal(graph.post(f"/users/{PROBE}/sendMail", json=MESSAGE)) == DENIED
