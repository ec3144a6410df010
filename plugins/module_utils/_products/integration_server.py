# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""webMethods Integration Server: its e-mail port receives, and its services and notifications send by SMTP.

With OAuth a person signs in once, in the server's administrator, and the server keeps a refresh token: the
authorization code grant, and no other. What it keeps about mail is configured through its Administrator API, see
_integration_server.py; what services pass to pub.client:smtp is their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import Cloud
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import table
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Key, Table, secret, text
from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.settings import MAILBOX_HOSTS, SUBMISSION_HOSTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products import _integration_server_present
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._entra import cloud_of
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server import (
    KINDS,
    PROCESSING,
    RECIPIENTS,
    REDIRECT_PAGE,
    TLS,
    OAuth,
    Server,
    alias,
    fields,
    misfits,
    redirect_url,
    server_url,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server_sides import Side, rules
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import (
    OWN_CREDENTIALS,
    Access,
    Application,
    Part,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject

VARIABLE = "mail_integration_server"
PRESENT = _integration_server_present
# Its keys.
EXTRAS: Table = {
    "url": Key(server_url, required=True),
    "username": Key(text, required=True, beside_secret=True),
    "password": Key(secret, required=True, secret=True),
    "ca_path": Key(text),
    "redirect_url": Key(redirect_url),
    "alias": Key(alias),
    **table(PROCESSING),
    "notification": Key(keys=table(RECIPIENTS)),
}
#: What the port needs, whether it is said or not.
_DEFAULTS: Mapping[str, Any] = {"package": "WmRoot", "interval": 60}
#: What a person consents to, by how the mail travels.
_PERMISSIONS = {"smtp": "SMTP.Send", "imap": "IMAP.AccessAsUser.All"}
#: Where people sign in who prove that mail travels, see the module oauth_sign_in.
_PROVING = "http://localhost"
#: Seconds until a mail is taken, beside the port's interval.
_PATIENCE = 60


def part(wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
    """What the settings mean for Integration Server, or None if they cannot be expressed.

    :param wanted: what was read of the ``mail_*`` variables, by their names.
    :param problems: what Integration Server cannot do is appended.
    """
    extras, entra = wanted.get(VARIABLE, {}), wanted.get("mail_entra", {})
    known = len(problems)
    cloud = cloud_of(entra, problems)
    send, receive = _sides(wanted, entra.get("cloud", "global"))
    sides = [side for side in (send, receive) if side is not None]
    for side in sides:
        rules(side, problems)
    _port_rules(extras, receive, problems)
    _notification_rules(extras, send, receive, problems)
    if len(problems) > known or not all(side.is_known for side in sides) or "url" not in extras:
        return None
    people = [side for side in sides if side.is_oauth]
    redirect = extras.get("redirect_url", f"{extras['url']}{REDIRECT_PAGE}")

    def oauth(side: Side) -> OAuth | None:
        authority = f"{cloud.authority_host}/{entra.get('tenant_id', '')}/oauth2/v2.0"
        scopes = [f"{cloud.outlook_resource}/{_PERMISSIONS[one.transport]}" for one in people]
        return OAuth(
            f"{authority}/authorize", f"{authority}/token", OWN_CREDENTIALS["client_id"],
            OWN_CREDENTIALS["client_secret"], " ".join(["offline_access", *scopes]), redirect, side.account,
        ) if side.is_oauth else None

    server = Server(extras["url"], {
        "authentication": {
            "username": extras.get("username", ""), "password": {"secret": f"{VARIABLE}.password"},
        },
        **({"ca_path": extras["ca_path"]} if "ca_path" in extras else {}),
    })
    port = None if receive is None else server.email_port(
        extras["alias"], _port_settings(extras, receive), oauth(receive)
    )
    notification = server.notification(_notification_settings(extras["notification"], send), oauth(send)) if (
        "notification" in extras
    ) else None
    return Part(
        targets=[one.plan() for one in (port, notification) if one is not None],
        send=server.sending(send.mailbox, _service_inputs(send, cloud)),
        sender=send.mailbox,
        applications=_applications(people, [redirect, *([_PROVING] if "mail_verify" in wanted else [])]),
        takes=[] if receive is None or receive.transport != "imap" else [
            {"receive": _looking(receive, cloud), "timeout": _PATIENCE + extras.get("interval", _DEFAULTS["interval"])}
        ],
        unproven=[
            *(["receiving by pop3"] if receive is not None and receive.transport == "pop3" else []),
            *(["the server's notifications"] if notification is not None else []),
        ],
        remedy="The server's own words are in its administrator, at Logs > Server.",
        delegate=_delegate(people),
        **_needed(port),
    )


def _sides(wanted: Mapping[str, Any], cloud: str) -> tuple[Side, Side | None]:
    send = Side("mail_send", wanted["mail_send"], SUBMISSION_HOSTS.get(cloud, ""))
    if "mail_receive" not in wanted:
        return send, None
    return send, Side("mail_receive", wanted["mail_receive"], MAILBOX_HOSTS.get(cloud, ""))


def _port_rules(extras: Mapping[str, Any], receive: Side | None, problems: list[str]) -> None:
    if receive is None:
        problems += [
            f"{VARIABLE}.{name}: is about the e-mail port, which there is none of without mail_receive; remove it"
            for name in ("alias", *PROCESSING) if name in extras
        ]
        return
    if "alias" not in extras:
        problems.append(f"{VARIABLE}.alias: is required with mail_receive; it is the name of the e-mail port")
    if receive.transport in KINDS:
        problems += [f"{VARIABLE}.{name}: {words}" for name, words in misfits(KINDS[receive.transport], extras)]


def _notification_rules(
    extras: Mapping[str, Any], send: Side, receive: Side | None, problems: list[str]
) -> None:
    if "notification" in extras:
        if "token_refresh_interval" in extras["notification"] and not send.is_oauth:
            problems.append(
                f"{VARIABLE}.notification.token_refresh_interval: is not used with mail_send.authentication "
                f"{send.authentication}; remove it"
            )
    elif receive is None:
        problems.append(
            f"mail_receive: is required, or {VARIABLE}.notification; what services pass to pub.client:smtp is their "
            "own, so that there would be nothing to configure"
        )


def _port_settings(extras: Mapping[str, Any], receive: Side) -> dict[str, Any]:
    return {
        "type": KINDS[receive.transport], "host": receive.host, "serverPort": receive.port, "user": receive.user,
        "tlsSettings": TLS[receive.tls].capitalize(), **fields(PROCESSING, {**_DEFAULTS, **extras}),
        **({} if receive.is_oauth else {"authentication": "Basic", "password": receive.password}),
    }


def _notification_settings(given: Mapping[str, Any], send: Side) -> dict[str, Any]:
    return {
        "smtpServer": send.host, "smtpPort": send.port, "transportSecurity": TLS[send.tls],
        **({} if send.authentication == "none" else {"userName": send.user}),
        **({"password": send.password} if send.authentication == "basic" else {}), **fields(RECIPIENTS, given),
    }


def _service_inputs(send: Side, cloud: Cloud) -> dict[str, Any]:
    """What pub.client:smtp is told of the mail server, and of who signs in."""
    auth: dict[str, Any] = {}
    if send.is_oauth:
        auth = {"type": "Bearer", "user": send.user, "token": _token(send, cloud)}
    elif send.authentication == "basic":
        auth = {"type": "Basic", "user": send.user, "pass": send.password}
    return {
        "mailhost": send.host, "mailhostPort": str(send.port), "secure": {"transportLayerSecurity": TLS[send.tls]},
        **({"auth": auth} if auth else {}),
    }


def _looking(receive: Side, cloud: Cloud) -> dict[str, Any]:
    """How to look into the mailbox that the port reads."""
    sign_in = {"auth_source": "access_token", "access_token": _token(receive, cloud)} if receive.is_oauth else {
        "authentication": "basic", "username": receive.account, "password": receive.password,
    }
    return {
        "transport": "imap", "mailbox": receive.mailbox, "host": receive.host, "port": receive.port,
        "tls": receive.tls, **sign_in,
    }


def _token(side: Side, cloud: Cloud) -> dict[str, str]:
    """A token of whoever has signed in for the proof; the server's own never leave it."""
    return {"token": cloud.outlook_scope, "account": side.account}


def _needed(port: ApiObject | None) -> dict[str, Any]:
    """What has to be done for the port before it takes mails."""
    if port is None or port.sign_in is None:
        return {}
    about = {name: port.sign_in[name] for name in ("what", "account", "do")}
    return {"needs": port.name, "sign_in": {**about, "where": port.name}}


def _delegate(people: Sequence[Side]) -> dict[str, str] | None:
    """Who signs in for another's mailbox, if that is the same for both directions."""
    first, *others = {(side.account, side.mailbox) for side in people} or {("", "")}
    account, mailbox = first
    return None if others or account.lower() == mailbox.lower() else {"account": account, "mailbox": mailbox}


def _applications(people: Sequence[Side], redirect_urls: Sequence[str]) -> tuple[Application, ...]:
    """The one to which people sign in, if they do."""
    if not people:
        return ()
    # The scopes name Exchange, so its consent counts. Graph has permissions that are called alike.
    return (Application(
        [
            {
                "resource": "Office 365 Exchange Online", "application": [],
                "delegated": [_PERMISSIONS[side.transport] for side in people],
            },
            {"resource": "Microsoft Graph", "application": [], "delegated": ["offline_access"]},
        ],
        # Only these two know OAuth.
        tuple(
            Access("smtp" if side.transport == "smtp" else "imap", side.mailbox, by="person") for side in people
        ),
        registration={"redirect_uris": {"web": list(redirect_urls)}},
    ),)
