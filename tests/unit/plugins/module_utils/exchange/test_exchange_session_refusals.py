from __future__ import annotations

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    CmdletUnavailableError,
    ExchangeConflictError,
    ExchangeError,
    ExchangeNotFoundError,
    InputError,
    ModernAuthError,
    PowerShellError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.connection_refusals import (
    connection_refused,
    module_refused,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.refusals import (
    refused,
    refused_by_powershell,
    take_apart,
)


def record(message: str, **known: str) -> dict[str, str]:
    return {
        "message": message, "type": "System.Exception", "id": message, "category": "OperationStopped",
        "reason": "Exception", "target": "", **known,
    }


@pytest.mark.parametrize(
    ("message", "number", "kind", "text"),
    [
        ("Ex6F9304|A.B.NotFoundException|It isn't\nthere.", "Ex6F9304", "NotFoundException", "It isn't\nthere."),
        ("|A.B.NotFoundException|gone", "", "NotFoundException", "gone"),
        ("Plain text | with | bars", "", "", "Plain text | with | bars"),
        ("Ex6F9304|A.B|a|b|c", "Ex6F9304", "B", "a|b|c"),
        ("", "", "", ""),
    ],
)
def test_texts_in_three_parts(message: str, number: str, kind: str, text: str) -> None:
    wording = take_apart(message)
    assert (wording.number, wording.short_kind, wording.text) == (number, kind, text)


@pytest.mark.parametrize(
    ("message", "kind", "expected", "remedy"),
    [
        ("Ex1|X.ManagementObjectNotFoundException|object 'x' couldn't be found on 'Y'.", "", ExchangeNotFoundError,
         "Check the name"),
        ("|Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException|The object 'x' already exists.", "",
         ExchangeConflictError, None),
        ("Ex1|X.Y|… Use the existing management scope instead of creating a new one", "", ExchangeConflictError,
         "same filter"),
        ("Ex9E65A2|X.Y|'x' matches multiple entries.", "", ExchangeError, "id or address"),
        ("'Get-X' is not a cmdlet of this Exchange session.", "CommandNotFoundException", CmdletUnavailableError,
         "role"),
        ("Parameter set cannot be resolved using the specified named parameters", "", ExchangeError, "go together"),
        ("You have reached the maximum number of concurrent requests per tenant.", "", ExchangeError, "later"),
        ("something", "A.UnableToWriteToAadException", ExchangeError, "Entra"),
        ("something else", "A.B", ExchangeError, None),
    ],
)
def test_what_refusals_mean(message: str, kind: str, expected: type[ExchangeError], remedy: str | None) -> None:
    error = refused("Get-X", message, kind, "id1")
    assert error.__class__ is expected
    assert (remedy is None and error.remedy is None) or (remedy or "") in (error.remedy or "")
    assert error.request_id == "id1"
    assert error.cmdlet == "Get-X"


def test_the_request_id_is_in_the_records_id() -> None:
    found = record("|A.B|x", id="[Server=S,RequestId=r-1,TimeStamp=t],Write-ErrorMessage")
    error = refused_by_powershell("Get-X", found)
    assert error.request_id == "r-1"
    assert error.code == "B"


@pytest.mark.parametrize(
    ("found", "expected", "remedy"),
    [
        (record("UnAuthorized"), AuthenticationError, "Exchange.ManageAsApp"),
        (record("The role assigned to application 1 isn't supported in this scenario."), AuthenticationError,
         "directory role"),
        (record("…, the password may be incorrect.", id="CryptographicException,Connect-ExchangeOnline"),
         AuthenticationError, "exchange_certificate_password"),
        (record("The specified network password is not correct."), AuthenticationError, "_certificate_password"),
        (record("error:10000080:BIO routines::no such file"), InputError, "host.contoso.example"),
        (record("The system cannot find the file specified."), InputError, "host.contoso.example"),
        (record("CertificateThumbprint is only available on Windows."), InputError, "exchange_certificate_path"),
        (record("A parameter cannot be found that matches parameter name 'X'.", id="NamedParameterNotFound,C"),
         PowerShellError, "Update-Module"),
        (record("The SSL connection could not be established, see inner exception."), TransportError, "trust"),
        (record("No such host is known. (login.microsoftonline.com:443)"), TransportError, "proxy"),
        (record("AADSTS700027: The certificate with identifier … is not registered"), AuthenticationError, "client_id"),
        (record("what nobody has seen yet"), AuthenticationError, None),
    ],
)
def test_what_refused_connections_mean(
    found: dict[str, str], expected: type[ModernAuthError], remedy: str | None
) -> None:
    error = connection_refused(found, "host.contoso.example")
    assert error.__class__ is expected
    assert found["message"] in error.message
    assert "host.contoso.example" in error.message
    assert (remedy is None and error.remedy is None) or (remedy or "") in (error.remedy or "")


def test_codes_of_refused_connections() -> None:
    assert connection_refused(record("AADSTS700027: x"), "h").code == "AADSTS700027"
    assert connection_refused(record("no, not this", reason="SomeException"), "h").code == "SomeException"
    assert connection_refused(record("x", id="NamedParameterNotFound,C"), "h").code == "NamedParameterNotFound"


@pytest.mark.parametrize("version", ["3.2.0", "3.10.1", "4.0"])
def test_modules_that_are_new_enough(version: str) -> None:
    assert module_refused(version, "h") is None


@pytest.mark.parametrize(("version", "code"), [(None, "module_missing"), ("2.0.5", "module_too_old"),
                                               ("3.1.9", "module_too_old")])
def test_modules_that_are_not(version: str | None, code: str) -> None:
    refusal = module_refused(version, "host.contoso.example")
    assert refusal is not None
    assert refusal.code == code
    assert "host.contoso.example" in refusal.message
    assert "Module ExchangeOnlineManagement" in (refusal.remedy or "")
