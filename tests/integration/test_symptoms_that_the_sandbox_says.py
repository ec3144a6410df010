"""What the sandbox's faces refuse with, as clients that are not ours hear it, is found in the table of symptoms."""

from __future__ import annotations

import base64
import imaplib
import poplib
import smtplib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._diagnosis import symptoms
from mail_world import PROBE, SENDER, MailWorld
from sandbox_fixture import RunningSandbox

OUTLOOK, GRAPH = "https://outlook.office365.com", "https://graph.microsoft.com"
UNLICENSED, NOBODY = "unlicensed@contoso.example", "nobody@contoso.example"
NO_ID = "00000000-0000-0000-0000-000000000001"


class Tongue:
    """Lets the sandbox speak: each function makes it refuse something, and gives its words."""

    def __init__(self, world: MailWorld) -> None:
        self.world, self.env, self.tls = world, world.sandbox.env, world.sandbox.tls
        self.known = world.may_send()
        self.stranger = world.application("Stranger", exchange=("SMTP.SendAsApp",))
        self.guest = world.application("Guest", exchange=("IMAP.AccessAsApp",))
        world.tell_exchange(self.guest)

    def token(self, **wrong: str) -> str:
        """The token endpoint's refusal."""
        asked = {
            "tenant": self.env["AZURE_TENANT_ID"], "client_id": self.known["appId"],
            "client_secret": self.known["secret"], **wrong,
        }
        with httpx.Client(verify=self.tls, trust_env=False) as http:
            answer = http.post(f"{self.env['AZURE_AUTHORITY_HOST']}/{asked.pop('tenant')}/oauth2/v2.0/token", data={
                "grant_type": "client_credentials", "scope": f"{GRAPH}/.default", **asked,
            })
        return str(answer.json()["error_description"])

    def smtp(self, application: Any = None, sender: str = SENDER, *, signs_in: bool = True) -> str:
        """Submission's refusal."""
        token = self.world.token(application or self.known, OUTLOOK)
        with smtplib.SMTP("127.0.0.1", int(self.env["M365_SANDBOX_SMTP_PORT"])) as smtp:
            smtp.starttls(context=self.tls)
            smtp.ehlo()
            if signs_in:
                said = smtp.docmd("AUTH", f"XOAUTH2 {base64.b64encode(xoauth2(SENDER, token)).decode()}")
                if said[0] != 235:
                    return words(said)
            with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)) as refused:
                smtp.sendmail(sender, PROBE, f"From: {sender}\r\nTo: {PROBE}\r\n\r\nx\r\n")
        return words((refused.value.smtp_code, refused.value.smtp_error))

    def smtp_off(self, *, mailbox: bool | None, organization: bool) -> str:
        """The same where SMTP AUTH is off."""
        self.world.smtp_auth(SENDER, disabled=mailbox)
        self.world.control("PATCH", "/tenant/transport-config", {"SmtpClientAuthenticationDisabled": organization})
        return self.smtp()

    def imap(self, token: str) -> str:
        """IMAP's refusal, of the sign-in or of what comes after."""
        port = int(self.env["M365_SANDBOX_IMAP_PORT"])
        with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=self.tls) as imap:
            try:
                imap.authenticate("XOAUTH2", lambda _challenge: xoauth2(SENDER, token))
                return str(imap.select())
            except imaplib.IMAP4.error as refused:
                return str(refused)

    def pop3(self, token: str) -> str:
        """POP3's refusal."""
        pop3 = poplib.POP3_SSL("127.0.0.1", int(self.env["M365_SANDBOX_POP3_PORT"]), context=self.tls)
        pop3._shortcmd("AUTH XOAUTH2")
        with pytest.raises(poplib.error_proto) as refused:
            pop3._shortcmd(base64.b64encode(xoauth2(SENDER, token)).decode())
        pop3.close()
        return str(refused.value)

    def graph(self, application: Any, mailbox: str) -> str:
        """Graph's refusal to send."""
        token = self.world.token(application, GRAPH)
        with httpx.Client(verify=self.tls, trust_env=False) as http:
            answer = http.post(
                f"{self.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users/{mailbox}/sendMail",
                headers={"Authorization": f"Bearer {token}"}, json={"message": {
                    "subject": "x", "body": {"contentType": "Text", "content": "x"},
                    "toRecipients": [{"emailAddress": {"address": PROBE}}],
                }},
            )
        error = answer.json()["error"]
        return f"{error['code']}: {error['message']}"


def xoauth2(user: str, token: str) -> bytes:
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def words(answer: tuple[int, bytes]) -> str:
    return f"{answer[0]} {answer[1].decode()}"


#: What the sandbox is made to say, and how the row begins that is meant.
SAID: dict[str, tuple[Callable[[Tongue], str], str]] = {
    "wrong secret": (lambda one: one.token(client_secret="wrong"), "AADSTS7000215"),
    "no such application": (lambda one: one.token(client_id=NO_ID), "AADSTS700016"),
    "no such tenant": (lambda one: one.token(tenant=NO_ID), "AADSTS90002"),
    "no secret": (lambda one: one.token(client_secret=""), "AADSTS7000218"),
    "unknown to Exchange": (lambda one: one.smtp(one.stranger), "535 5.7.3 "),
    "no sign-in": (lambda one: one.smtp(signs_in=False), "530 5.7.57"),
    "another sender": (lambda one: one.smtp(sender=PROBE), "554 5.2.252"),
    "off for the mailbox": (
        lambda one: one.smtp_off(mailbox=True, organization=False),
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox",
    ),
    "off for the tenant": (
        lambda one: one.smtp_off(mailbox=None, organization=True),
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
    ),
    "no token for IMAP": (lambda one: one.imap("none"), "NO AUTHENTICATE"),
    "no right for IMAP": (lambda one: one.imap(one.world.token(one.guest, OUTLOOK)), "User is authenticated but"),
    "no token for POP3": (lambda one: one.pop3("none"), "-ERR Authentication failure"),
    "no such mailbox": (lambda one: one.graph(one.known, NOBODY), "ErrorInvalidUser"),
    "no licence": (lambda one: one.graph(one.known, UNLICENSED), "MailboxNotEnabledForRESTAPI"),
    "no consent": (
        lambda one: one.graph(one.world.application("Reader", graph=("User.Read.All",)), SENDER),
        "ErrorAccessDenied: Access is denied",
    ),
}


def test_each_refusal_is_the_row_that_is_meant(clean: RunningSandbox) -> None:
    tongue = Tongue(MailWorld(clean))
    found = {}
    for name, (say, _begins) in SAID.items():
        text = say(tongue)
        found[name] = symptoms.find(text).said
    assert {name: said[:len(SAID[name][1])] for name, said in found.items()} == {
        name: begins for name, (_say, begins) in SAID.items()
    }
