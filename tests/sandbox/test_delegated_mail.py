"""A person's token on every mail face: the own mailbox, a shared one, and what is refused."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from typing import Any

import pytest
from exchange_client import Exchange
from graph_client import DENIED, Graph, body, done, refusal
from mail_client import Wire, imap, letter, mail_app, messages_in, pop3, sasl, submission, switch_smtp_on
from person_fixture import ADMIN, CONTRACTS, GRAPH, OUTLOOK, Product
from person_fixture import body as token_body
from sandbox_fixture import RunningSandbox

SHARED = "shared@contoso.example"
TICKETS = "tickets@contoso.example"
MAIL_SCOPES = ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"]
ACCESS_DENIED = (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


class Somebody:
    """A person whose client goes to the mail faces with their token, as ``MailApp`` goes with an application's."""

    def __init__(self, product: Product, user: str = CONTRACTS) -> None:
        self.product = product
        scope = f"offline_access {OUTLOOK}/.default"
        self.refresh = token_body(product.redeem(product.code(user=user, scope=scope)))["refresh_token"]

    def sasl(self, mailbox: str, resource: str = OUTLOOK) -> str:
        """The SASL XOAUTH2 response for a mailbox."""
        answer = token_body(self.product.refresh(self.refresh, scope=f"{resource}/.default"))
        return sasl(mailbox, answer["access_token"])


def somebody(sandbox: RunningSandbox, *scopes: str, user: str = CONTRACTS, graph: tuple[str, ...] = ()) -> Somebody:
    """Whoever has signed in to a product that has these permissions."""
    switch_smtp_on(sandbox)
    granted = {OUTLOOK: list(scopes or MAIL_SCOPES), **({GRAPH: list(graph)} if graph else {})}
    return Somebody(Product(sandbox, scopes=granted), user)


def user_id(sandbox: RunningSandbox, user: str) -> str:
    return str(sandbox.control("PATCH", f"/tenant/users/{user}", {})["id"])


def let(sandbox: RunningSandbox, right: str, user: str = CONTRACTS, mailbox: str = SHARED) -> None:
    """Give a person FullAccess, SendAs or SendOnBehalf."""
    if right == "FullAccess":
        sandbox.control("POST", "/tenant/mailbox-permissions", {"Identity": mailbox, "User": user_id(sandbox, user)})
    elif right == "SendAs":
        sandbox.control(
            "POST", "/tenant/recipient-permissions", {"Identity": mailbox, "Trustee": user_id(sandbox, user)}
        )
    else:
        sandbox.control("PATCH", f"/tenant/mailboxes/{mailbox}", {"GrantSendOnBehalfTo": [user]})


def received(sandbox: RunningSandbox, mailbox: str = TICKETS, folder: str = "INBOX") -> list[bytes]:
    with imap(sandbox, mail_app(sandbox, mailbox), mailbox) as client:
        return messages_in(client, folder)


# -- IMAP, POP3, SMTP ---------------------------------------------------------------------------------------------


def test_the_own_mailbox(clean: RunningSandbox) -> None:
    person = somebody(clean)
    with submission(clean, person, CONTRACTS) as client:
        client.sendmail(CONTRACTS, [TICKETS, CONTRACTS], letter(CONTRACTS, TICKETS, "To both")[0])
    assert b"Subject: To both" in received(clean)[0]
    with imap(clean, person, CONTRACTS) as client:
        assert client.select("INBOX") == ("OK", [b"1"])
    with pop3(clean, person, CONTRACTS) as mailbox:
        assert mailbox.stat()[0] == 1


@pytest.mark.parametrize("scope", MAIL_SCOPES)
def test_each_face_has_its_scope(clean: RunningSandbox, scope: str) -> None:
    person = somebody(clean, scope)
    for name, opening, error, match in (
        ("IMAP.AccessAsUser.All", imap, imaplib.IMAP4.error, "AUTHENTICATE failed"),
        ("POP.AccessAsUser.All", pop3, poplib.error_proto, "Authentication failure: unknown user name or bad password"),
        ("SMTP.Send", submission, smtplib.SMTPAuthenticationError, "5.7.3 Authentication unsuccessful"),
    ):
        if name == scope:
            with opening(clean, person, CONTRACTS):
                pass
        else:
            with pytest.raises(error, match=match), opening(clean, person, CONTRACTS):
                pass


def test_a_token_for_graph_opens_no_mailbox(clean: RunningSandbox) -> None:
    person = somebody(clean, graph=("Mail.Read", "IMAP.AccessAsUser.All"))
    with Wire(clean, "imap") as wire:
        wire.line()
        assert wire.ask(f"1 AUTHENTICATE XOAUTH2 {person.sasl(CONTRACTS, GRAPH)}") == ["1 NO AUTHENTICATE failed."]


