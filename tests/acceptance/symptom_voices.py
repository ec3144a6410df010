# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A tenant with its servers, whose faces say what they have to say, as clients that are not ours hear it."""

from __future__ import annotations

import base64
import imaplib
import json
import poplib
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msal
import requests
import trustme
import yaml
from administrator import Administrator
from ansible.parsing.vault import VaultLib, VaultSecret
from estates import Estate
from google.auth import jwt
from google.auth.crypt import RSASigner
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from person import Person

OUTLOOK, GRAPH = "https://outlook.office365.com", "https://graph.microsoft.com"
PROBE, NOBODY = "probe@contoso.example", "nobody@contoso.example"
AT_GOOGLE = "orders@fabrikam.example"
#: The hosts: by SMTP, by Graph for some mailboxes and for all, by the relay, by Google, and in a person's name.
TICKETS, SITE, CONTRACTS, RELAY, GOOGLE, ORDERS = (
    "tas-test-1", "cmo-test-1", "ici-prod-1", "ici-test-2", "cmo-google-1", "is-test-1",
)
HOSTS = (TICKETS, SITE, CONTRACTS, RELAY, GOOGLE, ORDERS)
#: Their applications, and the mailboxes from which they send.
APPLICATIONS = {
    TICKETS: "tickets-mail-test", SITE: "cmo-mail-test", CONTRACTS: "contracts-mail-prod",
    ORDERS: "integration-mail-test",
}
#: The service account that stands for an application at Google.
ACCOUNT = "cmo-google-test"
MAILBOXES = {
    TICKETS: "tickets-test@contoso.example", SITE: "cmo-test@contoso.example", CONTRACTS: "contracts@contoso.example",
    ORDERS: "integration-test@contoso.example",
}
PORT_PAGE = "/WmRoot/configEmail.dsp?listenerKey=orders&mode=edit"


