# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the options of a task to settings that fit together. Pure: what does not fit is refused before anything is sent.

Hosts and ports: https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4
and the same pages for the other clouds.
"""

from __future__ import annotations

import ipaddress
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
    ServerProtocol,
    TlsMode,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.credentials import Password
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.web_settings import WebSide, web_side
from ansible_collections.mailops.modern_auth.plugins.module_utils._printable import has_control

Transport = Literal["graph", "smtp", "imap", "pop3", "web"]

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
GMAIL_HOSTS: Mapping[ServerProtocol, str] = {
    "smtp": "smtp.gmail.com", "imap": "imap.gmail.com", "pop3": "pop.gmail.com",
}
# The ports on which a connection starts without TLS; the first one is the usual one.
UPGRADED_PORTS: Mapping[ServerProtocol, tuple[int, ...]] = {"smtp": (587, 25), "imap": (143,), "pop3": (110,)}
RELAY_PORT = 25
# Each mail has to be found and deleted again; more of them prove nothing more.
MOST_IN_A_SESSION = 100

ENDPOINT_OPTIONS = ("cloud", "authority_host", "graph_endpoint", "ca_path")
CREDENTIAL_OPTIONS = (
    "auth_source", "tenant_id", "client_id", "client_secret", "certificate_path", "certificate_password",
    "federated_token_file", "access_token", "managed_identity_client_id",
)
_SECRET_OPTIONS = ("client_secret", "certificate_password", "access_token", "password")
# Sources of tokens that need nothing but themselves.
_AMBIENT_SOURCES = ("managed_identity", "azure_cli")
_SHARED_TENANTS = ("common", "organizations", "consumers")

_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")


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

    server: Server
    credentials: Password | OAuth2 | None
    address: str | None

    @property
    def transport(self) -> Transport:
        """The server's protocol."""
        return self.server.protocol

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


Side: TypeAlias = GraphSide | ServerSide | WebSide


@dataclass(frozen=True)
class Settings:
    """A whole check.

    :param send: None if nothing is sent, since the mailbox is expected to stay closed, or the mail is put into it.
    :param receive: None if the mail is expected to be refused and nobody looks for it.
    :param sender: the address for From; empty if there is no mail. So are ``recipients``, the addresses for To.
    :param messages: how many mails are sent in one session.
    """

    cloud: Cloud
    send: Side | None
    receive: Side | None
    sender: str
    recipients: tuple[str, ...]
    messages: int = 1


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
    if options["expect"] == "taken":
        _rules_for_taking(options)
    if options["send"] is None and options["receive"] is None:
        raise InputError("send: is needed, or receive, to say what is expected to be refused.")
    send = _side("send", options["send"], options, cloud) if options["send"] else None
    receive = _side("receive", options["receive"], options, cloud) if options["receive"] else None
    if options["expect"] == "taken":
        mailbox = _address("to", options["to"], receive, "receive.mailbox")
        return Settings(cloud, None, receive, _address("from", options["from"], receive, "receive.mailbox"), (mailbox,))
    if send is None:
        return Settings(cloud, None, receive, sender="", recipients=())
    return Settings(
        cloud, send, receive,
        sender=_address("from", options["from"], send, "send.mailbox"),
        recipients=_override(options, receive) or (_address("to", options["to"], receive, "receive.mailbox"),),
        messages=_messages(options),
    )


def _rules_for_taking(options: Mapping[str, Any]) -> None:
    if options["send"] is not None:
        raise InputError("send: has no meaning with expect: taken, which puts the mail into the mailbox; remove it.")
    if options["receive"] is None:
        raise InputError("receive: is needed, to say into which mailbox the mail is put.")
    if options["receive"]["transport"] != "imap":
        raise InputError(
            f"receive.transport: {options['receive']['transport']!r} is not possible with expect: taken; use imap, by "
            "which a mail can be put into a mailbox."
        )


def _override(options: Mapping[str, Any], receive: Side | None) -> tuple[str, ...]:
    """Where all mail goes instead; empty if nothing is redirected, for which the vendors' word is "None"."""
    given = options["override"] or []
    if [str(address).casefold() for address in given] == ["none"]:
        return ()
    for place, address in enumerate(given):
        if not is_address(address):
            raise InputError(f"override[{place}]: {address!r} is not an e-mail address.")
    looked_into = receive.address.casefold() if receive and receive.address else None
    if given and looked_into == str(options["to"]).casefold() and looked_into not in map(str.casefold, given):
        raise InputError(
            f"receive.mailbox: {options['to']} gets no mail while override is set; name the mailbox of "
            f"{' or '.join(given)}."
        )
    return tuple(given)


def _messages(options: Mapping[str, Any]) -> int:
    """How many mails are sent: as many as a session may have, and one alone if that is expected to be refused."""
    given = options["send"]["messages_per_session"]
    if given is None:
        return 1
    if options["send"]["transport"] != "smtp":
        raise InputError(
            f"send.messages_per_session: has no meaning with transport {options['send']['transport']}, which has no "
            "sessions."
        )
    if not 0 < given <= MOST_IN_A_SESSION:
        raise InputError(f"send.messages_per_session: {given} is not possible; give 1 to {MOST_IN_A_SESSION}.")
    return given if options["expect"] == "delivered" else 1


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
    if transport == "web":
        return web_side(name, side, options, _own_address(name, side, None))
    if side["web"] is not None:
        raise InputError(f"{name}.web: has no meaning with transport {transport}; leave it out.")
    if transport == "graph":
        return _graph_side(name, side, options, cloud)
    server = _server(name, side, options, transport)
    credentials = _credentials(name, side, options, cloud.outlook_scope, server)
    return ServerSide(server, credentials, _own_address(name, side, credentials))


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
    if mailbox and not is_address(mailbox) and not (side["transport"] == "graph" and GUID.fullmatch(mailbox)):
        raise InputError(f"{name}.mailbox: {mailbox!r} is not an e-mail address.")
    known = [mailbox or "", credentials.user if credentials else ""]
    return next((user for user in known if is_address(user)), None)


