# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A mailbox of CMO: what is asked of it, whether CMO can do that, and which settings and check that comes to. Pure.

That ``UseSsl`` means TLS from the first byte on the ports that are for that, and STARTTLS on any other, is inferred:
the vendor only says that a port follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import GOOGLE_SERVICE_ACCOUNT
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._google import google_sign_in
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import credentials

#: CMO's words for transports, and what the names of their settings begin with.
SERVER_TYPES = {"graph": "Microsoft365", "smtp": "Smtp", "imap": "IMAP", "pop3": "POP3", "mapi": "MAPI"}
_SECTIONS = {"smtp": "Smtp.", "imap": "Imap.", "pop3": "Pop3."}
_AUTH_TYPES = {"none": "BasicAuth", "basic": "BasicAuth", "google_service_account": "GoogleOAuth2"}
INTEGRATION_TYPES = {"client_credentials": "Confidential", "token_cache": "Public"}
#: How each transport may sign in; with mapi CMO says nothing of it.
_AUTHENTICATIONS: Mapping[str, tuple[str, ...]] = {
    "graph": ("oauth2",), "smtp": ("none", "basic", "google_service_account"),
    "imap": ("basic", "google_service_account"), "pop3": ("basic", "google_service_account"), "mapi": (),
}
_PORTS = {
    "smtp": {"none": 25, "starttls": 587, "implicit": 465},
    "imap": {"none": 143, "starttls": 143, "implicit": 993},
    "pop3": {"none": 110, "starttls": 110, "implicit": 995},
}
_USUAL_TLS = {"smtp": "starttls", "imap": "implicit", "pop3": "implicit"}
_GOOGLE_HOSTS = {"smtp": "smtp.gmail.com", "imap": "imap.gmail.com", "pop3": "pop.gmail.com"}
#: The variable of the mailbox that others inherit from.
RECEIVE = "mail_receive"
#: What nothing in CMO's settings says.
_NEVER = ("display_name", "use_default_from", "override", "allow_override_in_production")
#: What is of no use with a transport, or with a way to sign in.
_UNUSED: Mapping[str, tuple[str, ...]] = {
    "graph": ("host", "port", "tls", "password", "messages_per_session"), "smtp": ("grant", "app", "object_id"),
    "imap": ("grant", "app", "object_id"), "pop3": ("grant", "app", "object_id"),
    "mapi": (
        "authentication", "grant", "app", "object_id", "mailbox", "host", "port", "tls", "username", "password",
    ),
    "none": ("username", "password"), "google_service_account": ("username", "password"),
}
#: How many mails a check sends in a session at most, however many CMO does.
_MOST_MESSAGES = 100


@dataclass(frozen=True)
class Context:
    """What a mailbox takes from elsewhere among the host's variables.

    :param tenant: the tenant's id.
    :param integration: the integration type of mailboxes that do not say theirs.
    :param application: the unique name of ``mail_app``.
    :param others: those of ``mail_apps``.
    :param google: what was read of ``mail_google``.
    """

    tenant: str
    integration: str | None
    application: str | None
    others: Sequence[str | None]
    redirect_uri: str
    google: Mapping[str, Any]


@dataclass(frozen=True)
class Mailbox:
    """What is asked of one.

    :param variable: what it is said by.
    :param said: what was read of that.
    :param inherited: what else it has, from another variable.
    """

    variable: str
    said: Mapping[str, Any]
    inherited: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> Mapping[str, Any]:
        """All that is asked of it."""
        return {**self.inherited, **self.said}

    @property
    def password(self) -> str:
        """The path of the variable that holds its password."""
        return f"{self.variable if 'password' in self.said else RECEIVE}.password"

    @property
    def transport(self) -> str:
        """How it is reached; "" if that is not known."""
        return str(self.given.get("transport", ""))

    @property
    def authentication(self) -> str:
        """How CMO signs in; "" if that is not known."""
        return str(self.given.get("authentication", "oauth2" if self.transport == "graph" else ""))

    @property
    def address(self) -> str:
        """The mailbox's own."""
        return str(self.given.get("from", self.given.get("mailbox", "")))

    @property
    def account(self) -> str:
        """Who signs in."""
        return str(self.given.get("username", self.address))

    @property
    def tls(self) -> str:
        """How the connection begins."""
        implicit = _PORTS.get(self.transport, {}).get("implicit")
        if "tls" not in self.given or self.given["tls"] == "auto":
            return "implicit" if self.given.get("port") == implicit else _USUAL_TLS.get(self.transport, "")
        return str(self.given["tls"])

    @property
    def host(self) -> str:
        """The server."""
        usual = _GOOGLE_HOSTS[self.transport] if self.authentication == GOOGLE_SERVICE_ACCOUNT else ""
        return str(self.given.get("host", usual))

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.given.get("port", _PORTS[self.transport][self.tls]))

    def integration(self, context: Context) -> str | None:
        """Its integration type; None if that is not said."""
        return INTEGRATION_TYPES.get(self.given.get("grant", ""), context.integration)

    def application(self, context: Context) -> str | None:
        """The unique name of its application."""
        found: str | None = self.given.get("app", context.application)
        return found