def test_another_mailbox_needs_full_access(clean: RunningSandbox) -> None:
    person = somebody(clean)
    with imap(clean, person, SHARED) as client, pytest.raises(imaplib.IMAP4.error, match="not connected"):
        client.select("INBOX")
    with pytest.raises(smtplib.SMTPAuthenticationError), submission(clean, person, SHARED):
        pass
    let(clean, "FullAccess")
    with imap(clean, person, SHARED) as client:
        assert client.select("INBOX")[0] == "OK"
    with pop3(clean, person, SHARED) as mailbox:
        assert mailbox.stat()[0] == 0


def test_the_switches_hold_for_persons_too(clean: RunningSandbox) -> None:
    person = somebody(clean)
    clean.control("PATCH", f"/tenant/mailboxes/{CONTRACTS}", {
        "ImapEnabled": False, "SmtpClientAuthenticationDisabled": True,
    })
    with imap(clean, person, CONTRACTS) as client, pytest.raises(imaplib.IMAP4.error, match="not connected"):
        client.select("INBOX")
    with (
        pytest.raises(smtplib.SMTPAuthenticationError, match="SmtpClientAuthentication is disabled for the Mailbox"),
        submission(clean, person, CONTRACTS),
    ):
        pass
    nobody = somebody(clean, user="unlicensed@contoso.example")
    with pytest.raises(smtplib.SMTPAuthenticationError), submission(clean, nobody, "unlicensed@contoso.example"):
        pass


@pytest.mark.parametrize("signed_in_as", [CONTRACTS, SHARED])
@pytest.mark.parametrize(("right", "sender"), [("FullAccess", None), ("SendAs", ""), ("SendOnBehalf", CONTRACTS)])
def test_sending_from_a_shared_mailbox(
    clean: RunningSandbox, right: str, sender: str | None, signed_in_as: str
) -> None:
    person = somebody(clean)
    let(clean, "FullAccess")
    let(clean, right)
    with submission(clean, person, signed_in_as) as client:
        message = letter(SHARED, TICKETS, "From the shared one")[0]
        if sender is None:
            with pytest.raises(smtplib.SMTPDataError, match=r"5\.2\.252 SendAsDenied"):
                client.sendmail(signed_in_as, [TICKETS], message)
        else:
            client.sendmail(signed_in_as, [TICKETS], message)
        client.sendmail(CONTRACTS, [TICKETS], letter(CONTRACTS, TICKETS, "As oneself")[0])
    mails = received(clean)
    if sender is None:
        assert [b"From the shared one" in mail for mail in mails] == [False]
        return
    (shared,) = (mail for mail in mails if b"From the shared one" in mail)
    assert f"From: {SHARED}".encode() in shared
    assert (f"Sender: {CONTRACTS}".encode() in shared) is bool(sender)


def test_exchange_administers_sending_on_behalf(clean: RunningSandbox) -> None:
    exchange = Exchange(clean, "Exchange Administrator")
    exchange.run("Set-Mailbox", Identity=SHARED, GrantSendOnBehalfTo=[CONTRACTS])
    (shown,) = exchange.run("Get-Mailbox", Identity=SHARED)
    assert len(shown["GrantSendOnBehalfTo"]) == 1
    (entity,) = (one for one in exchange.tenant("mailboxes").values() if one["address"] == SHARED)
    assert entity["GrantSendOnBehalfTo"] == [user_id(clean, CONTRACTS)]
    assert exchange.refusal("Set-Mailbox", Identity=SHARED, GrantSendOnBehalfTo=["nobody"])[0] == 404
    exchange.run("Set-Mailbox", Identity=SHARED, GrantSendOnBehalfTo=[])
    assert exchange.run("Get-Mailbox", Identity=SHARED)[0]["GrantSendOnBehalfTo"] == []


# -- Graph --------------------------------------------------------------------------------------------------------


def graph_of(sandbox: RunningSandbox, *scopes: str, user: str = CONTRACTS) -> Graph:
    product = Product(sandbox, scopes={GRAPH: list(scopes)})
    tokens = token_body(product.redeem(product.code(user=user, scope=f"{GRAPH}/.default")))
    return Graph(sandbox, token=tokens["access_token"])


def message(sender: str | None = None) -> dict[str, Any]:
    return {"message": {
        "subject": "By Graph", "body": {"contentType": "Text", "content": "Hello"},
        "toRecipients": [{"emailAddress": {"address": TICKETS}}],
        **({"from": {"emailAddress": {"address": sender}}} if sender else {}),
    }}


