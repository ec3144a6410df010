"""The stand-in module ExchangeOnlineManagement, in Python: the same as ``ExchangeOnlineManagement.psm1``, line by line.

It signs in at the sandbox, asks the admin API which cmdlets the caller may use, and posts an InvokeCommand for each.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from m365_sandbox.powershell.binding import Parameter, bind
from m365_sandbox.powershell.certificate import client_assertion
from m365_sandbox.powershell.records import (
    RecordError,
    command_not_found,
    prompt_refused,
    thrown,
)
from m365_sandbox.powershell.web import Http, HttpAnswer

VERSION = "3.9.2"
_CONNECT = "Connect-ExchangeOnline"
_SCOPE = "https://outlook.office365.com/.default"
_ANCHOR = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
_ENVIRONMENTS = ("O365Default", "O365USGovGCCHigh", "O365USGovDoD", "O365China", "O365GermanyCloud")
_SWITCHES = (
    "BypassMailboxAnchoring", "Device", "DisableWAM", "EnableErrorReporting", "InlineCredential", "LoadCmdletHelp",
    "ManagedIdentity", "ShowBanner", "SkipLoadingCmdletHelp", "SkipLoadingFormatData", "UseRPSSession",
)
_TEXTS = (
    "ConnectionUri", "AzureADAuthorizationEndpointUri", "DelegatedOrganization", "Prefix", "AccessToken", "AppId",
    "CertificateFilePath", "CertificateThumbprint", "EXOModuleBasePath", "LogDirectoryPath", "LogLevel",
    "ManagedIdentityAccountId", "Organization", "UserPrincipalName",
)
_CONNECT_PARAMETERS = (
    Parameter("ExchangeEnvironmentName", allowed=_ENVIRONMENTS),
    Parameter("CommandName", "String[]"), Parameter("FormatTypeName", "String[]"),
    Parameter("CertificatePassword", "SecureString"), Parameter("PageSize", "UInt32"),
    *(Parameter(name) for name in _TEXTS), *(Parameter(name, "SwitchParameter") for name in _SWITCHES),
    *(Parameter(name, "Boolean") for name in ("ShowProgress", "TrackPerformance", "UseMultithreading")),
)
_SHOULD_PROCESS = (Parameter("WhatIf", "SwitchParameter"), Parameter("Confirm", "SwitchParameter"))


@dataclass(frozen=True)
class Proxy:
    """A cmdlet that the caller may use. ``confirms``: it asks before it acts, unless Confirm is false."""

    name: str
    parameters: tuple[Parameter, ...]
    confirms: bool

    @property
    def reads_only(self) -> bool:
        """Get and Test cmdlets know neither Confirm nor WhatIf."""
        return self.name.startswith(("Get-", "Test-"))


class ExchangeModule:
    """What the module keeps between commands.

    :param environment: M365_SANDBOX_LOGIN and M365_SANDBOX_EXCHANGE say where the sandbox is.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._http = Http()
        self._root = ""
        self._headers: dict[str, str] = {}
        self._proxies: dict[str, Proxy] = {}

    def connect(self, parameters: Mapping[str, Any]) -> None:
        """Connect-ExchangeOnline."""
        given = bind(_CONNECT, _CONNECT_PARAMETERS, parameters)
        exchange = self._environment.get("M365_SANDBOX_EXCHANGE")
        if not exchange:
            raise thrown(
                "System.InvalidOperationException",
                "M365_SANDBOX_EXCHANGE is not set: this module only talks to the sandbox.",
            )
        organization = given.get("Organization")
        if not organization:
            raise thrown(
                "System.ArgumentException",
                "Organization is required for app-only sign-in: the primary .onmicrosoft.com domain.",
            )
        if given.get("CertificateThumbprint"):
            raise thrown(
                "System.PlatformNotSupportedException", "CertificateThumbprint is only available on Windows."
            )
        token = given.get("AccessToken") or self._token(given, organization)
        root = f"{exchange.rstrip('/')}/adminapi/beta/{organization}"
        headers = {
            "Authorization": f"Bearer {token}", "Accept": "application/json",
            "X-AnchorMailbox": f"{_ANCHOR}@{organization}",
            "Prefer": f"odata.maxpagesize={given.get('PageSize', 1000)}",
        }
        answer = self._http.send("GET", f"{root}/EXOModuleFile?Version={VERSION}", headers)
        if answer.status == 401:
            raise thrown("System.UnauthorizedAccessException", "UnAuthorized")
        if answer.status == 403:
            raise thrown(
                "System.Exception",
                f"The role assigned to application {given.get('AppId', '')} isn't supported in this scenario. Please "
                "check online documentation for assigning correct Directory Roles to Azure AD Application for EXO "
                "App-Only Authentication.",
            )
        if answer.status != 200:
            raise thrown("System.Exception", f"EXOModuleFile answered {answer.status}.")
        wanted = {name.casefold() for name in given.get("CommandName") or ()}
        signatures = answer.body["value"][0]["signatures"]
        proxies = (_proxy(name, signature) for name, signature in signatures.items())
        self._proxies = {
            proxy.name.casefold(): proxy for proxy in proxies if not wanted or proxy.name.casefold() in wanted
        }
        self._root, self._headers = root, headers

    def disconnect(self) -> None:
        """Disconnect-ExchangeOnline."""
        self._proxies = {}

    def invoke(self, name: str, parameters: Mapping[str, Any], warnings: list[str]) -> list[Any]:
        """Run a cmdlet; what it warns of is appended to ``warnings``, also when it fails then."""
        proxy = self._proxies.get(name.casefold())
        if proxy is None:
            raise command_not_found(name)
        known = proxy.parameters if proxy.reads_only else (*proxy.parameters, *_SHOULD_PROCESS)
        bound = bind(proxy.name, known, parameters)
        confirm, what_if = bound.pop("Confirm", None), bound.pop("WhatIf", False)
        if what_if:
            print(f'What if: Performing the operation "{proxy.name}" on target "{bound.get("Identity", "")}".')
            return []
        if confirm or (proxy.confirms and confirm is None):
            raise prompt_refused(proxy.name)
        return self._pages(proxy.name, {name: _hashtable(value) for name, value in bound.items()}, warnings)

    def _pages(self, name: str, parameters: Mapping[str, Any], warnings: list[str]) -> list[Any]:
        body = json.dumps({"CmdletInput": {"CmdletName": name, "Parameters": parameters}}).encode()
        headers = {**self._headers, "Content-Type": "application/json; charset=utf-8"}
        rows: list[Any] = []
        url: str | None = f"{self._root}/InvokeCommand"
        while url:
            answer = self._http.send("POST", url, headers, body)
            warnings += answer.body.get("@adminapi.warnings") or []
            if answer.status != 200:
                raise _written_error(name, answer)
            rows += [_row(row) for row in answer.body.get("value") or []]
            url = answer.body.get("@odata.nextLink")
        return rows

    def _token(self, given: Mapping[str, Any], organization: str) -> str:
        app_id = given.get("AppId")
        if not app_id:
            raise thrown("System.ArgumentException", "AppId with a certificate, or AccessToken, is required.")
        if not given.get("CertificateFilePath"):
            raise thrown("System.ArgumentException", "A certificate is required.")
        login = self._environment.get("M365_SANDBOX_LOGIN", "").rstrip("/")
        endpoint = f"{login}/{organization}/oauth2/v2.0/token"
        form = {
            "client_id": app_id, "scope": _SCOPE, "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": client_assertion(
                given["CertificateFilePath"], given.get("CertificatePassword") or "", app_id, endpoint
            ),
        }
        answer = self._http.send(
            "POST", endpoint, {"Content-Type": "application/x-www-form-urlencoded"},
            urllib.parse.urlencode(form).encode(),
        )
        if answer.status != 200:
            raise thrown("System.Exception", str(answer.body.get("error_description", "")))
        return str(answer.body["access_token"])


