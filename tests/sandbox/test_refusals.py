"""Faults of the kind ``refuse``: what a raw client hears at each face, and that everything goes on when it is over."""

from __future__ import annotations

import base64
import imaplib
import re
import smtplib
from typing import Any

import httpx
import pytest
from google_client import ORDERS, RETURNS, xoauth2
from graph_client import token_of
from m365_sandbox.process.refusals import REFUSALS
from mail_client import (
    CONTRACTS,
    HOST,
    PROBE,
    Wire,
    imap,
    letter,
    mail_app,
    messages_in,
    port,
    submission,
    switch_smtp_on,
    trust,
)
from person_fixture import GRAPH, Product, body, refused
from sandbox_fixture import ControlRefused, RunningSandbox


def refuse(sandbox: RunningSandbox, face: str, code: str, **options: Any) -> None:
    """The face refuses once, or as the options say."""
    sandbox.control("POST", "/faults", {"face": face, "kind": "refuse", "code": code, "count": 1, **options})


# -- Entra --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "error", "status", "text"), [
    (90038, "invalid_request", 400,
     "Tenant '{product.tenant_id}' request is being redirected to the National Cloud 'microsoftonline.us'."),
    (650052, "invalid_client", 401,
     "The app is trying to access a service '00000002-0000-0ff1-ce00-000000000000'(Office 365 Exchange Online) that "
     "your organization '{product.tenant_id}' lacks a service principal for. Contact your IT Admin to review the "
     "configuration of your service subscriptions or consent to the application in order to create the required "
     "service principal."),
    (90008, "invalid_request", 400,
     "The user or administrator has not consented to use the application with ID '{product.app_id}'(Product). This "
     "happened because application is misconfigured: it must require access to Microsoft Graph by specifying at least "
     "'Sign in and read user profile' permission."),
    (50196, "invalid_grant", 400,
     "The server terminated an operation because it encountered a client request loop. Please contact your app "
     "vendor."),
])
def test_the_token_endpoint(clean: RunningSandbox, number: int, error: str, status: int, text: str) -> None:
    product = Product(clean)
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    refuse(clean, "identity", f"AADSTS{number}", path="/token$", methods=["POST"])
    answer = product.token(**form)
    said = refused(answer, number, error, status=status)
    assert said.partition(" Trace ID: ")[0] == f"AADSTS{number}: {text.format(product=product)}"
    assert re.search(r" Trace ID: \S{36} Correlation ID: \S{36} Timestamp: [\d-]{10} [\d:]{8}Z$", said)
    assert answer.headers["x-ms-clitelem"] == f"1,{number},0,,"
    assert body(product.token(**form))["token_type"] == "Bearer"


def test_entras_pages(clean: RunningSandbox) -> None:
    product = Product(clean)
    refuse(clean, "identity", "AADSTS50020", path="/login$")
    person = product.person().open(product.address()).press("Next", name=CONTRACTS)
    assert (person.response.status_code, person.arrived) == (400, None)
    assert (
        "AADSTS50020: User account '{EmailHidden}' from identity provider 'live.com' does not exist in tenant "
        f"'Contoso' and cannot access the application '{product.app_id}'(Product) in that tenant."
    ) in person.text
    assert product.code(product.person())


def test_entra_tells_the_application_where_nobody_may_be_asked(clean: RunningSandbox) -> None:
    product = Product(clean)
    person = product.person()
    product.code(person)
    refuse(clean, "identity", "AADSTS53000")
    answer = person.open(product.address(prompt="none")).answer
    assert answer["error"] == "interaction_required"
    assert answer["error_description"].startswith("AADSTS53000: Device is not in required device state: compliant. ")
    assert answer["state"] == "s t&a=te"
    assert "code" in person.open(product.address(prompt="none")).answer


def test_an_application_that_entra_does_not_know_is_told_so_nevertheless(clean: RunningSandbox) -> None:
    product = Product(clean)
    refuse(clean, "identity", "AADSTS650056")
    refused(product.token(client_id="00000000-0000-0000-0000-000000000001"), 700016, "unauthorized_client")


