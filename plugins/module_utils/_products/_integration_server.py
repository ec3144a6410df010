# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What webMethods Integration Server keeps about mail, as objects of its Administrator API. Pure.

Two objects: an e-mail port, which reads a mailbox and runs services with what it finds, and the notification settings,
by which the server itself sends. The fields of the port and their rules are the vendor's (Administrator's Guide,
"Adding an E-Mail Port", and the administrator's own pages). Those of the notification settings are inferred, but for
OAuth's: the vendor's Deployer calls the same settings so ("Email Notification"). Each field is looked up in what the
server says of itself before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import Option
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import address, flag, number, text
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject, Remark

PORTS, NOTIFICATION = "/admin/port/email", "/admin/server/notification"
DESCRIPTION = "/admin/swagger/integrationServer"
SENDING = "/invoke/pub.client/smtp"
#: The fields that the server does not give back.
SECRETS = ("clientSecret", "password", "authorizationCode")
#: Where people press "Get Authorization Code", and where Microsoft sends them back to.
PORTS_PAGE, RESOURCES_PAGE = "/WmRoot/security-ports.dsp", "/WmRoot/settings-resources.dsp"
REDIRECT_PAGE = "/WmRoot/security-oauth-get-authcode.dsp"
#: The types of ports, by the operator's words.
KINDS = {"imap": "IMAP", "pop3": "POP3"}
#: How the administrator and pub.client:smtp call the operator's words for TLS.
TLS = {"none": "none", "starttls": "explicit", "implicit": "implicit"}
#: Which versions know OAuth for mail: the vendor's e-mail port page and pub.client:smtp's for each version.
WITHOUT_OAUTH = (
    "OAuth for mail needs Integration Server 10.7 or later, 10.5 with Core Fix 7, or 10.3 with Core Fix 14."
)
WITHOUT_NOTIFICATION_OAUTH = (
    "OAuth for the server's notifications needs Integration Server 10.15; without it, let them go through a relay that "
    "takes a password."
)
#: What the vendor's first article shows, and its later one no longer.
_REMARKS: Sequence[Remark] = [
    {"field": name, "pattern": r"/oauth2/(authorize|token)/?$", "words": (
        f"its {name} is one of v1.0, which takes no scope; v2.0 takes its place, and somebody has to sign in anew."
    )} for name in ("authURL", "accessTokenURL")
]
_ALIAS = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_LOCAL = ("localhost", "127.0.0.1", "::1")


def alias(value: Any) -> str:
    """A name for a port."""
    if not _ALIAS.fullmatch(text(value)):
        raise ValueError(f"'{value}' is no alias; it has 1 to 255 letters, digits, '_', '.' and '-'")
    return str(value)


def server_url(value: Any) -> str:
    """Where the administrator is, without a final slash."""
    parts = urlsplit(text(value))
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"'{value}' is not the https address of a server, for example https://is.contoso.example:5543")
    return str(value).rstrip("/")


def redirect_url(value: Any) -> str:
    """Where Microsoft sends people back to; the server takes no other page."""
    parts = urlsplit(text(value))
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ValueError(f"'{value}' must be https; http is possible for localhost alone")
    if parts.path != REDIRECT_PAGE or parts.query or parts.fragment:
        raise ValueError(f"'{value}' must end in {REDIRECT_PAGE}")
    return str(value)


@dataclass(frozen=True)
class Field(Option):
    """A field of an object.

    :param api: what the API calls it.
    """

    api: str = ""


_FLAG = {"type": "bool"}
#: How a port handles what it finds, by the names of our options.
PROCESSING: Mapping[str, Field] = {
    "package": Field(api="packageName"),
    "interval": Field(number(1, 9999), {"type": "int"}, api="interval"),
    "run_as_user": Field(api="runAsUser"),
    "authenticate_with_message": Field(flag, _FLAG, api="authenticateWithMessage"),
    "global_service": Field(api="globalService"),
    "default_service": Field(api="defaultService"),
    "reply": Field(flag, _FLAG, api="reply"),
    "reply_on_error": Field(flag, _FLAG, api="replyOnError"),
    "multithreaded": Field(flag, _FLAG, api="multiThreaded"),
    "threads": Field(number(0, 99), {"type": "int"}, api="numThreads"),
    "include_headers": Field(flag, _FLAG, api="includeHeaders"),
    "logout": Field(flag, _FLAG, api="logout"),
    "remove": Field(flag, _FLAG, api="remove"),
    "delete_invalid": Field(flag, _FLAG, api="deleteInvalid"),
    "invoke_per_part": Field(flag, _FLAG, api="invokePerPart"),
    "url_encoded_body": Field(flag, _FLAG, api="urlEncodedBody"),
}
#: What the notification settings have beside the server and the sign-in.
RECIPIENTS: Mapping[str, Field] = {
    "internal_email": Field(address, api="internalEmail"),
    "service_email": Field(address, api="serviceMail"),
    "charset": Field(api="defaultCharset"),
    "trust_store": Field(api="trustStoreAlias"),
    "token_refresh_interval": Field(
        number(1, 999999999), {"type": "int", "no_log": False}, api="tokenRefreshInterval",
    ),
}