def _proxy(name: str, signature: Mapping[str, Any]) -> Proxy:
    parameters = tuple(
        Parameter(key, parameter.get("type") or "Object", bool(parameter.get("mandatory")))
        for key, parameter in signature["parameters"].items()
    )
    return Proxy(name, parameters, bool(signature.get("confirms")))


def _hashtable(value: Any) -> Any:
    return {"@odata.type": "#Exchange.GenericHashTable", **value} if isinstance(value, dict) else value


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _typed(value, row.get(f"{name}@data.type")) for name, value in row.items() if "@" not in name
    }


def _typed(value: Any, kind: str | None) -> Any:
    if kind == "System.Guid":
        return str(value).lower()
    if kind == "System.DateTime":
        moment = datetime.fromisoformat(value)
        local = moment if moment.tzinfo is None or value.endswith("Z") else moment.astimezone()
        zone = "Z" if value.endswith("Z") else "" if local.tzinfo is None else local.isoformat()[-6:]
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}0{zone}"
    return value


def _written_error(name: str, answer: HttpAnswer) -> RecordError:
    error = answer.body.get("error") or {}
    internal = (error.get("innererror") or {}).get("internalexception") or {}
    candidates = [
        internal.get("message"), *(detail.get("message") for detail in error.get("details") or []),
        error.get("message"), f"HTTP {answer.status}",
    ]
    message = str(next(text for text in candidates if text))
    pieces = message.split("|", 2)
    moment = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    place = f"[Server=SANDBOX,RequestId={answer.headers.get('request-id', '')},TimeStamp={moment}]"
    return RecordError(
        message, "System.Exception", f"{place},Write-ErrorMessage,{name}", "NotSpecified",
        reason=pieces[1].rpartition(".")[2] if len(pieces) == 3 else "Exception",
    )