def test_me(clean: RunningSandbox) -> None:
    graph = graph_of(clean, "User.Read")
    me = body(graph.get("/me"))
    assert (me["userPrincipalName"], me["id"]) == (CONTRACTS, user_id(clean, CONTRACTS))
    assert me["@odata.context"].endswith("/v1.0/$metadata#users/$entity")
    assert body(graph.get(f"/users/{CONTRACTS}?$select=id")) == {
        "@odata.context": f"{graph.base_url}$metadata#users(id)/$entity", "id": me["id"],
    }
    assert refusal(graph.get(f"/users/{TICKETS}")) == DENIED
    assert refusal(graph.get("/me/messages")) == ACCESS_DENIED
    assert refusal(graph.post("/me/sendMail", json=message())) == ACCESS_DENIED


def test_my_mail(clean: RunningSandbox) -> None:
    graph = graph_of(clean, "Mail.ReadWrite", "Mail.Send", user=TICKETS)
    for _ in range(2):
        assert graph.post("/me/sendMail", json=message()).status_code == 202
    page = body(graph.get("/me/mailFolders/inbox/messages?$top=1&$select=subject"))
    assert "/v1.0/me/mailFolders/inbox/messages?" in page["@odata.nextLink"]
    assert len(body(graph.get(page["@odata.nextLink"]))["value"]) == 1
    (first,) = page["value"]
    assert body(graph.get(f"/me/messages/{first['id']}"))["from"]["emailAddress"]["address"] == TICKETS
    assert body(graph.patch(f"/me/messages/{first['id']}", json={"isRead": True}))["isRead"] is True
    assert body(graph.get("/me/mailFolders/inbox"))["totalItemCount"] == 2
    done(graph.delete(f"/me/messages/{first['id']}"))
    assert len(received(clean)) == 1
    inside = {"id": "1", "method": "GET", "url": "/me/mailFolders/inbox"}
    batch = body(graph.post("/$batch", json={"requests": [inside]}))
    assert batch["responses"][0]["body"]["totalItemCount"] == 1


def test_somebody_elses_mail_needs_a_shared_scope_and_access(clean: RunningSandbox) -> None:
    narrow, wide = graph_of(clean, "Mail.ReadWrite"), graph_of(clean, "Mail.Read.Shared")
    path = f"/users/{SHARED}/messages"
    assert refusal(wide.get(path)) == ACCESS_DENIED
    let(clean, "FullAccess")
    assert refusal(narrow.get(path)) == ACCESS_DENIED
    assert body(wide.get(path))["value"] == []
    assert body(wide.get("/me/messages"))["value"] == []
    assert refusal(wide.post(path, json={"subject": "A draft"})) == ACCESS_DENIED
    assert refusal(wide.get("/users/nobody@contoso.example/messages"))[:2] == (404, "ErrorInvalidUser")


@pytest.mark.parametrize("path", ["/me/sendMail", f"/users/{SHARED}/sendMail"])
@pytest.mark.parametrize(("right", "sender"), [(None, None), ("SendAs", ""), ("SendOnBehalf", CONTRACTS)])
def test_sending_from_a_shared_mailbox_by_graph(
    clean: RunningSandbox, path: str, right: str | None, sender: str | None
) -> None:
    graph = graph_of(clean, "Mail.Send", "Mail.Send.Shared")
    if right is not None:
        let(clean, right)
    response = graph.post(path, json=message(SHARED))
    if sender is None:
        assert refusal(response)[1] in ("ErrorSendAsDenied", "ErrorAccessDenied")
        assert received(clean) == []
        return
    assert response.status_code == 202, response.text
    (mail,) = received(clean)
    assert f"From: {SHARED}".encode() in mail
    assert (f"Sender: {CONTRACTS}".encode() in mail) is bool(sender)
    assert len(received(clean, CONTRACTS if path.startswith("/me") else SHARED, "Sent Items")) == 1


def test_an_application_has_no_me(clean: RunningSandbox) -> None:
    assert refusal(Graph(clean, "User.Read.All").get("/me"))[2] == (
        "/me request is only valid with delegated authentication flow."
    )


def test_the_directory_lets_members_read_and_administrators_write(clean: RunningSandbox) -> None:
    member = graph_of(clean, "Application.ReadWrite.All")
    assert len(member.values("/applications")) > 0
    assert refusal(member.post("/applications", json={"displayName": "Mine"})) == DENIED
    admin = graph_of(clean, "Application.ReadWrite.All", user=ADMIN)
    made = admin.application(displayName="The administrator's")
    assert [owner["userPrincipalName"] for owner in admin.values(f"/applications/{made['id']}/owners")] == [ADMIN]
