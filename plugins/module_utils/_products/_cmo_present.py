# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What CMO is configured with at present. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._mail.connection import IMPLICIT_PORTS
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_keys import (
    DOCUMENT_IMPORT,
    MAILBOXES,
    NEW_ACTION,
    SENDING,
    keys,
    read,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._cmo_mailboxes import SERVER_TYPES
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import (
    Place,
    Use,
    secret,
    server,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import web_config
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

_TRANSPORTS = {called.lower(): transport for transport, called in SERVER_TYPES.items()}
_IMPLICIT = {str(transport): number for transport, number in IMPLICIT_PORTS.items()}
_SECTIONS = {"smtp": "Smtp.", "imap": "Imap.", "pop3": "Pop3."}


def places(extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
    """See Present."""
    if "path" not in extras:
        problems.append("mail_cmo.path: is required")
        return []
    return [Place(File(extras["path"], "web_config", {}), _read)]


def uses(found: Mapping[str, Any]) -> Sequence[Use]:
    """See Present."""
    return [
        _use(path, name, settings) for path, mailboxes in found.items() for name, settings in mailboxes.items()
        if "ServerType" in settings and (name not in (NEW_ACTION, DOCUMENT_IMPORT) or _is_another(name, mailboxes))
    ]


def _read(content: bytes) -> Mapping[str, Mapping[str, str]]:
    names = [name for mailbox in MAILBOXES.values() for name in keys(mailbox)]
    return read(web_config.read(content, dict.fromkeys(names)))


def _is_another(name: str, mailboxes: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a mailbox that inherits says anything of its own."""
    return mailboxes[name] != mailboxes["receiving"]


def _use(path: str, name: str, settings: Mapping[str, str]) -> Use:
    transport = _TRANSPORTS.get(settings["ServerType"].lower())
    about: dict[str, Any] = {
        "use": "send" if name == SENDING else "receive", "place": path, "key": MAILBOXES[name].prefix + "*",
        "purpose": name if name in (NEW_ACTION, DOCUMENT_IMPORT) else "", "transport": transport,
    }
    if transport == "graph":
        return Use(**about, authentication="oauth2", **_microsoft365(settings))
    if transport in _SECTIONS:
        return Use(**about, **_by_server(transport, settings))
    unknown = [] if transport else [f"CMO knows no ServerType {settings['ServerType']!r}."]
    return Use(**about, authentication=None, remarks=unknown)


def _microsoft365(settings: Mapping[str, str]) -> dict[str, Any]:
    integration = settings.get("Microsoft365.IntegrationType", "")
    is_confidential = integration.lower() == "confidential"
    own = {
        key.removeprefix(f"Microsoft365.{integration}App."): value for key, value in settings.items()
    } if integration else {}
    about = {name.rpartition(".")[2]: value for name, value in own.items()}
    return {
        "client_id": text(about.get("ClientId")), "tenant_id": text(about.get("TenantId")),
        "user": text(about.get("AccountName")), "mailbox": text(about.get("UserObjectId", about.get("AccountName"))),
        "secret": secret(about.get("Secret")) if is_confidential else None,
        "remarks": [] if integration else ["It has no Microsoft365.IntegrationType."],
    }


def _by_server(transport: str, settings: Mapping[str, str]) -> dict[str, Any]:
    section = _SECTIONS[transport]
    said = {
        key.removeprefix(section): value for key, value in settings.items() if key.startswith(section)
    }
    host, number = server(said.get("Server"))
    signs_in = transport != "smtp" or said.get("UseAuth", "").lower() == "true"
    is_google = said.get("AuthType", "").lower() == "googleoauth2"
    encrypts = said.get("UseSsl", said.get("UseSSL", "")).lower() == "true"
    implicit = number == _IMPLICIT[transport] or (number is None and transport != "smtp")
    user = text(said.get("GoogleOAuth2.GsuiteUser" if is_google else "Login"))
    return {
        "authentication": "none" if not signs_in else "google_service_account" if is_google else "basic",
        "host": host, "port": number, "tls": ("implicit" if implicit else "starttls") if encrypts else "none",
        "user": user, "mailbox": user,
        "secret": secret(said.get("Password")) if signs_in and not is_google else None,
    }
