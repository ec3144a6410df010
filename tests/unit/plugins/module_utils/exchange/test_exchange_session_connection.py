from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.mailops.modern_auth.plugins.doc_fragments.exchange import ModuleDocFragment
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange import rest, winrm
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection import (
    exchange_session,
    missing_libraries,
    sign_in_from,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.powershell import PowerShellSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.rest import RestSession
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.spec import exchange_spec, winrm_spec
from ansible_collections.mailops.modern_auth.plugins.module_utils._module import connection_spec

ORGANIZATION = "contoso.onmicrosoft.com"


def options(transport: str, **given: Any) -> dict[str, Any]:
    defaults = {name: rules.get("default") for name, rules in {**connection_spec(), **exchange_spec()}.items()}
    return {**defaults, "transport": transport, "organization": ORGANIZATION, **given}


def windows(**given: Any) -> dict[str, Any]:
    return {**{name: rules.get("default") for name, rules in winrm_spec().items()}, "host": "h", "user": "u",
            "password": "p", **given}


@pytest.mark.parametrize(
    ("given", "parameters", "secure"),
    [
        ({"exchange_access_token": "t"}, {"AccessToken": "t"}, {}),
        (
            {"exchange_auth": "certificate_file", "client_id": "a", "exchange_certificate_path": "C:\\app.pfx",
             "exchange_certificate_password": "p"},
            {"AppId": "a", "CertificateFilePath": "C:\\app.pfx"}, {"CertificatePassword": "p"},
        ),
        (
            {"exchange_auth": "certificate_file", "client_id": "a", "exchange_certificate_path": "app.pfx"},
            {"AppId": "a", "CertificateFilePath": "app.pfx"}, {},
        ),
        (
            {"exchange_auth": "certificate_thumbprint", "client_id": "a", "exchange_certificate_thumbprint": "AB"},
            {"AppId": "a", "CertificateThumbprint": "AB"}, {},
        ),
        ({"exchange_auth": "managed_identity"}, {"ManagedIdentity": True}, {}),
        (
            {"exchange_auth": "managed_identity", "exchange_managed_identity_id": "m"},
            {"ManagedIdentity": True, "ManagedIdentityAccountId": "m"}, {},
        ),
    ],
)
def test_ways_to_sign_in(given: dict[str, Any], parameters: dict[str, Any], secure: dict[str, str]) -> None:
    found = sign_in_from(options("pwsh", **given))()
    assert found.parameters == {
        "Organization": ORGANIZATION, "ExchangeEnvironmentName": "O365Default", **parameters
    }
    assert found.secure == secure


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ({"cloud": "us_government"}, "O365USGovGCCHigh"), ({"cloud": "us_government_dod"}, "O365USGovDoD"),
        ({"cloud": "china"}, "O365China"), ({"exchange_environment": "O365GermanyCloud"}, "O365GermanyCloud"),
    ],
)
def test_environments(given: dict[str, Any], environment: str) -> None:
    found = sign_in_from(options("pwsh", exchange_access_token="t", **given))()
    assert found.parameters["ExchangeEnvironmentName"] == environment


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"transport": "pwsh", "organization": None, "exchange_access_token": "t"}, "organization"),
        ({"transport": "pwsh", "exchange_auth": "certificate_file"}, "client_id"),
        ({"transport": "pwsh", "exchange_auth": "certificate_file", "client_id": "a"}, "exchange_certificate_path"),
        ({"transport": "pwsh", "exchange_auth": "certificate_thumbprint", "client_id": "a"}, "thumbprint"),
        ({"transport": "winrm", "exchange_access_token": "t"}, "winrm is missing"),
        ({"transport": "winrm", "exchange_access_token": "t", "winrm": windows(password=None)}, "user and password"),
        ({"transport": "rest", "exchange_auth": "managed_identity"}, "exchange_auth"),
        ({"transport": "rest", "organization": None, "exchange_access_token": "t"}, "tenant_id"),
        ({"transport": "rest", "exchange_access_token": "t", "exchange_endpoint": "http://h"}, "exchange_endpoint"),
        ({"transport": "rest", "exchange_access_token": "t", "ca_path": "/nowhere"}, "ca_path"),
        ({"transport": "rest", "access_token": "for Graph"}, "Microsoft Graph"),
        (
            {"transport": "rest", "exchange_access_token": "t", "cloud": "custom",
             "authority_host": "https://h", "graph_endpoint": "https://h"},
            "exchange_endpoint",
        ),
    ],
)
def test_options_that_do_not_go_together(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        exchange_session(options(**given))
    assert words in caught.value.result()["msg"]


def test_each_transport_has_its_session() -> None:
    known = {"exchange_access_token": "t"}
    assert isinstance(exchange_session(options("rest", **known)), RestSession)
    assert isinstance(exchange_session(options("pwsh", **known)), PowerShellSession)
    assert isinstance(exchange_session(options("winrm", winrm=windows(), **known)), PowerShellSession)


def test_each_transport_needs_its_own_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rest.MISSING, "httpx", "trace")
    monkeypatch.setitem(winrm.MISSING, "pywinrm", "trace")
    assert missing_libraries({"transport": "rest"}) == {"httpx": "trace"}
    assert missing_libraries({"transport": "winrm"}) == {"pywinrm": "trace"}
    assert missing_libraries({"transport": "pwsh"}) == {}


def test_the_documented_options_are_the_specified_ones() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    for documents, specification in (
        (documented, exchange_spec()), (documented["winrm"]["suboptions"], winrm_spec())
    ):
        assert {
            name: (option["type"], option.get("default"), option.get("choices"), option.get("required", False))
            for name, option in documents.items()
        } == {
            name: (rules.get("type", "str"), rules.get("default"), rules.get("choices"), rules.get("required", False))
            for name, rules in specification.items()
        }


def test_secrets_are_hidden_options() -> None:
    for name, rules in {**exchange_spec(), **winrm_spec()}.items():
        if "password" in name or "token" in name:
            assert rules["no_log"] is True
