#!/usr/bin/python
# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The documentation of an action plugin; the code is in plugins/action."""

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_keyvault_entry
short_description: Read and replace one application's entry in Azure Key Vault
version_added: 0.2.0
author:
  - mailops contributors (@mailops)
description:
  - Keeps what a store holds of an application as one secret of a key vault. Each change is a new version.
  - Key Vault has no check-and-set. The entry is read just before and just after it is written, and the task fails if it
    is another one than expected, but of two runs that write in the same second one may lose what it wrote.
  - The role P(mailops.modern_auth.mail_store#role) uses it for its kind V(azure_keyvault).
requirements:
  - The collection azure.azcollection, 3.0.0 or later, whose modules do the work.
  - The Python libraries of its C(requirements.txt), for the Python that runs those modules.
extends_documentation_fragment:
  - mailops.modern_auth.attributes
  - mailops.modern_auth.entry
options:
  connection:
    description:
      - How to sign in, the options that M(azure.azcollection.azure_rm_keyvaultsecret_info) has for that, for example
        C(client_id), C(secret), C(tenant), C(auth_source) and C(subscription_id), which it insists on.
      - What is left out comes from the environment variables that collection knows, for example C(AZURE_SECRET).
    type: dict
    default: {}
  vault_uri:
    description: The key vault, for example V(https://contoso-mail.vault.azure.net).
    type: str
    required: true
  name:
    description:
      - The application's unique name. The secret is called C(mailops-NAME).
      - Where the name has other characters than lower-case letters, digits and hyphens, or more than 100, those are
        replaced and a digest of the name is added.
    type: str
    required: true
  writable:
    description:
      - Fail also if secrets cannot be written, or this one was deleted and not purged.
      - Key Vault says so only to a caller who writes, so a secret C(mailops-write-check) is written, not in check mode.
    type: bool
    default: false
notes:
  - The secret's value is JSON in base64. C(az keyvault secret show --query value -o tsv | base64 -d) shows it.
  - The task should say C(delegate_to=localhost), unless Key Vault is to be reached from the host.
seealso:
  - module: azure.azcollection.azure_rm_keyvaultsecret
  - module: azure.azcollection.azure_rm_keyvaultsecret_info
"""

EXAMPLES = r"""
- name: Read an application's entry
  mailops.modern_auth.azure_keyvault_entry:
    vault_uri: https://contoso-mail.vault.azure.net
    name: contracts-mail-prod
  delegate_to: localhost
  register: stored
"""

RETURN = r"""
entry:
  description: The entry, empty if there is none.
  type: dict
  returned: success
revision:
  description: The name of the secret's latest version; empty if there is none.
  type: str
  returned: success
code:
  description:
    - V(conflict) if the secret has another version than O(revision), or another run wrote at the same moment.
    - V(permission) and V(deleted) say why the secret could not be used.
  type: str
  returned: failure
"""
