# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What Integration Server keeps about mail at present: its e-mail ports, and its notifications. Pure.

The server gives no secret back, so that nobody can tell whether one is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ansible_collections.mailops.modern_auth.plugins.module_utils._products._integration_server import (
    KINDS,
    NOTIFICATION,
    PORTS,
    TLS,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import (
    Place,
    Use,
    port,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.api_object import ApiObject

_VARIABLE = "mail_integration_server"
_NEEDED = ("url", "username", "password")
_WORDS = {called: word for word, called in TLS.items()}
_TENANT = re.compile(r"https://[^/]+/([^/]+)/oauth2/")


def places(extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
    """See Present."""
    problems += [f"{_VARIABLE}.{name}: is required" for name in _NEEDED if name not in extras]
    if not set(_NEEDED) <= set(extras):
        return []
    access: dict[str, Any] = {
        "authentication": {"username": extras["username"], "password": {"secret": f"{_VARIABLE}.password"}},
        "ca_path": extras.get("ca_path"),
    }
    return [
        Place(ApiObject(f"{extras['url']}{PORTS}?expand=true", {}, name=f"{extras['url']}{PORTS}", **access), _ports),
        Place(ApiObject(f"{extras['url']}{NOTIFICATION}", {}, **access), dict),
    ]


def uses(found: Mapping[str, Any]) -> Sequence[Use]:
    """See Present."""
    return [use for place, content in found.items() for use in (
        _notification(place, content) if place.endswith(NOTIFICATION)
        else [_port(place, one) for one in content]
    )]


def _ports(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in content.get("emailPorts") or [] if isinstance(one, Mapping)]


def _port(place: str, one: Mapping[str, Any]) -> Use:
    is_oauth = one.get("authentication") == "OAuth"
    name = one.get("alias") or one.get("name")
    if "host" not in one:
        return Use(
            use="receive", purpose=str(name), place=f"{place}/{name}", key="authentication", transport=None,
            authentication=None, remarks=["The server tells no more of this port than its name."],
        )
    return Use(
        use="receive", purpose=str(name), place=f"{place}/{name}", key="authentication",
        transport=_transport(str(one.get("type", "IMAP"))),
        authentication="oauth2" if is_oauth else "basic", host=text(one.get("host")), port=port(one.get("serverPort")),
        tls=_WORDS.get(str(one.get("tlsSettings", "None")).lower()), user=text(one.get("user")),
        mailbox=text(one.get("user")),
        remarks=[] if one.get("enabled", True) else ["The port is disabled."],
        **(_oauth(one, "clientID") if is_oauth else {}),
    )


def _transport(kind: str) -> Literal["imap", "pop3"] | None:
    return "imap" if kind == KINDS["imap"] else "pop3" if kind == KINDS["pop3"] else None


def _notification(place: str, content: Mapping[str, Any]) -> list[Use]:
    if not content.get("smtpServer"):
        return []
    is_oauth = content.get("authType") == "OAuth"
    user = text(content.get("userName"))
    return [Use(
        use="send", purpose="notifications", place=place, key="authType" if is_oauth else "userName", transport="smtp",
        authentication="oauth2" if is_oauth else "basic" if user else "none",
        host=text(content.get("smtpServer")), port=port(content.get("smtpPort")),
        tls=_WORDS.get(str(content.get("transportSecurity", "none")).lower()), user=user, mailbox=user,
        **(_oauth(content, "clientId") if is_oauth else {}),
    )]


def _oauth(settings: Mapping[str, Any], client_id: str) -> dict[str, Any]:
    tenant = _TENANT.match(str(settings.get("authURL", "")))
    return {
        "client_id": text(settings.get(client_id)), "tenant_id": tenant[1] if tenant else None,
        "scopes": str(settings.get("scope") or "").split(),
    }
