# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the options of a task to settings that fit together. Pure: what does not fit is refused before anything is sent.

Hosts and ports: https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4
and the same pages for the other clouds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud, cloud_from
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.options import (
    GOOGLE_SERVICE_ACCOUNT,
    MAIL_SCOPE,
    token_options,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import GUID
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import (
    IMPLICIT_PORTS,
    Server,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control

Transport = Literal["graph", "smtp", "imap", "pop3"]
Expectation = Literal["delivered", "refused"]

SUBMISSION_HOSTS = {
    "global": "smtp.office365.com",
    "us_government": "smtp.office365.us",
    "us_government_dod": "outlook-dod.office365.us",
    "china": "smtp.partner.outlook.cn",
}
MAILBOX_HOSTS = {
    "global": "outlook.office365.com",
    "us_government": "outlook.office365.us",
    "us_government_dod": "outlook-dod.office365.us",
    "china": "partner.outlook.cn",
}
GMAIL_HOSTS: dict[Transport, str] = {"smtp": "smtp.gmail.com", "imap": "imap.gmail.com", "pop3": "pop.gmail.com"}
# The port for TLS from the first byte, then the one for STARTTLS or no TLS.
PORTS: dict[Transport, tuple[int, int]] = {"smtp": (465, 587), "imap": (993, 143), "pop3": (995, 110)}
RELAY_PORT = 25
UPGRADED_PORTS = frozenset({RELAY_PORT, 110, 143, 587})

ENDPOINT_OPTIONS = ("cloud", "authority_host", "graph_endpoint", "ca_path")
CREDENTIAL_OPTIONS = (
    "auth_source", "tenant_id", "client_id", "client_secret", "certificate_path", "certificate_password",
    "federated_token_file", "access_token", "managed_identity_client_id",
)
_SECRET_OPTIONS = ("client_secret", "certificate_password", "access_token", "password")
# Sources of tokens that need nothing but themselves.
_AMBIENT_SOURCES = ("managed_identity", "azure_cli")
_SHARED_TENANTS = ("common", "organizations", "consumers")

# A name, or an address of IPv4 or IPv6.
_HOST = re.compile(r"[A-Za-z0-9_.:-]+")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class OAuth2:
    """An application that opens a mailbox with a token of its own.

    :param user: the mailbox's address; with Microsoft Graph also the object id of its user.
    :param options: what ``_auth.token_source`` takes.
    :param scope: what the token is asked for.
    :param authentication: how operators call that.
    """

    user: str
    options: Mapping[str, Any] = field(repr=False)
    scope: str
    authentication: str = "oauth2"


@dataclass(frozen=True)
class GraphSide:
    """One end of the way, through Microsoft Graph.

    :param address: the mailbox's e-mail address, if it is known.
    """

    credentials: OAuth2
    address: str | None
    transport: Transport = "graph"

    def describe(self) -> dict[str, Any]:
        """What a result says about it."""
        return {
            "transport": self.transport, "authentication": "oauth2", "host": None, "port": None, "tls": None,
            "user": self.credentials.user,
        }


@dataclass(frozen=True)
class ServerSide:
    """One end of the way, through a mail server.

    :param credentials: None for a server that wants no sign-in.
    :param address: the side's own e-mail address, if it is known.
    """

    transport: Transport
    server: Server
    credentials: Password | OAuth2 | None
    address: str | None

    def describe(self) -> dict[str, Any]:
        """What a result says about it."""
        match self.credentials:
            case OAuth2(authentication=authentication):
                pass
            case Password():
                authentication = "basic"
            case None:
                authentication = "none"
        return {
            "transport": self.transport,
            "authentication": authentication,
            "host": self.server.host,
            "port": self.server.port,
            "tls": self.server.tls,
            "user": self.credentials.user if self.credentials else None,
        }


Side: TypeAlias = "GraphSide | ServerSide"


@dataclass(frozen=True)
class Settings:
    """A whole check.

    :param send: None if nothing is sent, since the mailbox is expected to stay closed.
    :param receive: None if the mail is expected to be refused and nobody looks for it.
    :param sender: the address for From; empty if nothing is sent. So is ``recipient``, the address for To.
    """

    cloud: Cloud
    send: Side | None
    receive: Side | None
    sender: str
    recipient: str


def settings_from(options: Mapping[str, Any]) -> Settings:
    """The settings that a task's options describe.

    :param options: the module's parameters, its endpoint options included.
    :raises InputError: naming the option, and what would be right.
    """
    cloud = cloud_from(options)
    for option in ("timeout", "poll_interval", "request_timeout"):
        if options[option] <= 0:
            raise InputError(f"{option}: {options[option]} is not a number of seconds to wait; give a positive one.")
    for option, purpose in (("send", "to send a mail"), ("receive", "to see whether the mail arrives")):
        if options[option] is None and options["expect"] == "delivered":
            raise InputError(f"{option}: is needed {purpose}; only expect: refused does without it.")
    if options["send"] is None and options["receive"] is None:
        raise InputError("send: is needed, or receive, to say what is expected to be refused.")
    send = _side("send", options["send"], options, cloud) if options["send"] else None
    receive = _side("receive", options["receive"], options, cloud) if options["receive"] else None
    if send is None:
        return Settings(cloud, None, receive, sender="", recipient="")
    return Settings(
        cloud, send, receive,
        sender=_address("from", options["from"], send, "send.mailbox"),
        recipient=_address("to", options["to"], receive, "receive.mailbox"),
    )


def _side(name: str, side: Mapping[str, Any], options: Mapping[str, Any], cloud: Cloud) -> Side:
    transport: Transport = side["transport"]
    for option, value in side.items():
        if isinstance(value, str) and has_control(value):
            raise InputError(
                f"{name}.{option}: holds a control character, for example a line break; give it without.",
                remedy="A value that is read from a file often ends in a line break.",
            )
    for option in _SECRET_OPTIONS:
        if side[option] is not None and not side[option].strip():
            raise InputError(f"{name}.{option}: is empty.")
    if transport == "graph":
        return _graph_side(name, side, options, cloud)
    server = _server(name, side, options)
    credentials = _credentials(name, side, options, cloud.outlook_scope, server)
    return ServerSide(transport, server, credentials, _own_address(name, side, credentials))


def _graph_side(name: str, side: Mapping[str, Any], options: Mapping[str, Any], cloud: Cloud) -> Side:
    if side["authentication"] != "oauth2":
        raise InputError(
            f"{name}.authentication: {side['authentication']!r} is not possible with transport graph; use oauth2."
        )
    for option in ("host", "port", "tls"):
        if side[option] is not None:
            raise InputError(
                f"{name}.{option}: has no meaning with transport graph; graph_endpoint names another one."
            )
    credentials = _oauth2(name, side, options, cloud.graph_scope)
    return GraphSide(credentials, _own_address(name, side, credentials))


def _own_address(
    name: str, side: Mapping[str, Any], credentials: Password | OAuth2 | None
) -> str | None:
    mailbox: str | None = side["mailbox"]
    if mailbox and not _ADDRESS.fullmatch(mailbox) and not (side["transport"] == "graph" and GUID.fullmatch(mailbox)):
        raise InputError(f"{name}.mailbox: {mailbox!r} is not an e-mail address.")
    known = [mailbox or "", credentials.user if credentials else ""]
    return next((user for user in known if _ADDRESS.fullmatch(user)), None)


def _server(name: str, side: Mapping[str, Any], options: Mapping[str, Any]) -> Server:
    transport: Transport = side["transport"]
    implicit_port, upgraded_port = PORTS[transport]
    hosts = SUBMISSION_HOSTS if transport == "smtp" else MAILBOX_HOSTS
    host = side["host"]
    if not host and side["authentication"] == "none":
        raise InputError(f"{name}.host: is needed with authentication none: Microsoft 365 takes no such mail.")
    is_google = side["authentication"] == GOOGLE_SERVICE_ACCOUNT
    if not host and options["cloud"] == "custom" and not is_google:
        raise InputError(f"{name}.host: is needed with cloud custom, which has no known mail servers.")
    host = host or (GMAIL_HOSTS[transport] if is_google else hosts[options["cloud"]])
    try:
        is_name = _HOST.fullmatch(host.encode("idna").decode("ascii")) is not None
    except UnicodeError:
        is_name = False
    if not is_name:
        raise InputError(f"{name}.host: {host!r} is not a host name.")
    microsoft = transport == "smtp" and host.casefold() in SUBMISSION_HOSTS.values()
    mode: TlsMode | None = side["tls"]
    port: int | None = side["port"]
    if microsoft and (port == implicit_port or mode in ("implicit", "none")):
        wrong = f"{name}.port: {port}" if port == implicit_port else f"{name}.tls: {mode!r}"
        raise InputError(
            f"{wrong} is not possible: {host} has no port {implicit_port} and takes no sign-in without TLS; "
            f"use tls starttls with port {upgraded_port}."
        )
    if port is None:
        port = _usual_port(transport, mode, side["authentication"])
    if not 0 < port < 65536:
        raise InputError(f"{name}.port: {port} is not a port; use {upgraded_port} or {implicit_port}.")
    if mode is None:
        mode = _usual_mode(transport, port)
    if port in IMPLICIT_PORTS and mode not in ("implicit", "auto"):
        raise InputError(
            f"{name}.tls: {mode!r} is not possible with port {port}, where TLS starts with the first byte; "
            f"use implicit, or port {upgraded_port}."
        )
    if port in UPGRADED_PORTS and mode == "implicit":
        raise InputError(
            f"{name}.tls: 'implicit' is not possible with port {port}, where a connection starts without TLS; "
            f"use starttls, or port {implicit_port}."
        )
    return Server(host, port, mode)


def _usual_port(transport: Transport, mode: TlsMode | None, authentication: str) -> int:
    implicit_port, upgraded_port = PORTS[transport]
    if transport != "smtp":
        return implicit_port if mode in (None, "auto", "implicit") else upgraded_port
    if mode == "implicit":
        return implicit_port
    return RELAY_PORT if authentication == "none" else upgraded_port


def _usual_mode(transport: Transport, port: int) -> TlsMode:
    if port in IMPLICIT_PORTS:
        return "implicit"
    return "starttls" if transport == "smtp" or port in UPGRADED_PORTS else "implicit"


def _credentials(
    name: str, side: Mapping[str, Any], options: Mapping[str, Any], scope: str, server: Server
) -> Password | OAuth2 | None:
    kind = side["authentication"]
    if kind == "oauth2":
        if server.tls == "none":
            raise InputError(f"{name}.tls: 'none' would send an access token in the clear; use starttls or implicit.")
        return _oauth2(name, side, options, scope)
    _refuse_surplus(name, side, kind, [option for option in CREDENTIAL_OPTIONS if option != "auth_source"])
    if kind == GOOGLE_SERVICE_ACCOUNT:
        _refuse_surplus(name, side, kind, ["username", "password"])
        return _google(name, side, options, server)
    _refuse_surplus(name, side, kind, ["google"])
    if kind == "none":
        _refuse_surplus(name, side, kind, ["username", "password"])
        return None
    for option in ("username", "password"):
        if not side[option]:
            raise InputError(f"{name}.{option}: is needed with authentication basic.")
    return Password(side["username"], side["password"])


def _google(name: str, side: Mapping[str, Any], options: Mapping[str, Any], server: Server) -> OAuth2:
    if server.tls == "none":
        raise InputError(f"{name}.tls: 'none' would send an access token in the clear; use starttls or implicit.")
    for option, purpose in (("mailbox", "to say whose mailbox to open"), ("google", "to say which key signs in")):
        if not side[option]:
            raise InputError(f"{name}.{option}: is needed with authentication {GOOGLE_SERVICE_ACCOUNT}, {purpose}.")
    credential = {
        **token_options(side["google"], side["mailbox"]), "ca_path": options["ca_path"],
        "timeout": options["request_timeout"],
    }
    return OAuth2(side["mailbox"], credential, MAIL_SCOPE, GOOGLE_SERVICE_ACCOUNT)


def _oauth2(name: str, side: Mapping[str, Any], options: Mapping[str, Any], scope: str) -> OAuth2:
    _refuse_surplus(name, side, "oauth2", ["username", "password", "google"])
    if not side["mailbox"]:
        raise InputError(f"{name}.mailbox: is needed with authentication oauth2, to say which mailbox to open.")
    return OAuth2(side["mailbox"], _token_options(name, side, options), scope)


def _refuse_surplus(name: str, side: Mapping[str, Any], kind: str, surplus: list[str]) -> None:
    for option in surplus:
        if side[option] is not None:
            raise InputError(f"{name}.{option}: has no meaning with authentication {kind}; leave it out.")


def _token_options(name: str, side: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    secret: str | None = side["client_secret"]
    if secret and GUID.fullmatch(secret.strip()):
        raise InputError(
            f"{name}.client_secret: looks like the secret's ID; use its value, which is shown only when it is made."
        )
    if not side["access_token"] and side["auth_source"] not in _AMBIENT_SOURCES:
        for option in ("tenant_id", "client_id"):
            if not side[option]:
                raise InputError(f"{name}.{option}: is needed with authentication oauth2, or give access_token.")
        if side["tenant_id"] in _SHARED_TENANTS:
            raise InputError(
                f"{name}.tenant_id: {side['tenant_id']!r} names no tenant; use the tenant's id or one of its domains."
            )
        if not any(side[option] for option in ("client_secret", "certificate_path", "federated_token_file")):
            raise InputError(
                f"{name}.client_secret: is needed with authentication oauth2, or certificate_path, "
                "federated_token_file or access_token."
            )
    return {option: side[option] for option in CREDENTIAL_OPTIONS} | {
        option: options[option] for option in ENDPOINT_OPTIONS
    } | {"timeout": options["request_timeout"]}


def _address(option: str, given: str | None, side: Side | None, fallback: str) -> str:
    address = given if given is not None else side.address if side else None
    if address is None:
        raise InputError(f"{option}: is needed, since {fallback} does not give an e-mail address.")
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"{option}: {address!r} is not an e-mail address.")
    return address
