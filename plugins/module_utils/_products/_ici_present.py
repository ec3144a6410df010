# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What ICI is configured with at present. Pure.

While the key Platform.Email.ProviderConfiguration has no value, the older keys count, of which one names SMTP or EWS.
How these encrypt is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import (
    Place,
    Use,
    port,
    secret,
    text,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.formats import ici_keys
from ansible_collections.mailops.modern_auth.plugins.module_utils._targets.kinds.file import File

_OLD = "Core.Tasks.SendEmail."
_OLD_KEYS = tuple(f"{_OLD}{name}" for name in (
    "EmailServerType", "EmailServer", "EmailServer.Port", "EmailUserName", "EmailPassword", "EmailFromAddress",
    "UseDefaultEmailFromAddress",
))
_TLS = {0: "none", 1: "auto", 2: "implicit", 3: "starttls", 4: "starttls_optional"}


def places(extras: Mapping[str, Any], problems: list[str]) -> Sequence[Place]:
    """See Present."""
    if "config_file" not in extras:
        problems.append("mail_ici.config_file: is required")
        return []
    return [Place(File(extras["config_file"], "ici_keys", {}), _read)]


def uses(found: Mapping[str, Any]) -> Sequence[Use]:
    """See Present."""
    return [
        _of_provider(path, settings) if settings is not None else _of_old_keys(path, old)
        for path, (settings, old) in found.items()
    ]


def _read(content: bytes) -> tuple[Mapping[str, Any] | None, Mapping[str, str]]:
    return ici_keys.read(content, {}), ici_keys.values(content, _OLD_KEYS)


def _of_provider(path: str, settings: Mapping[str, Any]) -> Use:
    configuration = settings.get("configuration")
    configuration = configuration if isinstance(configuration, Mapping) else {}
    provider = str(settings.get("provider"))
    if provider.upper() == "GRAPH":
        return Use(
            use="send", place=path, key=ici_keys.NAME, transport="graph", authentication="oauth2",
            mailbox=text(configuration.get("EmailId")), secret=secret(configuration.get("ClientSecret")),
            client_id=text(configuration.get("ClientId")), tenant_id=text(configuration.get("TenantId")),
        )
    if provider.upper() != "MAILKIT":
        return Use(
            use="send", place=path, key=ici_keys.NAME, transport=None, authentication=None,
            remarks=[f"Its provider {provider!r} is neither GRAPH nor MAILKIT."],
        )
    options = configuration.get("SecureSocketOptions", 3)
    return Use(
        use="send", place=path, key=ici_keys.NAME, transport="smtp", authentication="basic",
        host=text(configuration.get("EmailServer")), port=port(configuration.get("EmailServer.Port")),
        tls=_TLS.get(options) if isinstance(options, int) else None, user=text(configuration.get("EmailUserName")),
        mailbox=text(configuration.get("EmailFromAddress")), secret=secret(configuration.get("EmailPassword")),
    )


def _of_old_keys(path: str, old: Mapping[str, str]) -> Use:
    said = {name.removeprefix(_OLD): value for name, value in old.items()}
    kind = said.get("EmailServerType", "").upper()
    if kind not in ("SMTP", "EWS"):
        return Use(
            use="send", place=path, key=ici_keys.NAME, transport=None, authentication=None,
            remarks=[f"Neither {ici_keys.NAME} nor {_OLD}EmailServerType says how mail is sent."],
        )
    signs_in = bool(said.get("EmailUserName"))
    return Use(
        use="send", place=path, key=f"{_OLD}EmailServerType", transport="smtp" if kind == "SMTP" else "ews",
        authentication="basic" if signs_in else "none", host=text(said.get("EmailServer")),
        port=port(said.get("EmailServer.Port")), user=text(said.get("EmailUserName")),
        mailbox=text(said.get("EmailFromAddress")), secret=secret(said.get("EmailPassword")) if signs_in else None,
    )
