# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the connection options to a session that can be opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import TokenSource, token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth.access_token import ReadyToken
from ansible_collections.mailops.modern_auth.plugins.module_utils._cloud import cloud_from, origin
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import ready_token, rest, winrm
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.powershell import PowerShellSession, SignIn
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.pwsh import LocalPipe
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.rest import RestSession, http_client
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.session import ExchangeSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.winrm import WinRmHost, WinRmPipe

#: The values of Connect-ExchangeOnline's ExchangeEnvironmentName, and the host of the admin API, by cloud.
#: https://learn.microsoft.com/powershell/module/exchange/connect-exchangeonline and
#: https://learn.microsoft.com/exchange/reference/admin-api-overview
ENVIRONMENTS_BY_CLOUD: Mapping[str, str] = {
    "global": "O365Default",
    "us_government": "O365USGovGCCHigh",
    "us_government_dod": "O365USGovDoD",
    "china": "O365China",
    "custom": "O365Default",
}
ENDPOINTS_BY_CLOUD: Mapping[str, str] = {
    "global": "https://outlook.office365.com",
    "us_government": "https://outlook.office365.us",
    "us_government_dod": "https://outlook-dod.office365.us",
    "china": "https://outlook.office365.cn",
}


def missing_libraries(options: Mapping[str, Any]) -> dict[str, str]:
    """The traceback of each failed import that the chosen transport needs, by the name under which pip knows it."""
    return {"rest": rest.MISSING, "winrm": winrm.MISSING, "pwsh": {}}[options["transport"]]


def exchange_session(options: Mapping[str, Any]) -> ExchangeSession:
    """The session that the options of the fragments ``entra`` and ``exchange`` describe, not opened yet.

    :raises InputError: if options are missing or do not go together; nothing was sent.
    """
    if options["transport"] == "rest":
        return _rest(options)
    sign_in = sign_in_from(options)
    pipe = _windows_host(options) if options["transport"] == "winrm" else _local(options)
    return PowerShellSession(
        pipe, sign_in, start_seconds=options["connect_timeout"], call_seconds=options["command_timeout"]
    )


def _rest(options: Mapping[str, Any]) -> RestSession:
    if options["exchange_auth"] != "access_token":
        raise InputError(
            f"exchange_auth: {options['exchange_auth']} is a way of PowerShell's; transport rest uses a token.",
            remedy="Leave exchange_auth out and say with auth_source where the token comes from.",
        )
    organization = options["organization"] or options["tenant_id"]
    if not organization:
        raise InputError("organization is missing; transport rest needs it, or tenant_id.")
    cloud = options["cloud"]
    endpoint = options["exchange_endpoint"] or ENDPOINTS_BY_CLOUD.get(cloud)
    if not endpoint:
        raise InputError(f"cloud: {cloud} needs exchange_endpoint.")
    return RestSession(
        http_client(options["ca_path"], options["timeout"]), origin("exchange_endpoint", endpoint), organization,
        _tokens(options), cloud_from(options).outlook_scope,
    )


def _tokens(options: Mapping[str, Any]) -> TokenSource:
    # access_token of the fragment entra is one for Microsoft Graph, which Exchange does not accept.
    if options["exchange_access_token"]:
        ready_token.examine(
            options["exchange_access_token"], datetime.now(UTC), cloud_from(options).outlook_resource
        )
        return ReadyToken(options["exchange_access_token"])
    if options["access_token"] and options["auth_source"] in ("auto", "access_token"):
        raise InputError(
            "access_token is for Microsoft Graph; Exchange needs one of its own.",
            remedy="Give it as exchange_access_token, or a credential with which tokens for both can be had.",
        )
    return token_source(options)


def _windows_host(options: Mapping[str, Any]) -> WinRmPipe:
    given = options["winrm"]
    if not given:
        raise InputError("winrm is missing; transport winrm needs at least winrm.host.")
    return WinRmPipe(WinRmHost(**{**given, "ca_path": given["ca_path"] or options["ca_path"]}))


def _local(options: Mapping[str, Any]) -> LocalPipe:
    # .NET reads this variable on Linux.
    return LocalPipe(options["pwsh_path"], {"SSL_CERT_FILE": options["ca_path"]} if options["ca_path"] else {})


def sign_in_from(options: Mapping[str, Any]) -> Callable[[], SignIn]:
    """How PowerShell signs in; a token is fetched when the result is called.

    :raises InputError: if an option that the way needs is missing.
    """
    common = {
        "Organization": _needed(options, "organization"),
        "ExchangeEnvironmentName": options["exchange_environment"] or ENVIRONMENTS_BY_CLOUD[options["cloud"]],
    }
    match options["exchange_auth"]:
        case "certificate_file":
            password = options["exchange_certificate_password"]
            parameters = {
                "AppId": _needed(options, "client_id"),
                "CertificateFilePath": _needed(options, "exchange_certificate_path"),
            }
            secure = {"CertificatePassword": password} if password else {}
            return lambda: SignIn({**common, **parameters}, secure)
        case "certificate_thumbprint":
            parameters = {
                "AppId": _needed(options, "client_id"),
                "CertificateThumbprint": _needed(options, "exchange_certificate_thumbprint"),
            }
            return lambda: SignIn({**common, **parameters})
        case "managed_identity":
            account = options["exchange_managed_identity_id"]
            chosen = {"ManagedIdentityAccountId": account} if account else {}
            return lambda: SignIn({**common, "ManagedIdentity": True, **chosen})
        case _:
            tokens, scope = _tokens(options), cloud_from(options).outlook_scope
            return lambda: SignIn({**common, "AccessToken": tokens.token(scope)})


def _needed(options: Mapping[str, Any], option: str) -> str:
    if not options[option]:
        way = f"transport {options['transport']} with exchange_auth {options['exchange_auth']}"
        raise InputError(f"{option} is missing; {way} needs it.")
    return str(options[option])