def is_address(text: str) -> bool:
    """Whether it is an e-mail address, an internationalised one (RFC 6531) included."""
    local, _at, domain = text.rpartition("@")
    return bool(_LOCAL_PART.fullmatch(local) and text.isprintable() and _DOMAIN.fullmatch(_in_ascii(domain)))


def _in_ascii(name: str) -> str:
    """A domain name as the name service knows it; empty for none."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _host(name: str, host: str) -> str:
    try:
        # With brackets, as in a URL, or without.
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    if _HOST.fullmatch(_in_ascii(host)):
        return host
    alone, colon, port = host.rpartition(":")
    if colon and port.isascii() and port.isdigit():
        raise InputError(f"{name}.host: {host!r} holds a port; give host: {alone} and port: {port}.")
    raise InputError(f"{name}.host: {host!r} is not a host name.")


def _server(name: str, side: Mapping[str, Any], options: Mapping[str, Any], protocol: ServerProtocol) -> Server:
    implicit_port, upgraded_port = IMPLICIT_PORTS[protocol], UPGRADED_PORTS[protocol][0]
    hosts = SUBMISSION_HOSTS if protocol == "smtp" else MAILBOX_HOSTS
    given = side["host"]
    if not given and side["authentication"] == "none":
        raise InputError(f"{name}.host: is needed with authentication none: Microsoft 365 takes no such mail.")
    is_google = side["authentication"] == GOOGLE_SERVICE_ACCOUNT
    if not given and options["cloud"] == "custom" and not is_google:
        raise InputError(f"{name}.host: is needed with cloud custom, which has no known mail servers.")
    host = _host(name, given or (GMAIL_HOSTS[protocol] if is_google else hosts[options["cloud"]]))
    microsoft = protocol == "smtp" and host.casefold() in SUBMISSION_HOSTS.values()
    mode: TlsMode | None = side["tls"]
    port: int | None = side["port"]
    if microsoft and (port == implicit_port or mode in ("implicit", "none")):
        wrong = f"{name}.port: {port}" if port == implicit_port else f"{name}.tls: {mode!r}"
        raise InputError(
            f"{wrong} is not possible: {host} has no port {implicit_port} and takes no sign-in without TLS; "
            f"use tls starttls with port {upgraded_port}."
        )
    if port is None:
        port = _usual_port(protocol, mode, side["authentication"])
    if not 0 < port < 65536:
        raise InputError(f"{name}.port: {port} is not a port; use {upgraded_port} or {implicit_port}.")
    if mode is None:
        mode = _usual_mode(protocol, port)
    if reason := misfit(protocol, port, mode):
        raise InputError(f"{name}.tls: {reason}.")
    return Server(protocol, host, port, mode)


def misfit(protocol: ServerProtocol, port: int, mode: TlsMode) -> str | None:
    """Why a port and a way to encrypt do not go together; None if they do."""
    implicit_port, upgraded_ports = IMPLICIT_PORTS[protocol], UPGRADED_PORTS[protocol]
    if port == implicit_port and mode not in ("implicit", "auto"):
        return (
            f"{mode!r} is not possible with port {port}, where TLS starts with the first byte; use implicit, or port "
            f"{upgraded_ports[0]}"
        )
    if port in upgraded_ports and mode == "implicit":
        return (
            f"'implicit' is not possible with port {port}, where a connection starts without TLS; use starttls, or "
            f"port {implicit_port}"
        )
    return None


def _usual_port(protocol: ServerProtocol, mode: TlsMode | None, authentication: str) -> int:
    if mode == "implicit" or (protocol != "smtp" and mode in (None, "auto")):
        return IMPLICIT_PORTS[protocol]
    return RELAY_PORT if authentication == "none" else UPGRADED_PORTS[protocol][0]


def _usual_mode(protocol: ServerProtocol, port: int) -> TlsMode:
    if port == IMPLICIT_PORTS[protocol]:
        return "implicit"
    return "starttls" if protocol == "smtp" or port in UPGRADED_PORTS[protocol] else "implicit"


def _credentials(
    name: str, side: Mapping[str, Any], options: Mapping[str, Any], scope: str, server: Server
) -> Password | OAuth2 | None:
    kind = side["authentication"]
    if kind in ("oauth2", GOOGLE_SERVICE_ACCOUNT) and server.tls == "none":
        raise InputError(f"{name}.tls: 'none' would send an access token in the clear; use starttls or implicit.")
    if kind == "oauth2":
        return _oauth2(name, side, options, scope)
    _refuse_surplus(name, side, kind, [option for option in CREDENTIAL_OPTIONS if option != "auth_source"])
    if kind == GOOGLE_SERVICE_ACCOUNT:
        _refuse_surplus(name, side, kind, ["username", "password"])
        return _google(name, side, options)
    _refuse_surplus(name, side, kind, ["google"])
    if kind == "none":
        _refuse_surplus(name, side, kind, ["username", "password"])
        return None
    for option in ("username", "password"):
        if not side[option]:
            raise InputError(f"{name}.{option}: is needed with authentication basic.")
    return Password(side["username"], side["password"])


def _google(name: str, side: Mapping[str, Any], options: Mapping[str, Any]) -> OAuth2:
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
    if not is_address(address):
        raise InputError(f"{option}: {address!r} is not an e-mail address.")
    return address