def inheriting(variable: str, own: Mapping[str, Any], receive: Mapping[str, Any]) -> Mailbox:
    """One that has everything of the mailbox that CMO receives from, but for what it says itself.

    :param receive: what was read of ``mail_receive``.
    """
    there = Mailbox(RECEIVE, receive)
    here = Mailbox(variable, own, receive)
    if here.address.lower() != there.address.lower():
        # These are about one mailbox, and no other.
        here = Mailbox(variable, own, _without(receive, "username", "object_id"))
    if (here.account.lower(), here.authentication) != (there.account.lower(), there.authentication):
        here = Mailbox(variable, own, _without(here.inherited, "password"))
    return here


def _without(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def is_public(mailbox: Mailbox, context: Context) -> bool:
    """Whether a person signs in for it."""
    return mailbox.transport == "graph" and mailbox.integration(context) == "Public"


def rules(mailbox: Mailbox, context: Context, problems: list[str]) -> None:
    """What CMO cannot do is appended to the problems.

    :param problems: each begins with the variable's path.
    """
    variable, given, transport = mailbox.variable, mailbox.said, mailbox.transport
    problems += [f"{variable}.{name}: is not used with cmo; remove it" for name in _NEVER if name in given]
    if transport not in SERVER_TYPES:
        return
    problems += [
        f"{variable}.{name}: is not used with transport {transport}; remove it" for name in _UNUSED[transport]
        if name in given
    ]
    if transport == "mapi":
        return
    problems += [
        f"{variable}.{name}: is not used with authentication {mailbox.authentication}; remove it"
        for name in _UNUSED.get(mailbox.authentication, ()) if name in given
    ]
    if not mailbox.address and variable != "mail_send":
        problems.append(f"{variable}.mailbox: is required")
    _authentication_rules(mailbox, problems)
    if transport == "graph":
        _graph_rules(mailbox, context, problems)
    else:
        _tls_rules(mailbox, problems)
        if not mailbox.host:
            problems.append(f"{variable}.host: is required with transport {transport}")
    if mailbox.authentication == GOOGLE_SERVICE_ACCOUNT and context.google and "server_path" not in context.google:
        problems.append("mail_google.server_path: is required with cmo, which reads the key there")


def _authentication_rules(mailbox: Mailbox, problems: list[str]) -> None:
    variable, possible = mailbox.variable, _AUTHENTICATIONS[mailbox.transport]
    if not mailbox.authentication:
        problems.append(f"{variable}.authentication: is required; cmo knows {', '.join(possible)} here")
    elif mailbox.authentication == "oauth2" and "oauth2" not in possible:
        problems.append(
            f"{variable}.authentication: 'oauth2' is not possible with cmo over {mailbox.transport}, which has no "
            f"OAuth of Microsoft's; use transport: graph, or {' or '.join(possible)}"
        )
    elif mailbox.authentication not in possible:
        problems.append(
            f"{variable}.authentication: '{mailbox.authentication}' is not possible with cmo over {mailbox.transport}; "
            f"use {' or '.join(possible)}"
        )
    if mailbox.authentication == "basic" and "password" not in mailbox.given:
        problems.append(f"{variable}.password: is required with authentication basic")
    if mailbox.authentication == "basic" and variable == "mail_send" and "username" not in mailbox.given:
        problems.append(f"{variable}.username: is required with authentication basic")


def _graph_rules(mailbox: Mailbox, context: Context, problems: list[str]) -> None:
    variable, grant = mailbox.variable, mailbox.given.get("grant")
    if grant is not None and grant not in INTEGRATION_TYPES:
        problems.append(
            f"{variable}.grant: '{grant}' is not possible with cmo; use {' or '.join(INTEGRATION_TYPES)}"
        )
    elif mailbox.integration(context) is None:
        problems.append(
            "mail_cmo.integration_type: is required with graph, and has no default; Confidential is an application "
            "that signs in by itself, Public one for which a person signs in on each web server"
        )
    app = mailbox.said.get("app")
    if app not in (None, context.application, *context.others):
        problems.append(f"{variable}.app: '{app}' is the unique_name of neither mail_app nor one of mail_apps")
    if mailbox.integration(context) == "Confidential" and "username" in mailbox.said:
        problems.append(
            f"{variable}.username: is the account of a person, which the integration type Confidential has none of; "
            "remove it"
        )
    if mailbox.integration(context) == "Public" and "object_id" in mailbox.said:
        problems.append(f"{variable}.object_id: is not used with the integration type Public; remove it")


def _tls_rules(mailbox: Mailbox, problems: list[str]) -> None:
    given, possible = mailbox.given.get("tls"), tuple(_PORTS[mailbox.transport])
    if mailbox.tls not in possible or (given == "auto" and mailbox.tls != "implicit"):
        problems.append(
            f"{mailbox.variable}.tls: '{given}' cannot be expressed by cmo, which either uses TLS or does not; use "
            f"{', '.join(possible)}"
        )


def settings(mailbox: Mailbox, context: Context) -> dict[str, Any]:
    """Its settings that count, with references for what is known only later; see _cmo_keys.py."""
    found: dict[str, Any] = {"ServerType": SERVER_TYPES[mailbox.transport]}
    if mailbox.transport == "graph":
        return {**found, **_microsoft365(mailbox, context)}
    if mailbox.transport == "mapi":
        return found
    section, sends = _SECTIONS[mailbox.transport], mailbox.transport == "smtp"
    found |= {
        f"{section}Server": f"{mailbox.host}:{mailbox.port}",
        f"{section}UseSsl" if sends else f"{section}UseSSL": str(mailbox.tls != "none"),
        f"{section}AuthType": _AUTH_TYPES[mailbox.authentication],
    }
    if sends:
        found["Smtp.NumberOfMessagesPerSession"] = str(mailbox.given.get("messages_per_session", 3))
        found["Smtp.UseAuth"] = str(mailbox.authentication != "none")
    if mailbox.authentication == "basic":
        found |= {f"{section}Login": mailbox.account, f"{section}Password": {"secret": mailbox.password}}
    if mailbox.authentication == GOOGLE_SERVICE_ACCOUNT:
        found |= {
            f"{section}GoogleOAuth2.CertificatePath": context.google.get("server_path", ""),
            f"{section}GoogleOAuth2.ServiceAccount": {
                "fact": "service_account", "application": context.google.get("unique_name"),
            },
            f"{section}GoogleOAuth2.GsuiteUser": mailbox.address,
        }
    return found


def _microsoft365(mailbox: Mailbox, context: Context) -> dict[str, Any]:
    integration = mailbox.integration(context)
    own = credentials(mailbox.application(context))
    about = {"ClientId": own["client_id"], "TenantId": context.tenant}
    if integration == "Confidential":
        object_id = {"fact": f"users.{mailbox.address}", "application": mailbox.application(context)}
        about |= {"Secret": own["client_secret"], "UserObjectId": mailbox.given.get("object_id", object_id)}
    else:
        about |= {"RedirectUri": context.redirect_uri, "AccountName": mailbox.account}
    place = f"Microsoft365.{integration}App."
    return {"Microsoft365.IntegrationType": integration, **{f"{place}{name}": value for name, value in about.items()}}


def way(mailbox: Mailbox, context: Context) -> dict[str, Any] | str:
    """How to do as CMO does, as a side of the module mail_delivery; or why nobody but CMO can, in a few words."""
    if mailbox.transport == "mapi":
        return "MAPI"
    side: dict[str, Any] = {"transport": mailbox.transport, "authentication": mailbox.authentication}
    if mailbox.transport == "graph":
        if is_public(mailbox, context):
            return "a token cache on the server"
        return {**side, "mailbox": mailbox.address, **credentials(mailbox.application(context))}
    side |= {"host": mailbox.host, "port": mailbox.port, "tls": mailbox.tls}
    if mailbox.transport == "smtp":
        side["messages_per_session"] = min(mailbox.given.get("messages_per_session", 3), _MOST_MESSAGES)
    else:
        side["mailbox"] = mailbox.address
    if mailbox.authentication == GOOGLE_SERVICE_ACCOUNT:
        side |= {"mailbox": mailbox.address, "google": google_sign_in(context.google)}
    if mailbox.authentication == "basic":
        side |= {"username": mailbox.account, "password": {"secret": mailbox.password}}
    return side