# -- Graph --------------------------------------------------------------------------------------------------------


def test_graph(clean: RunningSandbox) -> None:
    app = mail_app(clean)
    mail, _ = letter(CONTRACTS, PROBE)
    with httpx.Client(
        base_url=f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0", verify=clean.tls, trust_env=False, timeout=60,
        headers={"Authorization": f"Bearer {token_of(clean, app.app_id)}", "Content-Type": "text/plain"},
    ) as graph:
        refuse(clean, "graph", "UnknownError", path="/sendMail$", count=2)
        send = {"url": f"/users/{CONTRACTS}/sendMail", "content": base64.b64encode(mail.encode())}
        answer = graph.post(**send)
        error = answer.json()["error"]
        assert (answer.status_code, error.pop("innerError")["request-id"], error) == (
            401, answer.headers["request-id"], {"code": "UnknownError", "message": ""},
        )
        batch = graph.post("/$batch", headers={"Content-Type": "application/json"}, json={"requests": [
            {"id": "1", "method": "POST", "url": f"/users/{CONTRACTS}/sendMail", "body": {"message": {}},
             "headers": {"Content-Type": "application/json"}},
        ]}).json()["responses"]
        assert [(one["status"], one["body"]["error"]["code"]) for one in batch] == [(401, "UnknownError")]
        assert graph.post(**send).status_code == 202
        # Whoever shows no token of Graph's hears that first.
        refuse(clean, "graph", "UnknownError")
        assert graph.get(f"/users/{CONTRACTS}/messages", headers={"Authorization": "Bearer x"}).json()["error"][
            "code"
        ] == "InvalidAuthenticationToken"


# -- submission ---------------------------------------------------------------------------------------------------


def test_the_end_of_the_data(clean: RunningSandbox) -> None:
    switch_smtp_on(clean)
    app = mail_app(clean, CONTRACTS)
    refuse(clean, "smtp", "550 5.7.705")
    with submission(clean, app, CONTRACTS) as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail(CONTRACTS, PROBE, letter(CONTRACTS, PROBE, "Refused")[0])
        assert (caught.value.smtp_code, caught.value.smtp_error) == (
            550, b"5.7.705 Access denied, tenant has exceeded threshold",
        )
        client.sendmail(CONTRACTS, PROBE, letter(CONTRACTS, PROBE, "Taken")[0])
    with imap(clean, mail_app(clean, PROBE), PROBE) as reader:
        subjects = [line for one in messages_in(reader) for line in one.splitlines() if line.startswith(b"Subject:")]
    assert subjects == [b"Subject: Taken"]


def test_421_ends_the_connection(clean: RunningSandbox) -> None:
    switch_smtp_on(clean)
    app = mail_app(clean, CONTRACTS)
    refuse(clean, "smtp", "421 4.4.2")
    with submission(clean, app, CONTRACTS) as client:
        assert client.mail(CONTRACTS) == (
            421, b"4.4.2 Message submission rate for this client has exceeded the configured limit",
        )
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
    with submission(clean, app, CONTRACTS) as client:
        assert client.mail(CONTRACTS)[0] == 250


def test_a_refused_sign_in_leaves_the_session_as_it_is(clean: RunningSandbox) -> None:
    refuse(clean, "gmail_smtp", "534 5.7.9")
    with smtplib.SMTP_SSL(HOST, port(clean, "gmail_smtps"), context=trust(clean), timeout=60) as client:
        client.ehlo()
        assert client.docmd("AUTH", f"XOAUTH2 {xoauth2(clean)}")[0] == 534
        assert client.noop()[0] == 250
        # Nobody is signed in.
        assert client.mail(ORDERS)[0] == 530
        assert client.docmd("AUTH", f"XOAUTH2 {xoauth2(clean)}")[0] == 235


