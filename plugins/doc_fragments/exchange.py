# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How Exchange is reached: the options of ``_exchange.spec.exchange_spec``."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``mailops.modern_auth.exchange``; it goes with ``mailops.modern_auth.entra``."""

    DOCUMENTATION = r"""
options:
  transport:
    description:
      - What carries the cmdlets. The results are the same.
      - V(rest) calls the interface that Microsoft's own module calls, from the machine that runs the module, and needs
        no PowerShell. Microsoft does not document it and may change it without notice.
      - V(winrm) runs PowerShell with the module ExchangeOnlineManagement on the Windows host O(winrm). Choose it where
        only such a host may administer Exchange, or where the certificate lies in its store.
      - V(pwsh) runs PowerShell 7 with that module on the machine that runs the module.
      - One task makes one connection, however many cmdlets it needs.
      - If the value is not set, the environment variable E(MAILOPS_EXCHANGE_TRANSPORT) is used.
    type: str
    choices: [rest, winrm, pwsh]
    default: rest
  organization:
    description:
      - The tenant's primary domain C(NAME.onmicrosoft.com). Needed with O(transport=winrm) and O(transport=pwsh).
      - With O(transport=rest) O(tenant_id) is used if it is missing.
      - If the value is not set, the environment variable E(MAILOPS_EXCHANGE_ORGANIZATION) is used.
    type: str
  exchange_endpoint:
    description:
      - The host of Exchange's admin API, C(https://HOST) or C(https://HOST:PORT), in place of the cloud's own. For
        O(transport=rest).
      - If the value is not set, the environment variable E(MAILOPS_EXCHANGE_ENDPOINT) is used.
    type: str
  exchange_environment:
    description: The environment that PowerShell connects to. The default follows O(cloud).
    type: str
    choices: [O365Default, O365USGovGCCHigh, O365USGovDoD, O365China, O365GermanyCloud]
  exchange_auth:
    description:
      - How PowerShell signs in to Exchange. O(transport=rest) knows V(access_token) only.
      - V(access_token) gets a token for Exchange on the machine that runs the module, in the way of O(auth_source), and
        hands it to PowerShell through its standard input. It is the only way for a client secret.
      - V(certificate_file) uses the file O(exchange_certificate_path) where PowerShell runs.
      - V(certificate_thumbprint) uses a certificate in the Windows certificate store where PowerShell runs.
      - V(managed_identity) uses the identity of the Azure machine on which PowerShell runs.
      - Each but V(access_token) and V(managed_identity) signs in as the application O(client_id).
    type: str
    choices: [access_token, certificate_file, certificate_thumbprint, managed_identity]
    default: access_token
  exchange_access_token:
    description:
      - A token for Exchange that is ready. O(access_token) is one for Microsoft Graph, which Exchange does not take.
      - If the value is not set, the environment variable E(MAILOPS_EXCHANGE_ACCESS_TOKEN) is used.
    type: str
  exchange_certificate_path:
    description: A PFX file with certificate and private key, as a path of the machine on which PowerShell runs.
    type: str
  exchange_certificate_password:
    description: The password of O(exchange_certificate_path). It travels through PowerShell's standard input.
    type: str
  exchange_certificate_thumbprint:
    description: The thumbprint of a certificate in the store of the account that runs PowerShell, or of the machine.
    type: str
  exchange_managed_identity_id:
    description: The client id of a user-assigned managed identity. Without it the system-assigned one is used.
    type: str
  pwsh_path:
    description:
      - PowerShell 7, as a path or as a name to look up in E(PATH). For O(transport=pwsh).
      - If the value is not set, the environment variable E(MAILOPS_PWSH) is used.
    type: str
    default: pwsh
  connect_timeout:
    description: Seconds that PowerShell may take to start, and again to connect to Exchange.
    type: int
    default: 120
  command_timeout:
    description: Seconds that one cmdlet may take in PowerShell. O(timeout) is what counts with O(transport=rest).
    type: int
    default: 300
  winrm:
    description: The Windows host that runs PowerShell. For O(transport=winrm).
    type: dict
    suboptions:
      host:
        description: Its name, as its certificate has it.
        type: str
        required: true
      port:
        description: The TCP port of WinRM.
        type: int
        default: 5986
      scheme:
        description:
          - V(http) is refused unless O(winrm.auth) encrypts the messages itself.
        type: str
        choices: [https, http]
        default: https
      auth:
        description:
          - How to sign in to the host. V(kerberos) needs C(pywinrm[kerberos]), V(credssp) needs C(pywinrm[credssp]).
        type: str
        choices: [ntlm, kerberos, credssp, certificate, basic]
        default: ntlm
      user:
        description: The account, for example C(DOMAIN\user) or C(user@DOMAIN.EXAMPLE).
        type: str
      password:
        description: Its password. Not needed with V(kerberos) if there is a ticket.
        type: str
      certificate_path:
        description: A PEM file with the client certificate, for O(winrm.auth=certificate).
        type: path
      certificate_key_path:
        description: A PEM file with its private key.
        type: path
      ca_path:
        description: A PEM file with the authorities that may have issued the host's certificate. Default is O(ca_path).
        type: path
      proxy:
        description: The URL of a proxy. Without it the connection is direct, whatever the environment says.
        type: str
      message_encryption:
        description:
          - Whether V(ntlm), V(kerberos) and V(credssp) encrypt the messages themselves. V(auto) does so over http.
        type: str
        choices: [auto, always, never]
        default: auto
      kerberos_delegation:
        description: Whether the host may use the ticket further.
        type: bool
        default: false
      kerberos_hostname:
        description: The name in the host's service principal, if it is another than O(winrm.host).
        type: str
      operation_timeout:
        description: Seconds that one WinRM request waits for output. A cmdlet may take many of them.
        type: int
        default: 20
      read_timeout:
        description: Seconds until the connection counts as dead. More than O(winrm.operation_timeout).
        type: int
        default: 30
      powershell:
        description: The program to start, for example V(pwsh) for PowerShell 7.
        type: str
        default: powershell
requirements:
  - pywinrm >= 0.5 (O(transport=winrm))
notes:
  - The application that signs in needs the permission C(Exchange.ManageAsApp) of Office 365 Exchange Online and a
    directory role such as Exchange Administrator.
  - O(transport=winrm) and O(transport=pwsh) need ExchangeOnlineManagement 3.2.0 or later where PowerShell runs.
"""
