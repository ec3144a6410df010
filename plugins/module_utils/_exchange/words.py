# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The words that the options know by which Exchange is reached; a plan checks them without loading any transport."""

from __future__ import annotations

from typing import Literal

TRANSPORTS = ("rest", "winrm", "pwsh")
SIGN_INS = ("access_token", "certificate_file", "certificate_thumbprint", "managed_identity")
#: The values of Connect-ExchangeOnline's ExchangeEnvironmentName.
#: https://learn.microsoft.com/powershell/module/exchange/connect-exchangeonline
ENVIRONMENTS = ("O365Default", "O365USGovGCCHigh", "O365USGovDoD", "O365China", "O365GermanyCloud")

Authentication = Literal["ntlm", "kerberos", "credssp", "certificate", "basic"]
AUTHENTICATIONS: tuple[Authentication, ...] = ("ntlm", "kerberos", "credssp", "certificate", "basic")
Encryption = Literal["auto", "always", "never"]
ENCRYPTIONS: tuple[Encryption, ...] = ("auto", "always", "never")
Scheme = Literal["https", "http"]
SCHEMES: tuple[Scheme, ...] = ("https", "http")