def fields(table: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, as the API calls it."""
    return {one.api: given[name] for name, one in table.items() if given.get(name) is not None}


def misfits(kind: str | None, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The options of ``PROCESSING`` that do not go together, each with what is wrong.

    :param kind: "IMAP" or "POP3"; None if that is not said.
    """
    if kind == "POP3":
        for name in ("multithreaded", "threads"):
            if given.get(name):
                yield name, "is for IMAP alone; remove it"
        for name in ("remove", "delete_invalid"):
            if given.get(name) is False:
                yield name, "must not be false with POP3, whose messages are always deleted; remove it, or use IMAP"
    elif kind == "IMAP" and given.get("logout"):
        yield "logout", "is for POP3 alone; remove it"
    if given.get("threads") and not given.get("multithreaded"):
        yield "threads", "is of use with multithreaded: true; set that, or remove this"
    if given.get("authenticate_with_message") is False:
        if given.get("run_as_user") is None:
            yield "run_as_user", "is required with authenticate_with_message: false; services run as that user"
        return
    if given.get("run_as_user") is not None:
        yield "run_as_user", "is of use with authenticate_with_message: false; set that, or remove this"
    if given.get("url_encoded_body") is False:
        yield "url_encoded_body", "must not be false unless authenticate_with_message is, whose words stand in the body"


@dataclass(frozen=True)
class OAuth:
    """By which application a person signs in for an object, and who."""

    auth_url: str
    access_token_url: str
    client_id: Any
    client_secret: Any
    scope: str
    redirect_url: str
    account: str

    @property
    def endpoints(self) -> dict[str, str]:
        """What both objects call alike."""
        return {
            "authURL": self.auth_url, "accessTokenURL": self.access_token_url, "scope": self.scope,
            "redirectURL": self.redirect_url,
        }


@dataclass(frozen=True)
class Server:
    """The server, as its Administrator API is reached.

    :param url: without a final slash.
    :param access: the options ``authentication``, of an administrator, ``ca_path`` and ``timeout`` of an ApiObject.
    """

    url: str
    access: Mapping[str, Any]

    def email_port(self, name: str, settings: Mapping[str, Any], oauth: OAuth | None) -> ApiObject:
        """An e-mail port. It is made disabled, and enabled, with OAuth once somebody has signed in.

        :param name: its alias.
        :param settings: its fields, but for those of OAuth.
        """
        url = f"{self.url}{PORTS}/{name}"
        own = {} if oauth is None else {
            "authentication": "OAuth", "clientID": oauth.client_id, "clientSecret": oauth.client_secret,
            **oauth.endpoints,
        }
        return self._object(
            "EmailPort", url, {"alias": name, **settings, **own}, WITHOUT_OAUTH, name=f"{name} at {self.url}",
            create_url=f"{self.url}{PORTS}", activate={"url": f"{url}?action=enable", "field": "enabled"},
            sign_in=None if oauth is None else {
                "what": "the e-mail port", "account": oauth.account, "field": "enabled",
                "do": self._how(PORTS_PAGE, f"the port {name}, \"Edit Email Client Configuration\"", oauth.account),
            },
        )

    def notification(self, settings: Mapping[str, Any], oauth: OAuth | None) -> ApiObject:
        """The notification settings, of which a server has one.

        :param settings: its fields, but for those of OAuth.
        """
        # Versions before OAuth do not know authType, so that it is left alone without OAuth.
        own = {} if oauth is None else {
            "authType": "OAuth", "clientId": oauth.client_id, "clientSecret": oauth.client_secret, **oauth.endpoints,
        }
        return self._object(
            "Notification", f"{self.url}{NOTIFICATION}", {**settings, **own}, WITHOUT_NOTIFICATION_OAUTH,
            name=self.url, sign_in=None if oauth is None else {
                "what": "the notifications of", "account": oauth.account, "field": "accessTokenExpiryTime",
                "do": self._how(RESOURCES_PAGE, "\"Edit Resource Settings\"", oauth.account),
            },
        )

    def sending(self, mailbox: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """How to have the server send a mail by its service pub.client:smtp, as a side of the module mail_delivery.

        :param inputs: what the service is given beside the mail.
        """
        mail = {"to": "recipient", "from": "sender", "subject": "subject", "body": "text"}
        return {"transport": "web", "mailbox": mailbox, "web": {
            "url": f"{self.url}{SENDING}", "body": {**{name: {"mail": one} for name, one in mail.items()}, **inputs},
            **self.access,
        }}

    def _object(self, schema: str, url: str, settings: Mapping[str, Any], remedy: str, **more: Any) -> ApiObject:
        return ApiObject(
            url, settings, secret_fields=[name for name in SECRETS if name in settings],
            described_at={"url": f"{self.url}{DESCRIPTION}", "format": "openapi", "object": schema},
            undescribed_remedy=remedy, remarks=_REMARKS, **self.access, **more,
        )

    def _how(self, page: str, place: str, account: str) -> str:
        return (
            f"Open {self.url}{page} as an administrator, go to {place}, press \"Get Authorization Code\", sign in with "
            f"{account}, and press \"Save Changes\"."
        )