class Voices:
    """The tenant, and who talks to it.

    ``objects`` are the hosts' applications as Graph has them, ``ids`` their client ids, ``principals`` the object ids
    of their service principals, by host.
    """

    def __init__(self, estate: Estate, graph: httpx.Client) -> None:
        self.estate, self.graph, self.sandbox = estate, graph, estate.sandbox
        self.env, self.tls = estate.sandbox.env, estate.sandbox.tls
        self.server = Administrator(estate.sandbox, ORDERS, "--version", "10.11")
        done = estate.set_up("--limit", ",".join(HOSTS), "--skip-tags", "delivery")
        assert done.code == 0, done.output
        self._further: list[str] = []
        now = estate.footprint()
        principals = {one["appId"]: one["id"] for one in now.objects("service_principals")}
        self.objects = {host: now.applications(name)[0] for host, name in APPLICATIONS.items()}
        self.ids = {host: one["appId"] for host, one in self.objects.items()}
        self.principals = {host: principals[client_id] for host, client_id in self.ids.items()}
        pair = trustme.CA().issue_cert("caller.contoso.example", key_type=trustme.KeyType.RSA)
        self.key, self.certificate = pair.private_key_pem.bytes().decode(), pair.cert_chain_pems[0].bytes().decode()
        # Callers with a certificate: one that is registered, and none that is.
        self.others = {known: self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Other caller", **({"certificate": self.certificate} if known else {}),
        })["appId"] for known in (True, False)}
        self.device = self.sandbox.control("POST", "/tenant/applications", {
            "displayName": "Device", "public": True,
        })["appId"]
        self.sign_in()

    # -- what is there ------------------------------------------------------------------------------------------------

    def sources(self, host: str) -> list[str]:
        """The inventory as it is at the moment, with one of its hosts alone: all of them are planned each time."""
        folder = self.estate.home.with_name("alone") / host
        if not folder.is_dir():
            folder.mkdir(parents=True)
            content = yaml.safe_load((self.estate.inventory / "hosts.yml").read_text("utf-8"))
            (folder / "hosts.yml").write_text(yaml.safe_dump(_alone(host, content)), "utf-8")
            (folder / "group_vars").symlink_to(self.estate.inventory / "group_vars")
        return [str(folder), *self._further]

    def secret(self, host: str) -> str:
        """The client secret that the store holds."""
        return self.credential(host)["secret_text"]

    def credential(self, host: str) -> dict[str, str]:
        """The credential that the store holds."""
        path, vault = self._store("prod" if "prod" in host else "test")
        entry = yaml.safe_load(vault.decrypt(path.read_bytes()))["applications"][APPLICATIONS[host]]
        found: dict[str, str] = entry["current"]
        return found

    def sign_in(self) -> None:
        """The person signs in at the server, and its port listens."""
        self.server.get_code(PORT_PAGE, MAILBOXES[ORDERS]).press("Save Changes")
        assert self.server.enable("orders").status_code == 201

    def _keep(self, host: str, **values: str) -> None:
        path, vault = self._store()
        content = yaml.safe_load(vault.decrypt(path.read_bytes()))
        content["applications"][APPLICATIONS[host]]["current"].update(values)
        path.write_bytes(vault.encrypt(yaml.safe_dump(content)))

    def _store(self, environment: str = "test") -> tuple[Path, VaultLib]:
        secret = VaultSecret((self.estate.directory / "vault-password").read_bytes())
        return self.estate.directory / "credentials" / f"{environment}.yml", VaultLib([("default", secret)])

    def assertion(self) -> str:
        """A token of a CI's."""
        return str(self.sandbox.control("POST", "/issuer/tokens", {"subject": "repo:octo-org/octo-repo"})["token"])

    # -- who speaks ---------------------------------------------------------------------------------------------------

    def token(self, tenant: str | None = None, **form: str) -> str:
        """The token endpoint's refusal."""
        error = self._asked(tenant, form)
        return str(error["error_description"])

    def own_token(self, host: str, resource: str = GRAPH) -> str:
        """The refusal that a host's application gets with the secret of the store."""
        return self.token(client_id=self.ids[host], client_secret=self.secret(host), scope=f"{resource}/.default")

    def access(self, host: str, resource: str, seconds: int = 3600) -> str:
        """An access token of a host's application."""
        body = {"appId": self.ids[host], "resource": resource, "seconds": seconds}
        return str(self.sandbox.control("POST", "/tenant/tokens", body)["access_token"])

    def port(self) -> str:
        """What the server says when its port is to be enabled."""
        self.server.api.post("/admin/port/email/orders?action=disable")
        return self.server.enable("orders").text

    def authorize(self, person: Person | None = None, **wrong: str) -> Person:
        """A person whom the server has sent to Entra."""
        query = {
            "client_id": self.ids[ORDERS], "response_type": "code", "state": "s",
            "redirect_uri": self.objects[ORDERS]["web"]["redirectUris"][0], "scope": f"{OUTLOOK}/SMTP.Send", **wrong,
        }
        address = f"{self.env['AZURE_AUTHORITY_HOST']}/{self.env['AZURE_TENANT_ID']}/oauth2/v2.0/authorize"
        return (person or Person(self.sandbox.ca)).open(f"{address}?{urlencode(query)}")

    def discovery(self) -> str:
        """What Entra says of a host that is none of its own."""
        address = f"{self.env['AZURE_AUTHORITY_HOST']}/common/discovery/instance"
        answer = self._client().get(address, params={
            "api-version": "1.1", "authorization_endpoint": "https://login.elsewhere.example/common/oauth2/authorize",
        })
        return str(answer.json()["error_description"])

    def with_certificate(self, *, registered: bool) -> str:
        """The refusal of a certificate."""
        return self._with({"private_key": self.key, "public_certificate": self.certificate}, self.others[registered])

    def with_assertion(self) -> str:
        """The refusal of a CI's token."""
        return self._with({"client_assertion": self.assertion}, self.others[False])

    def _with(self, credential: dict[str, Any], client_id: str) -> str:
        """The refusal of a credential that Microsoft's own library sends."""
        authority = f"{self.env['AZURE_AUTHORITY_HOST']}/{self.env['AZURE_TENANT_ID']}"
        application = msal.ConfidentialClientApplication(
            client_id, client_credential=credential, authority=authority, http_client=self._session(),
            instance_discovery=False,
        )
        return str(application.acquire_token_for_client([f"{GRAPH}/.default"])["error_description"])

    def revoked(self) -> str:
        """What the server says once an administrator has ended the person's sign-ins."""
        self.sandbox.control("POST", f"/tenant/users/{MAILBOXES[ORDERS]}/revoke-sessions")
        return self.port()

    def getting_code(self) -> str:
        """What a person is told whom the server's page sends to Entra."""
        return _told(self.server.person().open(self.server.url + PORT_PAGE).follow("Get Authorization Code"))

    def saving_changes(self) -> str:
        """What the server's page says when it has got a code."""
        return self.server.get_code(PORT_PAGE, MAILBOXES[ORDERS]).press("Save Changes").text

    def signing_in(self, name: str = MAILBOXES[ORDERS], password: str = "", times: int = 1) -> str:
        """What the page complains about when somebody signs in."""
        person = self.authorize()
        person.press("Next", name=name)
        for _ in range(times if name != NOBODY else 0):
            person.press("Sign in", password=password or self.env["M365_SANDBOX_USER_PASSWORD"])
        return _told(person)

    def declined(self) -> str:
        """What the server is told when the person does not consent."""
        person = self._person(self.authorize(scope=f"{GRAPH}/Mail.Read"))
        return person.press("Cancel").answer["error_description"]

    def for_administrators(self) -> str:
        """What a person is told who is asked for what only an administrator can grant."""
        return _told(self._person(self.authorize(scope=f"{GRAPH}/Directory.Read.All")))

    def for_everything(self) -> str:
        """What is said if the server asks for whatever its application declares."""
        return _told(self._person(self.authorize(scope=f"{OUTLOOK}/.default")))

    def several_accounts(self) -> str:
        """What the server is told if the browser knows two people."""
        person = Person(self.sandbox.ca)
        for name in (MAILBOXES[ORDERS], MAILBOXES[TICKETS]):
            self._person(self.authorize(person, prompt="login"), name)
        return self.authorize(person, prompt="none").answer["error_description"]

    def device_code(self, meanwhile: AbstractContextManager[Any] | None = None) -> str:
        """What a device hears that asks whether somebody has entered its code."""
        flow = self._device()
        with meanwhile or nullcontext():
            return self.token(
                grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=flow["device_code"],
                client_id=self.device, client_secret="", scope="",
            )

    def mistyped(self) -> str:
        """What the page says of a code that it does not know."""
        person = Person(self.sandbox.ca).open(self._device()["verification_uri"])
        return person.press("Next", user_code="WRONGCODE").error

    def redeemed_twice(self) -> str:
        """What a code is worth for the second time."""
        code = self._person(self.authorize()).answer["code"]
        self._redeemed(code)
        return str(self._redeemed(code)["error_description"])

    def mixed(self) -> str:
        """What is said to a verifier of another sign-in."""
        code = self._person(self.authorize(code_challenge="x" * 43, code_challenge_method="plain")).answer["code"]
        return str(self._redeemed(code, code_verifier="y" * 43)["error_description"])

    def google_token(self, user: str = AT_GOOGLE, scope: str = "https://mail.google.com/") -> str:
        """An access token for a mailbox at Google, by Google's own library."""
        credentials = service_account.Credentials.from_service_account_file(
            self.env["M365_SANDBOX_GOOGLE_KEY_FILE"], scopes=[scope], subject=user,
        )
        credentials.refresh(Request(self._session()))
        return str(credentials.token)

    def no_google_token(self, **wrong: str) -> str:
        """What that library says when there is none."""
        try:
            return self.google_token(**wrong)
        except RefreshError as error:
            return str(error)

    def for_another_audience(self) -> str:
        """What Google says to an assertion that is meant for somebody else."""
        key = json.loads(Path(self.env["M365_SANDBOX_GOOGLE_KEY_FILE"]).read_text("utf-8"))
        now = int(time.time())
        assertion = jwt.encode(RSASigner.from_service_account_info(key), {
            "iss": key["client_email"], "sub": AT_GOOGLE, "scope": "https://mail.google.com/", "iat": now,
            "exp": now + 3600, "aud": "https://login.elsewhere.example/token",
        })
        answer = self._client().post(key["token_uri"], data={
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion.decode(),
        }).json()
        return f"{answer['error']}: {answer['error_description']}"

    def smtp(
        self, host: str = TICKETS, *, token: str | None = None, password: str = "", sender: str = "", user: str = ""
    ) -> str:
        """Submission's refusal."""
        user = user or MAILBOXES[host]
        with self._submission("M365_SANDBOX_SMTP_PORT") as smtp:
            if password:
                return _refusal(smtp.login, user, password)
            if token is None:
                token = self.access(host, OUTLOOK)
            if token:
                said = _sign_in(smtp, user, token)
                if said[0] != 235:
                    return _words(said)
            return _refusal(smtp.sendmail, sender or user, PROBE, f"From: {sender or user}\r\n\r\nx\r\n")

    def greeting(self) -> str:
        """How submission greets."""
        with smtplib.SMTP() as smtp:
            return _words(smtp.connect("127.0.0.1", int(self.env["M365_SANDBOX_SMTP_PORT"])))

    def smtp_crowd(self) -> str:
        """What the fourth connection of a mailbox hears."""
        token = self.access(TICKETS, OUTLOOK)
        with ExitStack() as stack:
            crowd = [stack.enter_context(self._submission("M365_SANDBOX_SMTP_PORT")) for _ in range(4)]
            for one in crowd:
                _sign_in(one, MAILBOXES[TICKETS], token)
            return _refusal(crowd[3].sendmail, MAILBOXES[TICKETS], PROBE, "x")

    def relay(self, *recipients: str) -> str:
        """The relay's refusal of the last of several mails."""
        with smtplib.SMTP("127.0.0.1", int(self.env["M365_SANDBOX_RELAY_PORT"])) as smtp:
            for recipient in recipients[:-1]:
                smtp.sendmail(PROBE, recipient, "x")
            return _refusal(smtp.sendmail, PROBE, recipients[-1], "x")

    def relay_login(self, user: str, password: str) -> str:
        """The relay's refusal of a password."""
        with smtplib.SMTP("127.0.0.1", int(self.env["M365_SANDBOX_RELAY_PORT"])) as smtp:
            return _refusal(smtp.login, user, password)

    def unreached(self, port: str, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **options: Any) -> str:
        """What a client says that does not come as far as the service's first word."""
        try:
            if tls is None:
                smtplib.SMTP(host, int(port), **options).close()
            else:
                smtplib.SMTP_SSL(host, int(port), context=tls, **options).close()
        except OSError as error:
            return str(error)
        raise AssertionError("The service has spoken.")

    def gmail_smtp(self, password: str = "", token: str = "") -> str:
        """Gmail's refusal."""
        with self._submission("M365_SANDBOX_GMAIL_SMTP_PORT") as smtp:
            if password:
                return _refusal(smtp.login, AT_GOOGLE, password)
            if token:
                _sign_in(smtp, AT_GOOGLE, token)
            return _refusal(smtp.sendmail, AT_GOOGLE, PROBE, "x")

    def imap(self, token: str, face: str = "M365_SANDBOX_IMAP_PORT", user: str = MAILBOXES[ORDERS]) -> str:
        """IMAP's refusal, of the sign-in or of what comes after."""
        with imaplib.IMAP4_SSL("127.0.0.1", int(self.env[face]), ssl_context=self.tls) as imap:
            try:
                imap.authenticate("XOAUTH2", lambda _challenge: _xoauth2(user, token))
                return str(imap.select())
            except imaplib.IMAP4.error as refused:
                return str(refused)

    def gmail_crowd(self) -> str:
        """What the sixteenth IMAP client of a mailbox at Google hears."""
        face, token = "M365_SANDBOX_GMAIL_IMAP_PORT", self.google_token()
        with ExitStack() as stack:
            for _ in range(15):
                client = stack.enter_context(
                    imaplib.IMAP4_SSL("127.0.0.1", int(self.env[face]), ssl_context=self.tls)
                )
                client.authenticate("XOAUTH2", lambda _challenge: _xoauth2(AT_GOOGLE, token))
            return self.imap(token, face, AT_GOOGLE)

    def imap_login(self) -> str:
        """IMAP's refusal of a password."""
        with imaplib.IMAP4_SSL(
            "127.0.0.1", int(self.env["M365_SANDBOX_IMAP_PORT"]), ssl_context=self.tls
        ) as imap:
            try:
                return str(imap.login(MAILBOXES[ORDERS], self.env["M365_SANDBOX_USER_PASSWORD"]))
            except imaplib.IMAP4.error as refused:
                return str(refused)

    def pop3(self, token: str, face: str = "M365_SANDBOX_POP3_PORT", user: str = MAILBOXES[ORDERS]) -> str:
        """POP3's refusal."""
        pop3 = poplib.POP3_SSL("127.0.0.1", int(self.env[face]), context=self.tls)
        try:
            pop3._shortcmd("AUTH XOAUTH2")
            pop3._shortcmd(base64.b64encode(_xoauth2(user, token)).decode())
            # Gmail has a challenge of its own, and its words come after.
            return str(pop3._shortcmd(""))
        except poplib.error_proto as refused:
            return str(refused)
        finally:
            pop3.close()

    def pop3_login(self) -> str:
        """POP3's refusal of a password."""
        pop3 = poplib.POP3_SSL("127.0.0.1", int(self.env["M365_SANDBOX_POP3_PORT"]), context=self.tls)
        try:
            pop3.user(MAILBOXES[ORDERS])
            return str(pop3.pass_(self.env["M365_SANDBOX_USER_PASSWORD"]))
        except poplib.error_proto as refused:
            return str(refused)
        finally:
            pop3.close()

    def send(self, host: str, token: str | None = None, *, mailbox: str = "", **message: Any) -> str:
        """Graph's refusal to send."""
        answer = self._client().post(
            f"{self.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0/users/{mailbox or MAILBOXES[host]}/sendMail",
            headers={"Authorization": f"Bearer {token or self.access(host, GRAPH)}"}, json={"message": {
                "subject": "x", "body": {"contentType": "Text", "content": "x"},
                "toRecipients": [{"emailAddress": {"address": PROBE}}], **message,
            }},
        )
        error = answer.json()["error"]
        return f"{answer.status_code} {error['code']}: {error['message']}"

    def person_token(self, *scopes: str) -> str:
        """An access token of the person who signs in for the server."""
        person = self._person(self.authorize(scope=" ".join(f"{OUTLOOK}/{one}" for one in scopes)))
        if person.arrived is None:
            person.press("Accept")
        return str(self._redeemed(person.answer["code"])["access_token"])

    def _person(self, person: Person, name: str = MAILBOXES[ORDERS]) -> Person:
        return person.sign_in(name, self.env["M365_SANDBOX_USER_PASSWORD"])

    def _redeemed(self, code: str, **form: str) -> dict[str, Any]:
        return self._asked(None, {
            "grant_type": "authorization_code", "code": code, "client_id": self.ids[ORDERS], "scope": "",
            "client_secret": self.secret(ORDERS), "redirect_uri": self.objects[ORDERS]["web"]["redirectUris"][0],
            **form,
        })

    def _device(self) -> dict[str, Any]:
        answer = self._client().post(
            f"{self.env['AZURE_AUTHORITY_HOST']}/{self.env['AZURE_TENANT_ID']}/oauth2/v2.0/devicecode",
            data={"client_id": self.device, "scope": f"{OUTLOOK}/SMTP.Send"},
        )
        flow: dict[str, Any] = answer.json()
        return flow

    def _asked(self, tenant: str | None, form: dict[str, str]) -> dict[str, Any]:
        asked = {
            "grant_type": "client_credentials", "scope": f"{GRAPH}/.default", "client_id": self.env["AZURE_CLIENT_ID"],
            "client_secret": self.env["AZURE_CLIENT_SECRET"], **form,
        }
        answer = self._client().post(
            f"{self.env['AZURE_AUTHORITY_HOST']}/{tenant or self.env['AZURE_TENANT_ID']}/oauth2/v2.0/token",
            data={name: value for name, value in asked.items() if value},
        )
        found: dict[str, Any] = answer.json()
        return found

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.verify, session.trust_env = self.env["MAILOPS_CA_FILE"], False
        return session

    def _client(self) -> httpx.Client:
        return httpx.Client(verify=self.tls, trust_env=False)

    @contextmanager
    def _submission(self, port: str) -> Iterator[smtplib.SMTP]:
        smtp = smtplib.SMTP("127.0.0.1", int(self.env[port]))
        smtp.starttls(context=self.tls)
        smtp.ehlo()
        yield smtp
        with suppress(smtplib.SMTPException):
            smtp.quit()


def _alone(host: str, groups: Any) -> Any:
    """The groups of an inventory with one host alone."""
    if not isinstance(groups, dict):
        return groups
    return {
        name: {one: own for one, own in content.items() if one == host} if name == "hosts" else _alone(host, content)
        for name, content in groups.items()
    }


def _sign_in(smtp: smtplib.SMTP, user: str, token: str) -> tuple[int, bytes]:
    return smtp.docmd("AUTH", f"XOAUTH2 {base64.b64encode(_xoauth2(user, token)).decode()}")


def _refusal(call: Any, *arguments: Any) -> str:
    """What is said to a call."""
    try:
        return str(call(*arguments))
    except smtplib.SMTPRecipientsRefused as refused:
        [said] = refused.recipients.values()
        return _words(said)
    except smtplib.SMTPResponseException as refused:
        return _words((refused.smtp_code, refused.smtp_error))


def _told(person: Person) -> str:
    """What the page shows, or the server is told."""
    return person.text if person.arrived is None else person.answer["error_description"]


def _words(answer: tuple[int, Any]) -> str:
    return f"{answer[0]} {answer[1].decode() if isinstance(answer[1], bytes) else answer[1]}"


def _xoauth2(user: str, token: str) -> bytes:
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
