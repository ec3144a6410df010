# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From what Connect-ExchangeOnline, and the admin API at its first request, say to typed errors with a remedy. Pure.

The wordings were recorded with PowerShell 7.6.5; those of Windows alone are .NET's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import (
    AuthenticationError,
    InputError,
    ModernAuthError,
    PowerShellError,
    TransportError,
)
from ansible_collections.mailops.modern_auth.plugins.module_utils._exchange.script import MINIMUM_MODULE

MODULE = "ExchangeOnlineManagement"
TOKEN_REFUSED = (
    "The application needs the permission Exchange.ManageAsApp of Office 365 Exchange Online with an administrator's "
    "consent, and the token must be for Exchange (its audience https://outlook.office365.com) and not be expired."
)
ROLE_MISSING = (
    "Assign the application a directory role that Exchange accepts, for example Exchange Administrator; a new "
    "assignment needs some minutes to act."
)

#: Error type, words of which one is in the message, remedy. The first that fits counts.
_WORDINGS: tuple[tuple[type[ModernAuthError], tuple[str, ...], str], ...] = (
    (AuthenticationError, ("unauthorized",), TOKEN_REFUSED),
    (AuthenticationError, ("role assigned to application",), ROLE_MISSING),
    (
        AuthenticationError, ("password may be incorrect", "network password is not correct"),
        "Correct exchange_certificate_password.",
    ),
    (
        InputError, ("no such file", "cannot find the file", "could not find file", "cannot find path"),
        "exchange_certificate_path is a file on {where}, readable for the account that runs PowerShell there.",
    ),
    (
        InputError, ("only available on windows",),
        "Certificate stores exist on Windows alone: give exchange_certificate_path instead.",
    ),
    (
        InputError, ("certificate is not found", "certificate with thumbprint", "certificate not found"),
        "Import the certificate with its private key into the personal store of the account that runs PowerShell on "
        "{where}, or into that of the machine.",
    ),
    (
        PowerShellError, ("parameter cannot be found",),
        "The module on {where} does not know this way to sign in: Update-Module ExchangeOnlineManagement.",
    ),
    (
        TransportError, ("ssl connection could not be established", "could not establish trust relationship"),
        "Let {where} trust the authority that issued the certificate of the sign-in service and of Exchange.",
    ),
    (
        TransportError,
        ("no such host", "name or service not known", "connection refused", "actively refused", "timed out"),
        "Let {where} reach the sign-in service and Exchange over https, if need be by a proxy.",
    ),
)


def connection_refused(record: Mapping[str, str], where: str) -> ModernAuthError:
    """The error for an error record of Connect-ExchangeOnline: {message, type, id, category, reason, target}.

    :param where: where PowerShell runs, for example "host.contoso.com".
    """
    message = record["message"]
    said = f"Connect-ExchangeOnline on {where} failed: {message}"
    number = re.search(r"AADSTS\d+", message)
    if number:
        return AuthenticationError(
            said, code=number[0], remedy="Check client_id, organization, and that the certificate is the application's."
        )
    low = message.casefold()
    for error_type, words, remedy in _WORDINGS:
        if any(word in low for word in words):
            return error_type(said, code=_code(record), remedy=remedy.format(where=where))
    return AuthenticationError(said, code=_code(record))


def module_refused(version: str | None, where: str) -> PowerShellError | None:
    """The error for a machine whose Exchange module is missing or too old; None if it is good enough.

    :param version: of the newest one that is installed, for example "3.9.2"; None without any.
    """
    wanted = ".".join(map(str, MINIMUM_MODULE))
    if version is None:
        return PowerShellError(
            f"PowerShell on {where} does not find the module {MODULE}.",
            code="module_missing",
            remedy=f"Install it there for every account: Install-Module {MODULE} -Scope AllUsers.",
        )
    if tuple(int(part) for part in re.findall(r"\d+", version)) < MINIMUM_MODULE:
        return PowerShellError(
            f"The module {MODULE} on {where} is {version}; {wanted} is the oldest that works.",
            code="module_too_old", remedy=f"Update it there: Update-Module {MODULE}.",
        )
    return None


def _code(record: Mapping[str, str]) -> str:
    # An exception without an id of its own has its message there.
    identifier = record["id"].partition(",")[0]
    return record["reason"] if identifier == record["message"].partition(",")[0] else identifier
