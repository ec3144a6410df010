"""A hybrid tenant: principal names that are no addresses, aliases, and one name that two users have."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest
from exchange_client import ADMINISTRATOR, Exchange
from graph_client import ALL, Graph, body, refusal
from mail_client import imap, letter, mail_app, messages_in, pop3, submission, switch_smtp_on
from sandbox_fixture import RunningSandbox

NAME, PRIMARY, ALIAS = "jdoe@contoso.onmicrosoft.com", "jane.doe@contoso.example", "j.doe@contoso.example"
# Somebody else's principal name is an alias of hers.
SHARED_NAME = "doe@contoso.example"
MAIL = ("Mail.Send", "Mail.ReadWrite")


@pytest.fixture
def hybrid(clean: RunningSandbox) -> RunningSandbox:
    clean.control("POST", "/tenant/users", {
        "userPrincipalName": NAME, "displayName": "Jane", "mail": PRIMARY, "aliases": [ALIAS, SHARED_NAME],
        "password": "a password",
    })
    clean.control("POST", "/tenant/users", {
        "userPrincipalName": SHARED_NAME, "displayName": "John", "mail": "john@contoso.example",
    })
    switch_smtp_on(clean)
    return clean


def subjects(sandbox: RunningSandbox, user: str, mailbox: str) -> list[bytes]:
    """What IMAP shows to an application with FullAccess to a mailbox."""
    with imap(sandbox, mail_app(sandbox, mailbox), user) as client:
        lines = [line for message in messages_in(client) for line in message.splitlines()]
    return sorted(line for line in lines if line.startswith(b"Subject: "))


def test_graph_shows_each_name_as_what_it_is(hybrid: RunningSandbox) -> None:
    graph = Graph(hybrid, *ALL)
    shown = body(graph.get(f"/users/{NAME}?$select=userPrincipalName,mail,proxyAddresses"))
    del shown["@odata.context"]
    assert shown == {
        "userPrincipalName": NAME, "mail": PRIMARY,
        "proxyAddresses": [f"SMTP:{PRIMARY}", f"smtp:{ALIAS}", f"smtp:{SHARED_NAME}"],
    }
    for address in (PRIMARY, ALIAS):
        assert refusal(graph.get(f"/users/{address}"))[:2] == (404, "Request_ResourceNotFound")
    assert body(graph.get(f"/users/{SHARED_NAME}"))["displayName"] == "John"
    for condition, names in (
        (f"mail eq '{PRIMARY}'", ["Jane"]), (f"mail eq '{ALIAS}'", []), (f"userPrincipalName eq '{PRIMARY}'", []),
        (f"proxyAddresses/any(x:x eq 'smtp:{ALIAS}')", ["Jane"]),
        (f"proxyAddresses/any(x:x eq 'smtp:{SHARED_NAME}')", ["Jane"]),
    ):
        assert [user["displayName"] for user in graph.values(f"/users?$filter={condition}")] == names


def test_exchange_finds_a_mailbox_by_each_of_its_names(hybrid: RunningSandbox) -> None:
    exchange = Exchange(hybrid, ADMINISTRATOR)
    for identity in (NAME, PRIMARY, ALIAS):
        (found,) = exchange.run("Get-Mailbox", Identity=identity)
        assert found["UserPrincipalName"] == NAME
        assert found["PrimarySmtpAddress"] == PRIMARY
        assert found["EmailAddresses"] == [f"SMTP:{PRIMARY}", f"smtp:{ALIAS}", f"smtp:{SHARED_NAME}"]
    status, text = exchange.refusal("Get-Mailbox", Identity=SHARED_NAME)
    assert (status, "matches multiple entries" in text) == (400, True)


def test_mail_goes_by_addresses_and_not_by_principal_names(hybrid: RunningSandbox) -> None:
    graph = Graph(hybrid, *MAIL)
    for address in (PRIMARY, ALIAS, SHARED_NAME, NAME):
        message = {"subject": f"To {address}", "toRecipients": [{"emailAddress": {"address": address}}]}
        assert graph.post("/users/contracts@contoso.example/sendMail", json={"message": message}).status_code == 202
    expected = [f"Subject: To {address}".encode() for address in sorted((PRIMARY, ALIAS, SHARED_NAME))]
    assert subjects(hybrid, PRIMARY, NAME) == expected
    assert subjects(hybrid, "john@contoso.example", "john@contoso.example") == []
    reports = graph.values("/users/contracts@contoso.example/mailFolders/inbox/messages")
    assert [report["subject"] for report in reports] == [f"Undeliverable: To {NAME}"]


def test_every_face_opens_the_mailbox_by_principal_name_and_address(hybrid: RunningSandbox) -> None:
    graph = Graph(hybrid, *MAIL)
    message = {"subject": "Once", "toRecipients": [{"emailAddress": {"address": ALIAS}}]}
    assert graph.post(f"/users/{NAME}/sendMail", json={"message": message}).status_code == 202
    for user in (NAME, PRIMARY, ALIAS):
        assert subjects(hybrid, user, NAME) == [b"Subject: Once"]
        assert [one["subject"] for one in graph.values(f"/users/{user}/mailFolders/inbox/messages")] == ["Once"]
        with pop3(hybrid, mail_app(hybrid, NAME), user) as client:
            assert len(client.list()[1]) == 1
    (received,) = graph.values(f"/users/{NAME}/mailFolders/inbox/messages")
    assert received["from"]["emailAddress"]["address"] == PRIMARY
    # A principal name that is also an address of another is its owner's.
    assert subjects(hybrid, SHARED_NAME, SHARED_NAME) == []


def test_a_mailbox_sends_as_its_addresses_and_not_as_its_principal_name(hybrid: RunningSandbox) -> None:
    app = mail_app(hybrid, NAME)

    def send(sender: str) -> None:
        with submission(hybrid, app, NAME) as client:
            client.sendmail(sender, ["probe@contoso.example"], letter(sender, "probe@contoso.example", sender)[0])

    send(PRIMARY)
    send(ALIAS)
    with pytest.raises(smtplib.SMTPResponseException, match="SendAsDenied"):
        send(NAME)
    found = subjects(hybrid, "probe@contoso.example", "probe@contoso.example")
    assert found == [f"Subject: {ALIAS}".encode(), f"Subject: {PRIMARY}".encode()]


def test_the_mail_of_a_user_without_a_mailbox_is_not_unique(hybrid: RunningSandbox) -> None:
    hybrid.control("POST", "/tenant/users", {
        "userPrincipalName": "contact@contoso.example", "displayName": "Contact", "mail": PRIMARY, "licensed": False,
    })
    found: list[dict[str, Any]] = Graph(hybrid, *ALL).values(f"/users?$filter=mail eq '{PRIMARY}'")
    assert sorted(user["displayName"] for user in found) == ["Contact", "Jane"]