def test_gmail_word_for_word(clean: RunningSandbox) -> None:
    with Wire(clean, "gmail_smtps") as wire:
        wire.line()
        wire.reply("EHLO x")
        refuse(clean, "gmail_smtp", "534 5.7.9")
        first, second = wire.reply(f"AUTH XOAUTH2 {xoauth2(clean)}")
        assert first == "534-5.7.9 Application-specific password required. For more information, go to"
        assert re.fullmatch(
            r"534 5\.7\.9  https://support\.google\.com/mail/\?p=InvalidSecondFactor \S+ - gsmtp", second
        )
        refuse(clean, "gmail_smtp", "454 4.7.0")
        [said] = wire.reply(f"AUTH XOAUTH2 {xoauth2(clean)}")
        assert re.fullmatch(r"454 4\.7\.0 Too many login attempts, please try again later\. \S+ - gsmtp", said)
        assert wire.reply(f"AUTH XOAUTH2 {xoauth2(clean)}") == ["235 2.7.0 Accepted"]
        refuse(clean, "gmail_smtp", "550 5.4.5")
        wire.reply(f"MAIL FROM:<{ORDERS}>")
        # It is said once there is a recipient.
        assert wire.reply("DATA")[0].startswith("503 ")
        wire.reply(f"RCPT TO:<{RETURNS}>")
        assert wire.reply("DATA")[:2] == [
            "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail",
            "550-5.4.5 sending limits go to",
        ]
        assert wire.reply("DATA")[0].startswith("354 ")


# -- IMAP and POP3 ------------------------------------------------------------------------------------------------


def test_imap(clean: RunningSandbox) -> None:
    words = "Request is throttled. Suggested Backoff Time: 92415 milliseconds"
    with imap(clean, mail_app(clean, PROBE), PROBE) as client:
        refuse(clean, "imap", "Request is throttled", count=2)
        with pytest.raises(imaplib.IMAP4.error, match=re.escape(words)):
            client.select()
        with pytest.raises(imaplib.IMAP4.error, match=re.escape(words)):
            client.append("INBOX", "", "", b"Subject: x\r\n\r\nx\r\n")
        assert client.capability()[0] == "OK"
        assert client.select()[0] == "OK"


@pytest.mark.parametrize("face", ["imap", "pop3", "gmail_imap", "gmail_pop3"])
def test_a_connection_that_is_cut(clean: RunningSandbox, face: str) -> None:
    clean.control("POST", "/faults", {"face": face, "kind": "disconnect", "count": 1})
    with Wire(clean, face) as wire:
        assert wire.line() == ""
    with Wire(clean, face) as wire:
        assert wire.line().startswith("* OK" if "imap" in face else "+OK")


# -- what makes no sense ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "words"), [
    ({"face": "identity"}, "refuse needs a code"),
    ({"face": "identity", "code": ["AADSTS50020"]}, "refuse needs a code, which is text"),
    ({"face": "identity", "code": "AADSTS1"}, f"code must be one of {', '.join(REFUSALS['identity'])}"),
    ({"face": "graph", "code": "AADSTS90038"}, "code must be one of UnknownError"),
    ({"face": "smtp", "code": "534 5.7.9"}, f"code must be one of {', '.join(REFUSALS['smtp'])}"),
    ({"face": "outlook", "code": "x"}, "outlook refuses with no code"),
    ({"face": "pop3", "code": "x"}, "pop3 refuses with no code"),
    ({"face": "smtp", "code": "430 4.2.0", "path": "x"}, "and no path"),
    ({"face": "graph", "kind": "throttle", "code": "UnknownError"}, "nothing else has one"),
    ({"face": "graph", "code": "UnknownError", "when": "after"}, "only unavailable and disconnect"),
])
def test_a_refusal_that_makes_no_sense(clean: RunningSandbox, fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ControlRefused) as caught:
        clean.control("POST", "/faults", {"kind": "refuse", **fault})
    assert words in caught.value.body["error"]
    assert clean.control("GET", "/faults") == {"value": []}


def test_a_refusal_strikes_as_often_as_it_says(clean: RunningSandbox) -> None:
    product = Product(clean)
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    refuse(clean, "identity", "AADSTS50196", count=6, rate=0.5, seed=1)
    codes = [product.token(**form).status_code for _ in range(40)]
    assert codes.count(400) == 6
    assert codes[:6] != [400] * 6
